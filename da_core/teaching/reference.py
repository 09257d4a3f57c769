"""The reference pages that the README links to: every method, data set and validator, as the registries have them.

    python -m da_core make reference

writes ``assets/reference/methods.md``, ``data.md``, ``validators.md`` and ``results_benchmark.md``. Pages with other
measured figures are written by the benches that measure them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from da_core.system.app_files import ASSETS

if TYPE_CHECKING:
    from da_core.evaluation.validators.validator import Validator
    from da_core.methods.base import Method

FOLDER = ASSETS / "reference"
COMMAND = "python -m da_core make reference"


def write(folder: Path) -> None:
    """Write all pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


def methods_page() -> str:
    """Describe every method in Markdown, a table a family."""
    from da_core.methods import methods
    from da_core.teaching.lessons.families import FAMILIES, KINDS, group_methods

    lines = ["# Methods", "", f"Written by `{COMMAND}`. The names are those of `--method` and of links.", ""]
    for family, kinds in group_methods(methods().values()).items():
        lines += [f"## {FAMILIES[family].title}", "", FAMILIES[family].idea, ""]
        for kind, members in kinds.items():
            lines += [f"### {KINDS[kind]}", ""] if kind in KINDS else []
            rows = [(f"`{method.name()}`", method.title, method.summary, _paper(method)) for method in members]
            lines += [*table(("name", "method", "what it does", "paper"), rows), ""]
    return "\n".join(lines)


def _paper(method: type[Method] | type[Validator]) -> str:
    return f"[{method.paper}]({method.link})" if method.link else method.paper


def data_page() -> str:
    """Describe every data set in Markdown: area, kind of shift, and what was measured on it."""
    from da_core.data.measured import figures
    from da_core.data.sources import sources
    from da_core.methods import methods

    measured = figures()
    rows = []
    for name, source in sources().items():
        known = measured.get(name)
        scores = (
            [f"{100 * value:.1f}" for value in (known.source_only, known.best, known.oracle)] if known else [""] * 3
        )
        best = f"{scores[1]} ({methods()[known.method].title})" if known else ""
        rows.append((f"`{name}`", source.title, source.area, source.shift, scores[0], best, scores[2]))
    return "\n".join(
        [
            "# Data",
            "",
            f"Written by `{COMMAND}`. The names are those of `--data` and of links. Target accuracy in %,",
            "the mean of three seeds, where it was measured: source only, the best of a few methods made for that",
            "shift, and the oracle, each with the network, head, preparation and training that the app chooses for the",
            "pair where nobody has chosen otherwise.",
            "",
            *table(("name", "data", "area", "shift", "source only", "best", "oracle"), rows),
            "",
        ]
    )


def validators_page() -> str:
    """Describe every validator in Markdown: what it sees, its formula, its paper and where it fails."""
    from da_core.evaluation.validators import validators

    sees = {
        "none": "no label of the target",
        "few": "a few labels of the target, which it costs",
        "all": "all labels of the target; locked until it is asked for",
    }
    lines = [
        "# Validators",
        "",
        f"Written by `{COMMAND}`. A validator says which of several models is better on the target.",
        "Every run scores the model before adapting and the one after by each of them (`result.json`, `validators`),",
        "on the same held-out samples, at most 500 of each domain. Higher is better for every one; scores of different",
        "validators cannot be compared. Those that need no label cannot see any: there is no place for one in what",
        "they are given.",
        "",
        "In the app: Results says what each would keep, with all of this below; “Which run?” compares their picks over",
        "many runs, and what those cost; Search and `python -m da_core search --validator NAME` choose by one.",
        "",
    ]
    for name, kind in validators().items():
        facts = {
            "looks at": kind.summary,
            "formula": f"`{kind.formula}`",
            "sees": sees[kind.labels],
            "fails": kind.fails,
            "paper": _paper(kind),
        }
        lines += [f"## `{name}` · {kind.title}", "", *table(("", ""), list(facts.items())), ""]
        lines += [kind.cost, ""] if kind.cost else []
    return "\n".join(lines)


def benchmark_page() -> str:
    """Write the benchmark that comes with the app in Markdown: a row a method, a column a pair, mean and rank."""
    from da_core.evaluation.benchmark_table import tabulate
    from da_core.evaluation.shipped_benchmark import command, shipped_scores
    from da_core.export.benchmark_files import benchmark_cells, benchmark_sentences
    from da_core.i18n import Language

    shipped, english = tabulate(shipped_scores()), Language("en")
    header, cells = benchmark_cells(shipped, english)
    rows = [
        (method, *(f"{mean} ({interval})" if interval else mean for mean, interval in row))
        for method, row in zip(shipped.methods, cells, strict=True)
    ]
    return "\n".join(
        [
            "# Benchmark of built-in pairs",
            "",
            f"Written by `{COMMAND}` from `assets/data/benchmark.json`, which is the `benchmark.json` of",
            "",
            f"    {command()}",
            "",
            *table(header, rows),
            "",
            *(f"- {sentence}" for sentence in benchmark_sentences(shipped, english)),
            "",
        ]
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a Markdown table, a line a row."""
    written = [[cell.replace("|", "\\|") for cell in row] for row in [header, *rows]]
    lines = [f"| {' | '.join(row)} |" for row in written]
    return [lines[0], f"|{'---|' * len(header)}", *lines[1:]]


PAGES: dict[str, Callable[[], str]] = {
    "methods.md": methods_page,
    "data.md": data_page,
    "validators.md": validators_page,
    "results_benchmark.md": benchmark_page,
}
