"""The Runs screen: every run found again, named, compared, put away and brought back, each visitor's own."""

from __future__ import annotations

import dataclasses
import json

from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from da_core.experiment import Experiment, MethodSpec
from da_core.jobs.leaderboard import leaderboard
from da_core.jobs.store import store
from da_core.methods.alignment.dann import DANN
from da_core.several_runs.setting_differences import differences, settings_of
from pages.session import keys
from tests.support.lab import Lab, button, drawn, has, texts
from tests.support.made_up_run import reaching

CORAL = MethodSpec(name="coral")


def runs(lab: Lab, **query: str) -> AppTest:
    app = lab.screen("runs", section="lab", **query)
    return app


def listed(app: AppTest) -> list[str]:
    return [box.label for box in app.checkbox if box.key and box.key.startswith(keys.tick(""))]


def tick(app: AppTest, *ids: str) -> AppTest:
    for run in ids:
        app.checkbox(key=keys.tick(run)).check().run()
    return app


def test_without_a_run_it_says_what_to_do(lab: Lab) -> None:
    app = runs(lab)
    assert "There are no runs yet" in texts(app)
    assert not app.checkbox


def test_every_run_is_told_with_its_gain_and_opened_with_its_settings(lab: Lab) -> None:
    lab.finish()
    other = lab.finish(reaching(0.4), Experiment(method=CORAL, seed=3))
    app = runs(lab)
    assert listed(app) == ["CORAL · seed 3", "DANN · seed 0"], "the newest first"
    page = " ".join(html.proto.body for html in app.get("html"))
    assert "+30.0 points" in page
    assert "−10.0 points" in page
    button(app, "CORAL · seed 3").click().run()
    assert app.title[0].value == "Results"
    assert app.query_params["run"] == other
    assert app.query_params["method"] == "coral"


def test_search_filters_and_order(lab: Lab) -> None:
    lab.finish()
    weak = lab.finish(reaching(0.55), Experiment(method=CORAL, seed=3))
    store().database.tag(weak, lab.visitor, ["homework"])
    app = runs(lab)
    app.text_input(key=keys.RUNS_SEARCH).set_value("hOmeWork coral").run()
    assert listed(app) == ["CORAL · seed 3"]
    app.text_input(key=keys.RUNS_SEARCH).set_value("nothing like it").run()
    assert listed(app) == []
    assert "No run matches" in texts(app)
    app.text_input(key=keys.RUNS_SEARCH).set_value("").run()
    app.selectbox(key=keys.runs_filter("order")).set_value("Largest gain first").run()
    assert listed(app) == ["DANN · seed 0", "CORAL · seed 3"]
    app.selectbox(key=keys.runs_filter("method")).set_value("dann").run()
    assert listed(app) == ["DANN · seed 0"]


def test_a_name_and_tags_are_kept_and_shown_as_they_are(lab: Lab) -> None:
    run = lab.finish()
    app = tick(runs(lab), run)
    app.text_input[1].set_value("**bold** <b>")
    app.multiselect[0].set_value([])
    button(app, "Save").click().run()
    assert not app.exception
    assert listed(app) == ["**bold** <b>"]
    assert any(one.label == r"\*\*bold\*\* \<b\>" for one in app.button)
    store().database.tag(run, lab.visitor, ["<script>"])
    assert "<script>" not in " ".join(html.proto.body for html in runs(lab).get("html"))


def test_the_bin(lab: Lab) -> None:
    first, second = lab.finish(), lab.finish(experiment=Experiment(seed=1))
    app = tick(runs(lab), first)
    button(app, "Move to bin").click().run()
    assert listed(app) == ["DANN · seed 1"]
    app.button_group(key=keys.RUNS_VIEW).set_value("bin").run()
    button(app, "Restore").click().run()
    assert "The bin is empty" in texts(app)
    app = tick(runs(lab), first, second)
    button(app, "Move to bin").click().run()
    app.button_group(key=keys.RUNS_VIEW).set_value("bin").run()
    button(app, "Delete permanently").click().run()
    assert not app.exception
    assert store().load(second) is None
    assert "There are no runs yet" in texts(app)


def test_another_visitors_run_is_seen_by_its_link_alone_and_can_be_kept(lab: Lab) -> None:
    run = lab.finish()
    lab.visitor = "two"
    assert "There are no runs yet" in texts(runs(lab))
    app = runs(lab, run=run)
    assert "not in your list" in texts(app)
    button(app, "Keep it").click().run()
    assert listed(app) == ["DANN · seed 0"]
    assert not has(app, "Keep it")


def test_two_runs_side_by_side(lab: Lab) -> None:
    plain, other = lab.finish(), lab.finish(reaching(0.9), Experiment(method=CORAL, seed=3))
    app = tick(runs(lab), plain, other)
    button(app, "Compare").click().run()
    assert not app.exception
    results, diff, of_some = (table.value for table in app.table[:3])
    rows = {row.iloc[0]: list(row.iloc[1:]) for _at, row in diff.iterrows()}
    assert rows["Method"] == ["DANN", "CORAL"]
    assert rows["Seed"] == ["0", "3"]
    assert "Epochs" not in rows
    others = {row.iloc[0]: list(row.iloc[1:]) for _at, row in of_some.iterrows()}
    assert others["Regularisation"][0] == "–", "DANN has no such setting"
    assert not any("." in name for name in [*rows, *others]), "titles, not the names of links"
    gains = next(list(row.iloc[1:]) for _at, row in results.iterrows() if row.iloc[0] == "Gain on the target")
    assert gains == ["+30.0 points", "+40.0 points"]
    assert len(app.get("plotly_chart")) == 2, "both confusion matrices"
    curves = json.loads(app.get("vega_lite_chart")[0].proto.spec)
    assert curves["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["DANN · seed 0", "CORAL · seed 3"]
    app.button_group(key=keys.COMPARE_CURVE).set_value("loss/class").run()
    assert not app.exception
    assert drawn(app)["stops"] == [
        {"name": "before", "title": "DANN · seed 0"},
        {"name": "after", "title": "CORAL · seed 3"},
    ]


def test_ticks_that_a_search_hides_are_counted_apart(lab: Lab) -> None:
    plain, other = lab.finish(), lab.finish(experiment=Experiment(method=CORAL))
    app = tick(runs(lab), plain, other)
    app.text_input(key=keys.RUNS_SEARCH).set_value("coral").run()
    assert "2 ticked (1 of them hidden by the search)" in texts(app)


def test_equal_experiments_and_one_run_alone_are_told(lab: Lab) -> None:
    same = [lab.finish(), lab.finish()]
    app = tick(runs(lab), same[0])
    assert not has(app, "Compare")
    tick(app, same[1])
    button(app, "Compare").click().run()
    assert "Nothing differs: these runs are of the same experiment" in texts(app)


def test_the_leaderboard_ranks_methods_on_a_pair(lab: Lab) -> None:
    for seed, accuracy in enumerate((0.6, 0.8)):
        lab.finish(reaching(accuracy), Experiment(seed=seed))
    lab.finish(reaching(0.75), Experiment(method=CORAL))
    lab.finish(reaching(0.1), Experiment(method=MethodSpec(name="coral", params={"regularisation": 0.5})))
    app = runs(lab)
    app.button_group(key=keys.RUNS_VIEW).set_value("leaderboard").run()
    assert not app.exception
    table = app.table[0].value
    assert list(table["Method"]) == ["CORAL", "DANN"]
    assert list(table["Accuracy on the target"]) == ["75.0% (one seed)", "70.0%"]
    assert list(table["Seeds"]) == ["1", "2"]
    assert list(table["Settings tried"]) == ["2", "1"]
    assert len(app.get("vega_lite_chart")) == 1, "every seed's dot"


# What stands behind it ------------------------------------------------------------------------------------------------


def test_settings_left_out_are_their_defaults_and_no_difference() -> None:
    default = settings_of(Experiment())["method.weight"]
    spelt_out = Experiment(method=MethodSpec(name="dann", params={"weight": default}))
    assert default == DANN.Params().weight
    assert differences([Experiment(), spelt_out]) == {}
    assert differences([Experiment(), Experiment(seed=1)]) == {"seed": [0, 1]}


def test_an_unknown_method_of_another_version_is_compared_as_it_is() -> None:
    odd = Experiment(method=MethodSpec(name="magic", params={"wand": 3}))
    assert differences([Experiment(), odd])["method.wand"] == [None, 3]


def test_runs_cut_short_or_not_scored_take_no_part_in_the_ranking(lab: Lab) -> None:
    lab.finish()
    kept = store().database.listed(lab.visitor)
    short = dataclasses.replace(kept[0], complete=False)
    unscored = dataclasses.replace(kept[0], after=None)
    assert leaderboard([short, unscored]) == []
    assert [standing.mean for standing in leaderboard([*kept, short, unscored])] == [0.8]


def test_a_run_of_another_version_is_left_out_and_the_rest_can_be_searched(lab: Lab) -> None:
    odd, good = lab.finish(), lab.finish(experiment=Experiment(method=CORAL))
    with store().database.begin() as connection:
        written = text("update runs set experiment = :json where run_id = :run")
        connection.execute(written, {"json": '{"flavour": "mint"}', "run": odd})
    app = runs(lab)
    assert listed(app) == ["CORAL · seed 0"]
    app.text_input(key=keys.RUNS_SEARCH).input("street coral").run()
    assert listed(app) == ["CORAL · seed 0"]
    app.button_group(key=keys.RUNS_VIEW).set_value("leaderboard").run()
    assert not app.exception
    assert good in {run.run_id for run in store().database.listed(lab.visitor)}
