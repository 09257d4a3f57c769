"""Write the reference pages of methods, data sets, validators, findings and settings, as the code has them.

    python -m da_core make reference

writes the `PAGES` in ``assets/reference``. Pages with other measured figures are written by the benches that measure
them.
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
    """Describe every method in Markdown, one table per family."""
    from da_core.methods import methods
    from da_core.teaching.lessons.families import FAMILIES, KINDS, group_methods

    lines = ["# Methods", "", f"Written by `{COMMAND}`. `--method` and links take these names.", ""]
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
    return _page(
        "Data",
        f"Written by `{COMMAND}`. `--data` and links take these names. The last three columns are",
        "target accuracies in %, means of three seeds: source only, the best of a few methods made for that shift,",
        "and the oracle. Each uses the app's default network, head, preparation and training for the pair.",
        "",
        *table(("name", "data", "area", "shift", "source only", "best", "oracle"), rows),
    )


def validators_page() -> str:
    """Describe every validator in Markdown: what it sees, its formula, its paper and where it fails."""
    from da_core.evaluation.validators import validators

    sees = {
        "none": "no target labels",
        "few": "a few target labels",
        "all": "all target labels; locked until you unlock it",
    }
    lines = [
        "# Validators",
        "",
        f"Written by `{COMMAND}`. A validator estimates which of several models is better on the",
        "target. Every run scores the model before and after adapting with each validator (`result.json`,",
        "`validators`), on the same held-out samples, at most 500 of each domain. Higher is better for all of them.",
        "Scores of different validators cannot be compared. A validator without target labels is never given any.",
        "",
        "In the app, Results shows which model each validator would keep. “Which run?” compares their picks over",
        "many runs and what a wrong pick costs. Search and `python -m da_core search --validator NAME` choose by a",
        "validator.",
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
    """Write the benchmark that ships with the app in Markdown: a row per method, a column per pair, mean and rank."""
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
    return _page(
        "Benchmark of built-in pairs",
        f"Written by `{COMMAND}` from `assets/data/benchmark.json`, the `benchmark.json` that this command writes:",
        "",
        f"    {command()}",
        "",
        *table(header, rows),
        "",
        *(f"- {sentence}" for sentence in benchmark_sentences(shipped, english)),
    )


def findings_page() -> str:
    """Describe every finding in Markdown: what it finds, and whether that takes the target's labels."""
    from da_core.evaluation.diagnosis import CHECKS

    rows = []
    for check, needs_labels in CHECKS.items():
        sentence = " ".join((check.__doc__ or "").partition("\n\n")[0].split()).removeprefix("Find ")
        rows.append((f"`{check.__name__}`", sentence[0].upper() + sentence[1:], "yes" if needs_labels else ""))
    return _page(
        "Findings",
        f"Written by `{COMMAND}`. After a run, the app checks its numbers for signs of trouble. Each",
        "finding names what it saw, the evidence and what to try; `result.json` lists them under `findings`.",
        "A finding that needs target labels is left out where the target has none.",
        "",
        *table(("name", "what it finds", "needs target labels"), rows),
    )


def settings_page() -> str:
    """Describe every setting of a server in Markdown, with its default."""
    from da_core.settings import Settings

    prefix = Settings.model_config["env_prefix"]
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory else str(field.get_default()).removesuffix(".0")
        written = "" if default in ("", "None", "()") else f"`{default}`"
        rows.append((f"`{prefix}{name.upper()}`", written, " ".join((field.description or "").split())))
    return _page(
        "Settings of a server",
        f"Written by `{COMMAND}`. Each setting is an environment variable that the server reads at",
        "its start; `.streamlit/config.toml` holds Streamlit's own. Lists and switches are written",
        "`DA_LAB_INSTRUCTORS=ann@lab.example,bob@lab.example` and `DA_LAB_DOWNLOADS=false`.",
        "[For those who run a server](server.md) explains how they work together.",
        "",
        *table(("setting", "default", "meaning"), rows),
    )


def _page(title: str, *lines: str) -> str:
    """Write a page of these lines below its title."""
    return "\n".join([f"# {title}", "", *lines, ""])


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a Markdown table, one line per row."""
    written = [[cell.replace("|", "\\|") for cell in row] for row in [header, *rows]]
    lines = [f"| {' | '.join(row)} |" for row in written]
    return [lines[0], f"|{'---|' * len(header)}", *lines[1:]]


PAGES: dict[str, Callable[[], str]] = {
    "methods.md": methods_page,
    "data.md": data_page,
    "validators.md": validators_page,
    "findings.md": findings_page,
    "settings.md": settings_page,
    "results_benchmark.md": benchmark_page,
}
