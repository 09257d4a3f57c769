"""Every chart has a sentence with numbers, a table, and tells nothing by hue alone.

The rules are `tests.support.chart_rules`; a fixture holds each chart that any test of a screen draws to them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pandas as pd
import plotly.graph_objects as go
import pytest

from da_core import palette
from pages.charts import chart_table, score_charts
from tests.support import chart_rules, made_up_run
from tests.support.lab import ROOT

DRAWS = {"plotly_chart": "plotly_figure.py", "vega_lite_chart": "vega_chart.py"}
OTHERS = {"altair_chart", "line_chart", "area_chart", "bar_chart", "scatter_chart", "pyplot", "graphviz_chart"}
OTHERS |= {"pydeck_chart", "map", "bokeh_chart"}


def calls() -> Iterator[tuple[str, str]]:
    """Each method that the screens call, with the file's name."""
    for file in (ROOT / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = ast.unparse(node.func.value)
                yield (node.func.attr if owner.startswith("st") or node.func.attr in DRAWS else ""), file.name


def test_charts_are_drawn_by_the_two_functions_that_ask_for_a_sentence_and_a_table() -> None:
    found = {(name, file) for name, file in calls() if name in DRAWS.keys() | OTHERS}
    assert found == set(DRAWS.items())


def test_the_rules_see_what_is_missing() -> None:
    alike = go.Figure([go.Scatter(x=[1, 2], y=[3, 4], name=name, mode="lines") for name in ("a", "b")])
    assert chart_rules.faults_of_figure(alike, "A line.", None, False) == [
        "“a” and “b” differ in hue alone",
        "its sentence has no number: A line.",
    ]
    alike.data[1].line.dash = "dash"
    assert chart_rules.faults_of_figure(alike, "It ends at 4.", None, False) == []
    spec = {"mark": "line", "encoding": {"color": {"field": "what"}}}
    rows = pd.DataFrame({"what": ["a"]})
    assert chart_rules.faults_of_spec(rows, spec, "It ends at 4.", pd.DataFrame()) == [
        "its table is empty",
        "its marks differ in hue alone",
    ]


def test_a_table_is_read_off_a_figure_as_it_is_drawn() -> None:
    figure = go.Figure(
        [
            go.Scatter(x=[0.5, 0.25], y=["cat", "a &lt; b"], name="source"),
            go.Scatter(x=[0.75, 1.0, 0.5], y=["cat", "cat", "dog"], name="target"),
            go.Scatter(x=[0, 1], y=["cat", "dog"], name="guide", showlegend=False),
        ]
    )
    figure.update_xaxes(tickformat=".0%")
    table = chart_table.of_figure(figure)
    cells = table.T.to_dict("list")
    assert list(table.columns) == ["source", "target"]
    assert cells["cat"] == ["50.0%", "75.0%, 100.0%"]
    assert cells["a < b"] == ["25.0%", ""]
    assert table.loc["dog", "target"] == "50.0%"


@pytest.mark.parametrize("which", ["scores", "change"])
def test_the_numbers_in_a_matrix_can_be_read_on_every_shade(which: str) -> None:
    before, after = made_up_run._scores(5).scored, made_up_run._scores(8).scored
    figure = (
        score_charts.confusion(before, made_up_run.CLASSES)
        if which == "scores"
        else score_charts.confusion_change(before, after, made_up_run.CLASSES)
    )
    heat, words = figure.data
    shades = [score_charts._shade(heat, share / 20) for share in range(-20, 21)]
    assert min(palette.contrast(palette.readable_on(shade), shade) for shade in shades) >= 4.5
    assert [text for text in words.text if text] == [text for row in heat.text for text in row if text]
