"""What a browser may send that no page of ours sends: values of elements, presses of another's buttons, of any size."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from da_core.jobs.queue import queue
from da_core.jobs.store import store
from da_core.teaching.course.guess import KNOTS
from pages.session import keys
from pages.session.words import translate_message
from tests.support.lab import Lab, button, texts, visit

NUMBERS: list[Any] = [float("nan"), float("inf"), 1e308, -1e7, "x", "1" * 5000, None, [], {}, [[1.0]], True, 10**400]
VALUES = [*NUMBERS, "x" * 10**6, [0.5] * (5 * 10**5), {"a": {"b": [{}] * 1000}}, json.loads("[" * 200 + "]" * 200)]


def send(app: AppTest, **value: Any) -> AppTest:
    """Run the screen again with what its element's script is said to have sent."""
    (element,) = app.get("bidi_component")
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=element.proto.id, json_value=json.dumps(value)))
    return app._run(states)


def one_sketch() -> None:
    import streamlit as st

    from pages.learn.guess_form import ask_guess, show_outcome

    if (given := ask_guess("weight_curve", "here")) is not None:
        st.markdown("committed")
        show_outcome("weight_curve", "here", given, (1.0,) * 9)


def test_a_sketch_takes_a_line_and_nothing_else(lab: Lab) -> None:
    app = AppTest.from_function(one_sketch, default_timeout=60).run()
    lines = [*VALUES, [0.5] * (KNOTS - 1), *([number] * KNOTS for number in NUMBERS if number is not True)]
    for line in lines:
        app = send(app, committed=line)
        assert not app.exception
        assert "committed" not in texts(app)
    assert "committed" in texts(send(app, committed=[0.5] * KNOTS))


def changes() -> list[Any]:
    of_params = [{"params": value} for value in VALUES if value != {}] + [{"params": {"points": "A" * 10**6}}]
    of_settings = [{"params": {"turn": value}} for value in NUMBERS if value not in (None, True)]
    of_acts = [{"acts": "critic@1;" * 10_000}, {"acts": "<script>"}, {"acts": {"a": 1}}]
    return [*VALUES, *of_params, *of_settings, *of_acts]


def test_the_playground_takes_points_and_settings_within_their_bounds_alone(lab: Lab) -> None:
    app = lab.screen("playground", section="learn", data="drawn", **{"data.turn": "30"})
    before = app.session_state[keys.EXPERIMENT].key
    for change in changes():
        app = send(app, changed=change)
        assert not app.exception, change
        assert app.session_state[keys.EXPERIMENT].key == before, str(change)[:200]
        assert len(str(app.session_state[keys.SCREEN_FIELDS])) < 1000
    app = send(app, changed={"params": {"turn": 90}, "acts": ""})
    assert app.session_state[keys.EXPERIMENT].data.params["turn"] == 90


def test_the_scatter_takes_a_layouts_name_alone(lab: Lab) -> None:
    app = lab.screen("features", lab.finish())
    for value in VALUES:
        app = send(app, asked=value)
        assert not app.exception
    assert keys.TSNE_RUN not in app.session_state or app.session_state[keys.TSNE_RUN] is None


# Another's run, whose buttons are pressed though a page shows them as disabled or not at all --------------------------


@pytest.mark.parametrize("label", ["Pause", "Stop", "Stop and discard", "Keep what it has learned so far"])
def test_another_visitors_run_goes_on_whatever_is_pressed(lab: Lab, label: str) -> None:
    own = lab.screen("train")
    button(own, "Start training").click()
    run = own.run().query_params["run"]
    queue().wait(run, lambda view: view.state == "running", 30)
    lab.visitor = "two"
    other = lab.screen("train", run)
    pressed = [one for one in other.button if one.label == label]
    assert pressed or label in ("Stop", "Stop and discard")
    for one in pressed:
        assert one.disabled
        states = other._tree.get_widget_states()
        states.widgets.append(WidgetState(id=one.proto.id, trigger_value=True))
        assert not other._run(states).exception
    view = queue().view(run)
    assert view is not None
    assert (view.state, view.finishing_early) == ("running", False)


def test_another_visitors_list_stays_as_it_is_whatever_is_sent(lab: Lab) -> None:
    """Widgets of rows that are not in one's own list are not there to be pressed, and a tick by hand leads nowhere."""
    run = lab.finish()
    store().database.rename(run, "one", "mine")
    store().database.tag(run, "one", ["a"])
    lab.visitor = "two"
    other = lab.screen("runs", section="lab", run=run)
    other.session_state[keys.TICKED_RUNS] = [run]
    states = other._tree.get_widget_states()
    for key in (keys.DELETE, keys.tick(run), keys.open_run(run), keys.restore(run), keys.naming(run)):
        states.widgets.append(WidgetState(id=f"$$ID-00000000000000000000000000000000-{key}", trigger_value=True))
    other = other._run(states)
    assert not other.exception
    (kept,) = store().database.listed("one")
    assert (kept.name, kept.tags, kept.deleted_at) == ("mine", ("a",), None)
    assert store().database.listed("two") == []


# Sizes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", "method", "data", "acts", "row", "task", "room", "hide", "seed"])
def test_a_link_of_any_length_is_read_and_not_handed_on(lab: Lab, name: str) -> None:
    app = visit(**{name: "9" * 10**6})
    assert not app.exception
    assert len(texts(app)) < 20_000
    assert all(len(value) < 1000 for values in app.query_params.values() for value in values)


# Names ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>.zip",
        "[a](javascript:alert(1)).csv",
        "![](http://evil.example/x.png)",
        "http://evil.example",
        "`x` $x$ :red[x] | x | # x",
    ],
)
def test_names_of_files_classes_and_columns_are_never_markup(name: str) -> None:
    said = translate_message("“{name}” is larger than {most} MB; upload a smaller file.", {"name": name, "most": 1})
    assert name in re.sub(r"\\(.)", r"\1", said).replace("\u2060", "")  # a word joiner keeps it from being a link
    assert not re.search(r"(?<!\\)[<>\[\]()`$:|#!]", said)
