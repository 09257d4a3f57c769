"""The reference pages that the README links to: every method and every data set, as the registries have them.

    python -m da_core make reference

writes ``assets/reference/methods.md`` and ``data.md``. Pages with measured figures are written by the benches that
measure them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from da_core.methods.base import Method

FOLDER = Path(__file__).parents[2] / "assets" / "reference"
COMMAND = "python -m da_core make reference"


def write(folder: Path) -> None:
    """Write both pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in {"methods.md": methods_page, "data.md": data_page}.items():
        (folder / name).write_text(page(), encoding="utf-8")


def methods_page() -> str:
    """Describe every method in Markdown, a table a family."""
    from da_core.methods import methods
    from da_core.teaching.families import FAMILIES, KINDS, grouped

    lines = ["# Methods", "", f"Written by `{COMMAND}`. The names are those of `--method` and of links.", ""]
    for family, kinds in grouped(methods().values()).items():
        lines += [f"## {FAMILIES[family].title}", "", FAMILIES[family].idea, ""]
        for kind, members in kinds.items():
            lines += [f"### {KINDS[kind]}", ""] if kind in KINDS else []
            rows = [(f"`{method.name()}`", method.title, method.summary, _paper(method)) for method in members]
            lines += [*table(("name", "method", "what it does", "paper"), rows), ""]
    return "\n".join(lines)


def _paper(method: type[Method]) -> str:
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


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a Markdown table, a line a row."""
    written = [[cell.replace("|", "\\|") for cell in row] for row in [header, *rows]]
    lines = [f"| {' | '.join(row)} |" for row in written]
    return [lines[0], f"|{'---|' * len(header)}", *lines[1:]]
