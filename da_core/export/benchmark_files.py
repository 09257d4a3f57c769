"""A benchmark's table as CSV, HTML and LaTeX, and in sentences."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from da_core.evaluation.benchmark_table import BenchmarkTable
from da_core.evaluation.metrics import LEVEL
from da_core.evaluation.seed_statistics import Spread
from da_core.export.spreadsheet import escape_formula, to_csv
from da_core.i18n import Language
from da_core.templates import render

_COLUMNS = ("seeds", "mean", "deviation", "low", "high", "rank")
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{special: f"\\{special}" for special in "&%$#_{}"},
    "\n": " ",
    "\r": " ",
}


def benchmark_sentences(table: BenchmarkTable, language: Language) -> list[str]:
    """Say what the numbers are, which methods' ranks differ, and what is missing, a sentence or two each."""
    say, number = language.translate, language.number
    level = language.percent(LEVEL, 0)
    sentences = [say("Mean over seeds in per cent, with its {level} interval (Student’s t).", level=level)]
    if table.ranks is not None:
        ranks = table.ranks
        sentences.append(
            say(
                "Mean ranks over {count} pairs; 1 is best. Mean ranks that differ by less than {difference} do not "
                "differ significantly (Nemenyi’s test, {level}).",
                count=number(len(ranks.pairs)),
                difference=number(ranks.critical_difference, 2),
                level=level,
            )
        )
        if ranks.friedman_p is not None:
            p = number(ranks.friedman_p, 3)
            sentences.append(
                say("Friedman’s test of whether all are alike: p < 0.001.")
                if ranks.friedman_p < 0.001
                else say("Friedman’s test of whether all are alike: p = {p}.", p=p)
            )
        sentences.append(
            say(
                "Not significantly different: {groups}.",
                groups="; ".join(language.listing(group) for group in ranks.groups),
            )
            if ranks.groups
            else say("All methods differ significantly.")
        )
    return sentences + [language.translate_message(note.message, note.values) for note in table.notes]


def benchmark_csv(table: BenchmarkTable) -> bytes:
    """Write a row a pair and method: fractions, and the number of seeds that they rest on.

    The rows without a pair have the mean of the pairs on which all methods have a score, and the mean rank.
    """
    rows: list[list[object]] = []
    for pair in table.pairs:
        for method in table.methods:
            named = [escape_formula(pair), escape_formula(method)]
            cell = table.cells.get((pair, method))
            if cell is None:
                rows.append([*named, 0, "", "", "", "", ""])
                continue
            ends = [f"{end:.6f}" for end in cell.interval] if cell.interval else ["", ""]
            deviation = f"{cell.deviation:.6f}" if cell.interval else ""
            rows.append([*named, len(cell.values), f"{cell.mean:.6f}", deviation, *ends, ""])
    for method in table.methods:
        mean = table.mean_of_pairs(method)
        rank = "" if table.ranks is None or method not in table.ranks.mean else f"{table.ranks.mean[method]:.4f}"
        rows.append(["", escape_formula(method), "", "" if mean is None else f"{mean:.6f}", "", "", "", rank])
    return to_csv(["pair", "validator" if table.measure == "regret" else "method", *_COLUMNS], rows)


def benchmark_html(table: BenchmarkTable, language: Language, title: str) -> str:
    """Write a page that stands alone: the table and what it means."""
    rows = benchmark_table_html(table, language)
    sentences = benchmark_sentences(table, language)
    return render("benchmark.html.jinja", language, title=title, table=Markup(rows), sentences=sentences)


def benchmark_table_html(table: BenchmarkTable, language: Language) -> str:
    """Write the table alone: a row a method, a column a pair, the best of each in bold, intervals in small print."""
    header, rows = benchmark_cells(table, language)
    return render(
        "benchmark_table.html.jinja",
        language,
        header=header,
        rows=list(zip(table.methods, rows, strict=True)),
        best=[table.best(pair) for pair in table.pairs],
    )


def benchmark_latex(table: BenchmarkTable, title: str) -> str:
    """Write a ``table`` in English that needs the package booktabs: as the page has it, intervals in small print."""
    header, rows = benchmark_cells(table, Language("en"))
    cells = []
    for method, row in zip(table.methods, rows, strict=True):
        best = [method in table.best(pair) for pair in table.pairs] + [False, False]
        means = [rf"\textbf{{{mean}}}" if bold else mean for bold, (mean, _) in zip(best, row, strict=True)]
        intervals = [rf" {{\scriptsize ({interval})}}" if interval else "" for _, interval in row]
        cells.append([mean + interval for mean, interval in zip(means, intervals, strict=True)])
    first, *columns = map(escape_latex, header)
    frame = pd.DataFrame(cells, [*map(escape_latex, table.methods)], pd.Index(columns, name=first))
    caption = " ".join(escape_latex(text) for text in [f"{title}.", *benchmark_sentences(table, Language("en"))])
    written = frame.to_latex(caption=caption, column_format="l" + "r" * len(columns))
    return written.replace(r"\caption", "\\centering\n\\caption", 1)


def benchmark_cells(table: BenchmarkTable, language: Language) -> tuple[list[str], list[list[tuple[str, str]]]]:
    """Write the header, and a row a method: (mean, interval) of each pair, the mean of all pairs, the mean rank.

    In per cent; a dash where there is no number, an empty interval where there is none.
    """
    first = language.translate("Validator" if table.measure == "regret" else "Method")
    header = [first, *table.pairs, language.translate("Mean"), language.translate("Mean rank")]
    rows = []
    for method in table.methods:
        row = [_cell(table.cells.get((pair, method)), language) for pair in table.pairs]
        mean = table.mean_of_pairs(method)
        rank = None if table.ranks is None else table.ranks.mean.get(method)
        row.append(("–" if mean is None else language.number(100 * mean, 1), ""))
        row.append(("–" if rank is None else language.number(rank, 2), ""))
        rows.append(row)
    return header, rows


def _cell(cell: Spread | None, language: Language) -> tuple[str, str]:
    if cell is None:
        return "–", ""
    interval = "" if cell.interval is None else "–".join(language.number(100 * end, 1) for end in cell.interval)
    return language.number(100 * cell.mean, 1), interval


def escape_latex(text: str) -> str:
    """Write a text so that LaTeX sets it as it is, and runs nothing of it."""
    return "".join(_LATEX.get(letter, letter) for letter in text)
