"""The report on a pair: asked for by a button, made in the background, told in a sentence with its reasons."""

from __future__ import annotations

from da_core.experiment import Experiment
from pages.own_data.data_report import VERDICTS, reports
from tests.support import made_up_run
from tests.support.lab import Lab, button, has, texts


def test_the_report_is_made_when_asked_for_and_says_what_to_try_first(lab: Lab) -> None:
    reports.forget(Experiment().data.model_dump_json())
    app = lab.screen("data")
    assert "What changed most" not in texts(app)
    button(app, "Compare the domains").click()
    app.run()
    report = reports.submit(Experiment().data.model_dump_json(), made_up_run.pair()).result(timeout=120)
    app.run()
    assert VERDICTS[report.verdict] in texts(app)
    assert "What changed most" in texts(app)
    assert not has(app, "Compare the domains")
