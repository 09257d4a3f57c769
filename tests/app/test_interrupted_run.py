"""A run whose server was stopped says so on the screen until it goes on."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def test_it_stands_as_interrupted_with_its_place() -> None:
    def screen() -> None:
        from datetime import UTC, datetime

        from da_core.experiment import Experiment
        from da_core.jobs.scheduling.run_view import RunView
        from pages.run import live

        now = datetime.now(UTC)
        live._where(RunView("0123456789abcdef-01234567", Experiment(), "queued", 1, now, place=2, interrupted=True))

    app = AppTest.from_function(screen, default_timeout=60).run()
    assert not app.exception
    (bar,) = app.get("progress")
    assert "Interrupted" in bar.proto.text
    assert "number 2" in bar.proto.text
