"""A benchmark's table as one reads it: whose ranks differ, the scores with intervals, and the files."""

from __future__ import annotations

from html import escape

import streamlit as st

from da_core.evaluation.benchmark_table import BenchmarkTable, Measure
from da_core.export.benchmark_files import (
    benchmark_csv,
    benchmark_html,
    benchmark_latex,
    benchmark_sentences,
    benchmark_table_html,
)
from pages.charts import chart_table, plotly_figure
from pages.charts.critical_difference import critical_difference_diagram, ranks_table
from pages.run.export_buttons import download
from pages.session.words import _, language, number, safe

FILES: dict[Measure, str] = {"accuracy": "benchmark", "regret": "regret"}


def report(table: BenchmarkTable, note: str = "") -> None:
    """Draw the ranks, the table and what they mean, with a ``note`` on where the scores are from; offer the files."""
    title = _title(table)
    file = FILES[table.measure]
    if table.ranks is not None:
        st.subheader(_("Rank differences"), anchor=False)
        alt = _("Mean rank of each method, the critical difference, and the methods that do not differ significantly")
        ranks = [f"{name} {number(rank, 2)}" for name, rank in table.ranks.mean.items()]
        length = _("Critical difference {length}", length=number(table.ranks.critical_difference, 2))
        plotly_figure.draw(
            critical_difference_diagram(table.ranks),
            f"critical-difference-{file}",
            chart_table.sentence(alt, *ranks, length),
            ranks_table(table.ranks),
        )
        st.caption(
            _(
                "Methods whose dots are farther apart than the bar on top differ significantly. A bracket on the "
                "right groups methods that do not."
            )
        )
    st.subheader(title, anchor=False)
    draw_table(table)
    if note:
        st.caption(note)
    with st.container(horizontal=True):
        download("CSV", benchmark_csv(table), f"{file}.csv", "text/csv")
        download("HTML", benchmark_html(table, language(), title).encode(), f"{file}.html", "text/html")
        download("LaTeX", benchmark_latex(table, title).encode(), f"{file}.tex", "application/x-tex")


def draw_table(table: BenchmarkTable) -> None:
    """Draw the cells, and what they mean in sentences."""
    drawn, label = benchmark_table_html(table, language()), escape(_title(table))
    st.html(f'<div class="lab-benchmark" role="region" aria-label="{label}" tabindex="0">{drawn}</div>')
    for sentence in benchmark_sentences(table, language()):
        st.caption(safe(sentence))


def _title(table: BenchmarkTable) -> str:
    return _("Accuracy on the target") if table.measure == "accuracy" else _("Regret of each validator’s choice")
