"""A benchmark's table as files: the numbers, the best, what is missing, and names that would do harm."""

from __future__ import annotations

import csv
import io

import pytest

from da_core.evaluation.benchmark_table import BenchmarkTable, tabulate
from da_core.export.benchmark_files import (
    benchmark_csv,
    benchmark_html,
    benchmark_latex,
    benchmark_sentences,
    escape_latex,
)
from da_core.i18n import Language

HOSTILE = r"<b>50%_of</b> \input{x}"


@pytest.fixture(scope="module")
def table() -> BenchmarkTable:
    return tabulate(
        {
            "moons": {"linear_ot": [0.7, 0.8], "=dann": [0.9, 0.9], "coral": [0.6]},
            HOSTILE: {"linear_ot": [0.7], "=dann": [0.8], "coral": [0.6]},
            "street": {"linear_ot": [0.5], "=dann": [], "coral": [0.6]},
        }
    )


def test_csv_has_a_row_for_every_cell_and_the_ranks(table: BenchmarkTable) -> None:
    rows = list(csv.DictReader(io.StringIO(benchmark_csv(table).decode("utf-8-sig"))))
    cells = {(row["pair"], row["method"]): row for row in rows}
    assert len(cells) == 3 * 3 + 3
    moons = cells["moons", "linear_ot"]
    assert (moons["seeds"], moons["mean"], moons["rank"]) == ("2", "0.750000", "")
    assert float(moons["low"]) < 0.7
    assert float(moons["high"]) == 1
    assert (cells["street", "'=dann"]["seeds"], cells["street", "'=dann"]["mean"]) == ("0", "")
    assert cells["", "'=dann"]["rank"] == "1.0000"
    assert float(cells["", "linear_ot"]["mean"]) == pytest.approx(0.725), "of the pairs that all have"


def test_html_has_the_best_in_bold_and_no_markup_of_a_name(table: BenchmarkTable) -> None:
    page = benchmark_html(table, Language("en"), "Accuracy")
    assert "<b>90.0</b>" in page
    assert "<b>75.0</b>" not in page
    assert HOSTILE not in page
    assert "&lt;b&gt;50%_of&lt;/b&gt;" in page
    assert "street does not count for the ranks: it has no score for =dann." in page
    assert '<html lang="zh">' in benchmark_html(table, Language("zh"), "x")


def test_latex_sets_every_letter_of_a_name_as_it_is(table: BenchmarkTable) -> None:
    text = benchmark_latex(table, "Accuracy & more")
    assert r"linear\_ot & 75.0 {\scriptsize (" in text
    assert r"\textbf{90.0}" in text
    assert r"\input" not in text
    assert r"\textless{}b\textgreater{}50\%\_of" in text
    assert r"\caption{Accuracy \& more." in text
    columns = {line.count(" & ") for line in text.splitlines() if line.endswith(r" \\")}
    assert columns == {5}
    assert escape_latex("a~b^c{d}#$\n%x") == r"a\textasciitilde{}b\textasciicircum{}c\{d\}\#\$ \%x"


@pytest.mark.parametrize(
    ("code", "says"),
    [("en", "Not significantly different: =dann, linear_ot, coral."), ("zh", "差异不显著：=dann、linear_ot、coral。")],
)
def test_sentences_name_the_groups_in_both_languages(table: BenchmarkTable, code: str, says: str) -> None:
    sentences = benchmark_sentences(table, Language(code))
    assert says in sentences
    assert any("2.34" in sentence for sentence in sentences), "the critical difference of 3 methods on 2 pairs"
