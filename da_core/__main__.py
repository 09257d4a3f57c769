"""The command line: ``python -m da_core list …``, ``run …`` and ``study …``; the same experiments as the app's.

Exit code 0 when all is well, 2 for input that cannot be used (one sentence on stderr), 1 for anything else.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from da_core.errors import UnknownNameError, UserError
from da_core.experiment import DataSpec, Device, Experiment, Head
from da_core.i18n import LANGUAGES, Language
from da_core.networks.defaults import with_usual_network
from da_core.params import describe

if TYPE_CHECKING:
    from da_core.events import Accuracies, Finished, Losses, Result
    from da_core.study import Study, Trial

LISTED = {"data set": "data", "method": "methods", "network": "networks"}
"""What ``list`` takes for each kind of thing that an experiment names."""


def main(arguments: list[str] | None = None) -> int:
    """Parse, do, and return the exit code."""
    try:
        options = parser().parse_args(arguments)
        return int(options.do(options) or 0)
    except UnknownNameError as error:
        print(f"Error: {error} “python -m da_core list {LISTED[error.kind]}” shows them all.", file=sys.stderr)
        return 2
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 1


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        raise UserError("{problem}; see “{program} --help”.", problem=message, program=self.prog)


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="python -m da_core", description="Domain adaptation from the command line.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="list data sets, methods or networks")
    listing.add_argument("what", choices=LISTED.values())
    listing.add_argument("--json", action="store_true", help="objects with all hyperparameters")
    listing.set_defaults(do=show_list)

    run = commands.add_parser("run", help="do an experiment")
    describe_experiment(run)
    run.add_argument("--method", help="a method by name (see list methods)")
    run.add_argument("--out", type=Path, metavar="DIR", help="write experiment, result, features and model here")
    run.add_argument("--json", action="store_true", help="print result.json instead of a table")
    run.set_defaults(do=do_run)

    study = commands.add_parser("study", help="do an experiment over several methods and seeds")
    describe_experiment(study)
    study.add_argument("--method", action="append", dest="methods", help="a method by name; give several to compare")
    study.add_argument("--seeds", type=int, default=5, metavar="N", help="seeds for each method, 5 unless told")
    study.add_argument("--out", type=Path, metavar="DIR", help="write study.json here")
    study.add_argument("--json", action="store_true", help="print study.json instead of a table")
    study.set_defaults(do=do_study)

    export = commands.add_parser("export", help="make a report, a script, figures… of a run that “run --out” wrote")
    export.add_argument("run", type=Path, metavar="DIR", help="the folder of the run")
    export.add_argument("--report", type=Path, metavar="HTML", help="one file with all of it, for any browser")
    export.add_argument("--predictions", type=Path, metavar="CSV", help="the class of every sample without a label")
    export.add_argument("--table", type=Path, metavar="CSV", help="every score")
    export.add_argument("--figures", type=Path, metavar="DIR", help="SVG, and PNG of 300 dots an inch")
    export.add_argument("--script", type=Path, metavar="PY", help="the experiment as a Python script")
    export.add_argument("--notebook", type=Path, metavar="IPYNB", help="the experiment as a Jupyter notebook")
    export.add_argument("--model", type=Path, metavar="ZIP", help="the network with its card")
    export.add_argument("--tensorboard", type=Path, metavar="DIR", help="the curves, for tensorboard --logdir")
    export.add_argument("--language", choices=LANGUAGES, default="en", help="of report, figures, notebook and card")
    export.set_defaults(do=do_export)
    return top


def describe_experiment(run: argparse.ArgumentParser) -> None:
    """The options that say what to do, less the method."""
    run.add_argument("--experiment", type=Path, metavar="JSON", help="an experiment.json; other options change it")
    run.add_argument("--data", help="a data set by name (see list data)")
    run.add_argument("--source", metavar="PLACE", help="your own source: a folder of class folders, a .zip or a .npz")
    run.add_argument("--target", metavar="PLACE", help="your own target, in the same form")
    run.add_argument("--third", metavar="PLACE", help="a third domain of yours, scored and never trained on")
    run.add_argument("--network", help="a network by name (see list networks)")
    run.add_argument("--checkpoint", metavar="FILE", help="a state dict to start from")
    run.add_argument("--head", help=" | ".join(get_args(Head)))
    run.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="method.weight=0.5, training.epochs=10 …"
    )
    run.add_argument("--seed", metavar="N", help="0 unless told")
    run.add_argument("--device", help=" | ".join(get_args(Device)))
    run.add_argument("--target-split", metavar="SHARE", help="share of each domain held out for scoring, or “all”")
    run.add_argument("--oracle", action="store_true", help="train on the target's labels as well, for the ceiling")


def show_list(options: argparse.Namespace) -> None:
    rows = {"data": data_rows, "methods": method_rows, "networks": network_rows}[options.what]()
    if options.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    print_table(
        ("name", "family", "kind", "title"), [[row[key] for key in ("name", "family", "kind", "title")] for row in rows]
    )


def data_rows() -> list[dict[str, Any]]:
    from da_core.data.measured import figures
    from da_core.data.sources import sources

    measured = figures()
    return [
        row(source, name, source.area, "domain pair")
        | {"shift": source.shift, "figures": dataclasses.asdict(measured[name]) if name in measured else None}
        for name, source in sources().items()
    ]


def method_rows() -> list[dict[str, Any]]:
    from da_core.methods import methods

    return [row(method, name, method.family(), method.kind) for name, method in methods().items()]


def network_rows() -> list[dict[str, Any]]:
    from da_core.networks import networks

    return [row(network, name, "network", " or ".join(sorted(network.takes))) for name, network in networks().items()]


def row(thing: Any, name: str, family: str, kind: str) -> dict[str, Any]:
    """One line of a list. ``params`` gives each hyperparameter's default, bounds, symbol and help."""
    return {
        "name": name,
        "family": family,
        "kind": kind,
        "title": thing.title,
        "summary": thing.summary,
        "params": {hyper.name: hyper.schema() for hyper in describe(thing.Params)},
    }


def experiment_of(options: argparse.Namespace) -> Experiment:
    """The experiment that the options describe. Raises `UserError` for what does not exist or is out of bounds."""
    flat: dict[str, str] = {}
    if options.experiment is not None:
        try:
            flat = Experiment.from_json(options.experiment.read_bytes()).to_flat()
        except OSError as error:
            raise UserError(
                "{path} cannot be read ({detail}).", path=options.experiment, detail=error.strerror
            ) from None
    for text in options.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError("--set takes NAME=VALUE, and “{text}” has no “=”.", text=text)
        flat[name] = value
    if options.source or options.target:
        if options.data not in (None, "files"):
            raise UserError("Give either --data or --source and --target, not both.")
        options.data = "files"
    named = {
        "data": options.data,
        "data.source": options.source and str(Path(options.source).absolute()),
        "data.target": options.target and str(Path(options.target).absolute()),
        **third_of(options),
        "method": options.method,
        "network": options.network,
        "network.checkpoint": options.checkpoint,
        "head": options.head,
        "seed": options.seed,
        "device": options.device,
        "target_split": "0" if options.target_split == "all" else options.target_split,
        "oracle": "true" if options.oracle else None,
    }
    flat |= {name: value for name, value in named.items() if value is not None}
    return with_usual_network(Experiment.from_flat(flat), flat)


def third_of(options: argparse.Namespace) -> dict[str, str]:
    """The user's own third domain is the target of a pair with the same source."""
    if not options.third:
        return {}
    if not options.source:
        raise UserError("--third goes with --source and --target; give them too.")
    places = {"source": options.source, "target": options.third}
    return {"third": "files"} | {f"third.{name}": str(Path(place).absolute()) for name, place in places.items()}


def bring(data: DataSpec) -> None:
    """Download what the data lack, with a progress bar on stderr."""
    from da_core.data.loading.cache import fetch

    shares = fetch(data)
    first = next(shares, None)
    if first is None:
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("download", total=1.0)
        for share in itertools.chain([first], shares):
            bar.update(task, completed=share)


def do_run(options: argparse.Namespace) -> None:
    experiment = experiment_of(options)
    bring(experiment.data)
    history: list[Losses | Accuracies] = []
    finished = watched(experiment, history)
    if options.out is not None:
        from da_core.export.files import write_run

        write_run(options.out, experiment, finished, history)
    if options.json:
        print(finished.result.model_dump_json(indent=2))
    else:
        print_result(finished.result)


def do_export(options: argparse.Namespace) -> None:
    from da_core.export import files
    from da_core.run_folder import read_record

    record = read_record(options.run)
    wishes = {kind: place for kind in files.KINDS if (place := getattr(options, kind)) is not None}
    if not wishes:
        raise UserError("Say what to make: {options}.", options=", ".join(f"--{kind}" for kind in files.KINDS))
    for kind, place in wishes.items():
        try:
            files.write(record, kind, place, Language(options.language))
        except OSError as error:
            raise UserError("{path} cannot be written ({detail}).", path=place, detail=error.strerror) from None


def do_study(options: argparse.Namespace) -> None:
    from da_core.evaluation.seed_statistics import comparisons, spread
    from da_core.study import Study

    names = options.methods or [Experiment().method.name]
    options.method = names[0]
    study = Study.of(experiment_of(options), names, options.seeds)
    scores = {name: dict[int, float]() for name in ["source_only", *names]}
    for trial, result in studied(study):
        if result.adapted.target is None or result.source_only.target is None:
            raise UserError("The target has no labels, so there is nothing to compare seeds by; give it labels.")
        scores["source_only"][trial.seed] = result.source_only.target.accuracy
        scores[trial.method][trial.seed] = result.adapted.target.accuracy
    spreads = {name: spread(list(of_seeds.values())) for name, of_seeds in scores.items()}
    pairs = comparisons({name: scores[name] for name in (*names, "source_only")})
    told = {
        "study": study.model_dump(),
        "target_accuracy": {
            name: dataclasses.asdict(one) | {"seeds": list(scores[name])} for name, one in spreads.items()
        },
        "comparisons": [dataclasses.asdict(pair) for pair in pairs],
    }
    text = json.dumps(told, indent=2)
    if options.out is not None:
        try:
            options.out.mkdir(parents=True, exist_ok=True)
            (options.out / "study.json").write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError("{path} cannot be written ({detail}).", path=options.out, detail=error.strerror) from None
    if options.json:
        print(text)
        return
    accuracies = [
        [name, f"{100 * one.mean:.1f}", f"{100 * one.deviation:.1f}", between(one.interval, ".1f"), each(one.values)]
        for name, one in spreads.items()
    ]
    print_table(("method", "target accuracy %", "± over seeds", "95 %", "each seed"), accuracies, numbers_from=1)
    differences = [
        [
            f"{pair.first} − {pair.second}",
            f"{100 * pair.mean:+.1f}",
            between(pair.interval, "+.1f"),
            f"{pair.better} of {pair.count}",
        ]
        for pair in pairs
    ]
    print_table(("difference", "points", "95 %, all together", "seeds in favour"), differences, numbers_from=1)


def between(interval: tuple[float, float] | None, how: str) -> str:
    return "" if interval is None else " … ".join(f"{100 * end:{how}}" for end in interval)


def each(values: Iterable[float]) -> str:
    return " ".join(f"{100 * value:.1f}" for value in values)


def studied(study: Study) -> Iterator[tuple[Trial, Result]]:
    """Each run of a study with its result, with a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    from da_core.events import Finished, Progress
    from da_core.study import conduct

    told = conduct(study)
    first = next(told)
    with Bar(console=Console(stderr=True)) as bar:
        task = bar.add_task("study", total=float(first.count))
        for one in itertools.chain([first], told):
            if isinstance(one.event, Progress):
                where = f"{one.trial.method} seed {one.trial.seed}"
                bar.update(task, completed=one.place - 1 + one.event.fraction, description=where)
            elif isinstance(one.event, Finished):
                yield one.trial, one.event.result


def watched(experiment: Experiment, history: list[Losses | Accuracies]) -> Finished:
    """Run to the end, with a progress bar on stderr; losses and accuracies go into ``history``."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from da_core import events
    from da_core.run import run

    told = run(experiment, embed=False, shown=None)
    first = next(told)  # what is wrong with the experiment is said before a bar appears
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("load", total=1.0)
        for event in itertools.chain([first], told):
            if isinstance(event, events.StageStarted):
                bar.update(task, description=event.stage.replace("_", " "))
            elif isinstance(event, events.Progress):
                bar.update(task, completed=event.fraction)
            elif isinstance(event, events.Losses | events.Accuracies):
                history.append(event)
            elif isinstance(event, events.Notice):
                console.print(event.message.format(**event.values))
            elif isinstance(event, events.Finished):
                return event
    raise AssertionError("a run ends with Finished")


def print_result(result: Result) -> None:
    models = {
        "source only": result.source_only,
        "… with target batch norm": result.source_only_bn,
        "adapted": result.adapted,
        "oracle": result.oracle,
    }
    metrics = ("accuracy", "precision", "recall", "f1")
    rows = [
        [name, domain, *(f"{100 * getattr(getattr(scores, domain), metric):.1f}" for metric in metrics)]
        for name, scores in models.items()
        if scores is not None
        for domain in ("target", "source", "third")
        if getattr(scores, domain) is not None
    ]
    print_table(("model", "scored on", *(f"{metric} %" for metric in metrics)), rows, numbers_from=2)
    shift = [
        [when, f"{measure.proxy_a_distance:.3f}", f"{measure.mmd:.4f}"]
        for when, measure in (("before", result.shift.before), ("after", result.shift.after))
    ]
    print_table(("features", "proxy A-distance", "MMD"), shift, numbers_from=1)
    if result.weights is not None:
        size, count = result.weights["effective_sample_size"], result.weights["samples"]
        share = 100 * result.weights["largest_share"]
        print(f"weights: effective sample size {size:.1f} of {count:.0f}, largest share {share:.1f} %")
    for domain, gain in result.gain.items():
        low, high = (100 * end for end in gain.interval)
        print(
            f"{domain}: {100 * gain.accuracy:+.1f} points ({low:+.1f} to {high:+.1f}, 95 %) on {gain.count} samples; "
            f"{gain.fixed} fixed, {gain.broken} broken"
        )
    for finding in result.findings:
        print(" ".join(text.format(**finding.values) for text in (finding.title, finding.evidence, finding.advice)))


def print_table(header: Iterable[str], rows: list[list[Any]], numbers_from: int | None = None) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for at, name in enumerate(header):
        table.add_column(name, justify="right" if numbers_from is not None and at >= numbers_from else "left")
    for line in rows:
        table.add_row(*map(str, line))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
