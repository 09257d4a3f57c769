"""The Search screen: started, watched, found again, paused; the truth only when asked for; the best is put to use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from da_core.evaluation import recommendation
from da_core.events import Event, Finished, ValidatorScore
from da_core.experiment import Experiment
from da_core.jobs import background_work
from da_core.jobs import queue as queue_module
from da_core.jobs.background_work import Searches
from da_core.jobs.queue import Queue, queue
from da_core.jobs.scheduling.local_runs import LocalRuns
from da_core.jobs.store import store
from pages.lab.suggested_methods import suggestions
from pages.session.words import safe
from tests.support import made_up_run
from tests.support.lab import Lab, button, end, has, texts


@pytest.fixture(autouse=True)
def fresh_searches(monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    """Runs that score by their weight, and the searches over them."""
    end = made_up_run.finished()

    def run(experiment: Experiment, *, should_stop: object) -> Iterator[Event]:
        lab.may_go_on()
        score = float(experiment.method.params.get("weight", 10.0))
        said = {"information_maximisation": ValidatorScore(before=0.0, after=score)}
        result = end.result.model_copy(update={"validators": said})
        yield made_up_run.made_by_this_version(Finished(result, end.evidence), experiment)

    queue().close()
    monkeypatch.setattr(queue_module, "_current", Queue(store(), LocalRuns(store(), run)))
    mine = Searches()
    monkeypatch.setattr(background_work, "searches", lambda: mine)


def screen(lab: Lab, **query: str) -> AppTest:
    app = lab.screen("automatic_search", section="lab", **query)
    suggestions.wait_idle(30)
    return app if app.multiselect else app.run()


def started(lab: Lab, runs: int = 8) -> AppTest:
    app = screen(lab)
    app.multiselect[0].set_value(["source_only", "deep_coral"])
    app.number_input[0].set_value(runs)
    button(app.run(), "Start the search").click()
    return app.run()


def test_a_search_goes_in_the_background_is_found_again_and_its_best_is_put_to_use(lab: Lab) -> None:
    app = started(lab)
    assert not app.exception
    assert has(app, "Stop")
    assert button(app, "Start the search").disabled
    assert has(screen(lab), "Pause"), "a reload finds it again"
    end(lab, "search")
    done = screen(lab)
    assert not has(done, "Stop")
    assert "Search finished: 8 runs." in texts(done)
    table = done.table[0].value
    scores = [float(score) for score in table.iloc[:, 2]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 8
    assert set(table["Method"]) == {"Source only", "Deep CORAL"}
    best = background_work.searches().latest(lab.visitor).outcomes
    weights = [one.method.params["weight"] for one in best if "weight" in one.method.params]
    assert f"Best: **{safe(f'Deep CORAL · Weight {max(weights):g}')}**" in texts(done)
    button(done, "Use the best").click().run()
    assert not done.exception
    assert done.title[0].value == "Results"
    assert done.query_params["method.weight"] in (str(max(weights)), [str(max(weights))])


def test_at_first_the_methods_are_those_that_are_recommended_for_the_pair(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recommendation, "suggested_methods", lambda data, seed: ["source_only", "mcc"])
    suggestions.forget(f"{Experiment().data.model_dump_json()}/0")
    app = screen(lab)
    assert set(app.multiselect[0].value) == {"source_only", "mcc", Experiment().method.name}
    suggestions.forget(f"{Experiment().data.model_dump_json()}/0")


def test_accuracy_on_the_target_is_shown_when_it_is_asked_for_and_not_before(lab: Lab) -> None:
    started(lab, runs=3)
    end(lab, "search")
    app = screen(lab)
    assert "Accuracy on the target" not in app.table[0].value
    assert "80" not in "".join(app.table[0].value.iloc[:, -1])
    next(one for one in app.toggle if one.label == "Show accuracy on the target").set_value(True)
    app.run()
    assert list(app.table[0].value["Accuracy on the target"]) == ["80.0%"] * 3
    assert "Regret: **0.0** points" in texts(app)
    regrets = lab.screen("which_run", section="lab")
    (sets,) = [one for one in regrets.selectbox if one.label == "Runs"]
    assert "Your latest search" in sets.options


def test_settings_tried_with_several_seeds_are_one_row_with_their_spread(lab: Lab) -> None:
    app = screen(lab)
    app.multiselect[0].set_value(["source_only", "deep_coral"])
    app.number_input[0].set_value(6)
    (seeds,) = [one for one in app.number_input if one.label == "Seeds"]
    seeds.set_value(3)
    button(app.run(), "Start the search").click()
    app.run()
    end(lab, "search")
    done = screen(lab)
    assert "3 seeds each" in texts(done)
    assert "Search finished: 6 runs." in texts(done)
    table = done.table[0].value
    assert len(table) == 2
    assert [spread.split(" – ")[0] for spread in table["Range over the seeds"]] == list(table.iloc[:, 2])


def test_the_oracle_is_offered_once_it_is_unlocked_and_says_what_it_costs(lab: Lab) -> None:
    app = screen(lab)
    (choice,) = [one for one in app.selectbox if one.label == "Choose by"]
    assert "Oracle (target accuracy)" not in choice.options
    next(one for one in app.toggle if one.label == "Unlock the oracle").set_value(True)
    app.run()
    (choice,) = [one for one in app.selectbox if one.label == "Choose by"]
    choice.set_value("target_accuracy")
    app.run()
    assert "uses the labels" in app.warning[0].value


def test_a_search_that_was_paused_goes_on(lab: Lab) -> None:
    app = started(lab, runs=4)
    button(app, "Pause").click().run()
    end(lab, "search")
    app = screen(lab)
    assert "Paused; finished runs" in texts(app)
    had = len(background_work.searches().latest(lab.visitor).outcomes)
    assert had < 4
    button(app, "Continue").click().run()
    end(lab, "search")
    assert "Search finished: 4 runs." in texts(screen(lab))
