"""The night on the Data screen: sliders try it on one scene, a button makes it the data's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.own_data import bring_files
from pages.session import keys
from tests.support.lab import Lab, button, has

APPLY = "Make pictures with these settings"


def sheet(app: AppTest) -> str:
    return next(one.proto.body for one in app.get("html") if 'class="lab-night"' in one.proto.body)


def widget(app: AppTest, name: str) -> Any:
    """The widget of one of the street's settings."""
    kinds = (app.slider, app.select_slider, app.button_group, app.number_input)
    return next(one for kind in kinds for one in kind if one.key == keys.setting("street", name))


def experiment(app: AppTest) -> Any:
    return app.session_state[keys.EXPERIMENT]


def test_every_step_from_day_to_night_is_shown(lab: Lab) -> None:
    app = lab.screen("data")
    shown = sheet(app)
    names = ("Day", "Linear light", "Relit", "Glow", "Exposed", "Noise", "Night")
    places = [shown.index(f"<b>{name}</b>") for name in names]
    assert places == sorted(places)
    assert shown.count("<img") == len(names)  # the standard night is dry
    assert not has(app, APPLY)


def test_a_slider_redraws_the_scene_and_leaves_the_data(lab: Lab) -> None:
    app = lab.screen("data")
    before = sheet(app)
    widget(app, "exposure").set_value((0.3, 0.4))
    app.run()
    assert sheet(app) != before
    assert experiment(app).data.params == {}
    assert has(app, APPLY)


def test_what_is_previewed_becomes_the_data_and_the_link(lab: Lab) -> None:
    app = lab.screen("data")
    widget(app, "exposure").set_value((0.3, 0.4))
    app.run()
    button(app, APPLY).click().run()
    assert experiment(app).data.params == {"exposure": "0.3..0.4"}
    assert app.query_params["data.exposure"] == "0.3..0.4"
    assert not has(app, APPLY)


def test_another_difficulty_sets_all_sliders(lab: Lab) -> None:
    app = lab.screen("data", **{"data.exposure": "0.3..0.4", "data.count": "500"})
    assert widget(app, "exposure").value == (0.3, 0.4)
    widget(app, "difficulty").set_value("rain")
    app.run()
    assert widget(app, "exposure").value == (0.11, 0.25)
    assert widget(app, "rain").value == (0.3, 1.0)
    assert "<b>Weather</b>" in sheet(app)
    button(app, APPLY).click().run()
    assert experiment(app).data.params == {"count": 500, "difficulty": "rain"}


def test_one_can_go_back(lab: Lab) -> None:
    app = lab.screen("data")
    before = sheet(app)
    widget(app, "ambient").set_value((0.5, 1.0))
    app.run()
    button(app, "Reset to the data's settings").click().run()
    assert sheet(app) == before
    assert not has(app, APPLY)


def test_an_old_link_says_the_same_night(lab: Lab) -> None:
    app = lab.screen("data", **{"data.difficulty": "hard"})
    assert widget(app, "shot_noise").value == (1e-4, 0.012)
    assert not has(app, APPLY)


def test_other_data_has_no_such_night(lab: Lab) -> None:
    app = lab.screen("data", data="digits_night")
    assert not any('class="lab-night"' in one.proto.body for one in app.get("html"))


def test_own_day_pictures_can_become_their_own_target(lab: Lab, tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "shared" / "mine" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (24, 24), (40 * number, 90, 120)).save(
                tmp_path / "shared" / "mine" / name / f"{number}.png"
            )
    app = lab.screen("data")
    app.button_group(key=keys.AREA).set_value("own").run()
    app.button_group(key=keys.OWN_ORIGIN).set_value("Folder on the server").run()
    app.text_input(key=keys.server_path("source")).set_value(str(tmp_path / "shared" / "mine")).run()
    app.button_group(key=keys.simulation("night")).set_value("dusk").run()
    bring_files.readings.wait_idle(60)
    app.run()
    button(app, "Use this data").click().run()
    assert experiment(app).data.params == {"night": "dusk"}
    assert experiment(app).data.source == str(tmp_path / "shared" / "mine")
    app.text_input(key=keys.server_path("target")).set_value(str(tmp_path / "shared")).run()
    assert not any(one.key == keys.simulation("night") for one in app.button_group)
