"""The app as a test sees it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest
from streamlit.components.v2 import manifest_scanner

from pages.charts import plotly_figure, vega_chart
from tests.support import chart_rules
from tests.support.lab import Lab, opened


@pytest.fixture(scope="package", autouse=True)
def installed_components() -> Iterator[None]:
    """Each new AppTest looks for components in all installed packages, a quarter of a second: once will do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner,
            "scan_component_manifests",
            functools.cache(manifest_scanner.scan_component_manifests),
        )
        yield


@pytest.fixture(autouse=True)
def every_chart_is_for_everyone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold each chart that a test draws to `chart_rules`."""
    wrong: dict[str, list[str]] = {}
    draw_figure, draw_spec = plotly_figure.draw, vega_chart.draw

    def figure(
        drawn: go.Figure, key: str, alt: str, table: pd.DataFrame | None = None, *, tabulated: bool = False
    ) -> None:
        wrong[key] = chart_rules.faults_of_figure(drawn, alt, table, tabulated)
        draw_figure(drawn, key, alt, table, tabulated=tabulated)

    def spec(rows: pd.DataFrame, drawn: chart_rules.Json, key: str, alt: str, table: pd.DataFrame | None) -> None:
        wrong[key] = chart_rules.faults_of_spec(rows, drawn, alt, table)
        draw_spec(rows, drawn, key, alt, table)

    monkeypatch.setattr(plotly_figure, "draw", figure)
    monkeypatch.setattr(vega_chart, "draw", spec)
    yield
    assert {key: found for key, found in wrong.items() if found} == {}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The app with an empty data folder, one made-up pair, and runs that follow a script."""
    with opened(tmp_path, monkeypatch) as one:
        yield one
