"""``benchmark``: methods × domain pairs × seeds as one job that goes on where it was stopped; its tables and ranks."""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from da_core.cli.options import Commands, add_experiment_options, add_methods_option, names_of, runner
from da_core.cli.study_command import study_of
from da_core.cli.terminal_tables import print_table, progress_bar
from da_core.errors import UserError
from da_core.experiment import Experiment, MethodSpec
from da_core.whole_files import write_whole

if TYPE_CHECKING:
    from da_core.evaluation.benchmark_table import BenchmarkTable
    from da_core.several_runs.benchmark import Benchmark, KeptResults, TrialEnd

TITLES = {"accuracy": "Target accuracy of each method", "regret": "Regret of each validator's choice"}


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("benchmark", help="compare methods over several domain pairs and seeds, with ranks")
    add_experiment_options(command, several_pairs=True)
    add_methods_option(command, "methods by name", required=True)
    command.add_argument(
        "--seeds", type=int, default=3, metavar="N", help="number of seeds for each method (default: 3)"
    )
    command.add_argument(
        "--experiments",
        type=Path,
        metavar="FILE",
        help="a file of further pairs: a JSON list or JSON lines, with settings by name, such as "
        '{"data": "moons", "data.angle": 30}, or as in experiment.json',
    )
    command.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write the tables here as CSV, HTML, LaTeX and JSON, and keep each result; the same command then resumes "
        "where it was stopped",
    )
    command.add_argument("--json", action="store_true", help="print benchmark.json instead of tables")
    command.set_defaults(do=do_benchmark)


def do_benchmark(options: argparse.Namespace) -> None:
    """Do what has not been done, print the tables, and write them with ``--out``."""
    from da_core.several_runs.benchmark import KeptResults, benchmark_tables

    plan = benchmark_of(options)
    kept = KeptResults(None if options.out is None else options.out / "runs")
    accuracy, regret = benchmark_tables(plan.named(), _ends(plan, kept))
    tables = {"accuracy": accuracy} | ({} if regret is None else {"regret": regret})
    summary = {"studies": {pair: study.model_dump() for pair, study in plan.named().items()}}
    text = json.dumps(summary | {name: table.summary() for name, table in tables.items()}, indent=2)
    if options.out is not None:
        _write(options.out, tables, text)
    if options.json:
        print(text)
        return
    for name, table in tables.items():
        _print(table, TITLES[name])


def benchmark_of(options: argparse.Namespace) -> Benchmark:
    """Make the benchmark that the options describe. Raises `UserError` for what is wrong with any of them."""
    from da_core.methods import methods
    from da_core.registry import pick
    from da_core.several_runs.benchmark import Benchmark

    options.methods = names_of(options.methods)
    for name in options.methods:
        pick(methods(), name, MethodSpec.what)
    given: list[tuple[str | None, dict[str, str]]] = [(name, {}) for name in dict.fromkeys(options.data or [])]
    if options.experiments is not None:
        given += [(None, one) for one in _read_experiments(options.experiments)]
    studies = []
    for data, settings in given or [(None, {})]:
        of_pair = copy.copy(options)
        of_pair.data = data
        studies.append(study_of(of_pair, settings))
    return Benchmark(studies=tuple(studies))


def _read_experiments(place: Path) -> list[dict[str, str]]:
    """Read a file of experiments, each as settings by dotted name. Raises `UserError` where it is not one."""
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        detail = getattr(error, "strerror", None) or "it is not text"
        raise UserError("{path} cannot be read ({detail}).", path=place, detail=detail) from None
    try:
        listed = json.loads(text)
    except ValueError:
        try:
            listed = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise UserError(
                "{path} is neither a JSON list nor JSON lines ({detail}).", path=place, detail=error
            ) from None
    listed = listed if isinstance(listed, list) else [listed]
    if not listed or not all(isinstance(one, dict) for one in listed):
        raise UserError(
            "Each entry of {path} must be an experiment, such as {example}.", path=place, example='{"data": "moons"}'
        )
    return [_flat(one) for one in listed]


def _flat(entry: dict[str, Any]) -> dict[str, str]:
    if any(isinstance(value, dict) for value in entry.values()):
        return Experiment.checked(entry).to_flat()
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in entry.items()}


def _ends(plan: Benchmark, kept: KeptResults) -> Iterator[TrialEnd]:
    """Do the benchmark with a progress bar on stderr; print at once what cannot be done."""
    from da_core.events import Progress
    from da_core.several_runs.benchmark import TrialEnd, run_benchmark

    with progress_bar("benchmark", len(plan.trials())) as (bar, task):
        fractions: dict[str, float] = {}
        for step in run_benchmark(plan, kept, runner()):
            trial = step.trial if isinstance(step, TrialEnd) else step.task
            where = f"{trial.pair} · {trial.method} seed {trial.seed}"
            if isinstance(step, TrialEnd):
                fractions[where] = 1.0
            elif isinstance(step.event, Progress):
                fractions[where] = step.event.fraction
            bar.update(task, completed=sum(fractions.values()), description=where)
            if isinstance(step, TrialEnd):
                if isinstance(step.outcome, UserError):
                    bar.console.print(f"{where}: {step.outcome}", markup=False)
                yield step


def _write(folder: Path, tables: dict[str, BenchmarkTable], summary: str) -> None:
    from da_core.export.benchmark_files import benchmark_csv, benchmark_html, benchmark_latex
    from da_core.i18n import Language

    files = {"benchmark.json": summary.encode()}
    for name, table in tables.items():
        files[f"{name}.csv"] = benchmark_csv(table)
        files[f"{name}.html"] = benchmark_html(table, Language("en"), TITLES[name]).encode()
        files[f"{name}.tex"] = benchmark_latex(table, TITLES[name]).encode()
    for name, content in files.items():
        write_whole(folder / name, content)


def _print(table: BenchmarkTable, title: str) -> None:
    """Print one cell per line, so that no terminal is too narrow, then the means and ranks.

    Of validators only the latter: the files have the rest.
    """
    from da_core.export.benchmark_files import benchmark_cells, benchmark_sentences
    from da_core.i18n import Language

    english = Language("en")
    header, rows = benchmark_cells(table, english)
    by_method = dict(zip(table.methods, rows, strict=True))
    if table.measure == "accuracy":
        cells = [
            [pair, method, *by_method[method][place]]
            for place, pair in enumerate(table.pairs)
            for method in table.methods
        ]
        print_table(("pair", "method", "target accuracy %", "95%"), cells, numbers_from=2)
        print()
    print(f"{title}, %")
    ranked = [[method, *(mean for mean, _ in row[-2:])] for method, row in by_method.items()]
    print_table((header[0].lower(), "mean over pairs", "mean rank"), ranked, numbers_from=1)
    for sentence in benchmark_sentences(table, english):
        print(sentence)
    print()
