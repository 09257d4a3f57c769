"""The report on a pair: asked for by a button, made in the background, told in a sentence with its reasons."""

from __future__ import annotations

import dataclasses

import pytest

from da_core.evaluation import recommendation
from da_core.evaluation.quick_comparison import Compared, QuickComparison
from da_core.evaluation.shift import shift_report
from da_core.experiment import DataSpec, Experiment
from pages.own_data.data_report import VERDICTS, recommendations, reports
from pages.session import keys
from tests.support import made_up_run
from tests.support.lab import Lab, button, has, texts


def test_the_report_is_made_when_asked_for_and_says_what_to_try_first(lab: Lab) -> None:
    reports.forget(Experiment().data.model_dump_json())
    app = lab.screen("data")
    assert "What changed most" not in texts(app)
    button(app, "Compare the domains").click().run()
    report = reports.submit(Experiment().data.model_dump_json(), made_up_run.pair()).result(timeout=120)
    app.run()
    assert VERDICTS[report.verdict] in texts(app)
    assert "What changed most" in texts(app)
    assert not has(app, "Compare the domains")


def test_the_advice_goes_along_to_method_and_is_said_once_more(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Experiment().data
    key = data.model_dump_json()
    reports.forget(key)
    recommendations.forget(key)
    shifted = dataclasses.replace(shift_report.data_report(made_up_run.pair()), verdict="covariate")
    monkeypatch.setattr(shift_report, "data_report", lambda pair: shifted)
    weights = Compared("rulsif", certainty=0.02, circular=0.0, weighted=0.3, moved=0.2)
    monkeypatch.setattr(recommendation, "compare", lambda *_: QuickComparison(Experiment(), (weights,)))
    app = lab.screen("data")
    button(app, "Compare the domains").click().run()
    report = reports.submit(key, made_up_run.pair()).result(timeout=120)
    app.run()
    recommendations.submit(key, report, made_up_run.pair(), data).result(timeout=120)
    app.run()
    said = texts(app)
    assert "1. **RuLSIF**" in said
    assert "more stable where the domains overlap little" in said, "with its reason"
    assert any("What would change it:" in caption.value for caption in app.caption)
    assert any(
        table.value["Weighted source accuracy"].tolist() == ["30.0"] for table in app.table if "Method" in table.value
    )
    button(app, "Start with RuLSIF →").click().run()
    assert not app.exception
    assert app.title[0].value == "Method"
    assert app.query_params["method"] in ("rulsif", ["rulsif"])
    assert app.button_group(key=keys.FAMILY).value == "reweighting"
    assert "“Covariate shift”: start with RuLSIF" in texts(app)
    app.switch_page("walk/data.py").run()
    app.session_state[keys.EXPERIMENT] = Experiment(data=DataSpec(name="moons"))
    app.switch_page("walk/method.py").run()
    assert "The data report suggests" not in texts(app), "other data, no advice"
