"""``search``: the best method and settings for a pair, by a validator and within a budget."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from da_core.cli.options import Commands, add_experiment_options, add_methods_option, experiment_of, names_of, runner
from da_core.cli.run_command import download_missing
from da_core.cli.terminal_tables import print_table, progress_bar
from da_core.errors import UserError
from da_core.settings import settings
from da_core.whole_files import write_whole

if TYPE_CHECKING:
    from da_core.several_runs.search import Search
    from da_core.several_runs.tried import Tried

_SHOWN = 20
"""Rows of the leaderboard that are printed; ``leaderboard.csv`` has all."""
_RECORD = "search.json"


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("search", help="search methods and settings by a validator, within a budget")
    add_experiment_options(command)
    command.add_argument("--budget", required=True, help="number of runs, such as 20, or a time, such as 5m or 2h")
    command.add_argument("--validator", required=True, help="the validator that scores the runs (see list validators)")
    add_methods_option(command, "names of methods (default: source only and those that “recommend” names)")
    command.add_argument(
        "--seeds",
        type=int,
        default=1,
        help="runs of each setting (default: 1); their mean is its score, and each counts as a run",
    )
    command.add_argument("--peek", action="store_true", help="allow the oracle as validator; it uses all target labels")
    command.add_argument("--reveal", action="store_true", help="also show target accuracy and regret")
    command.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write search.json, leaderboard.csv and the best experiment.json to this folder",
    )
    command.add_argument("--json", action="store_true", help="print the search as JSON instead of a table")
    command.set_defaults(do=do_search, method=None)


def do_search(options: argparse.Namespace) -> None:
    """Start or resume the search and print the leaderboard; Ctrl-C ends it with the results so far."""
    search = search_of(options)
    tried = [] if options.out is None else read_tried(options.out, search)
    if tried:
        print(f"Going on after {len(tried)} runs.", file=sys.stderr)
    try:
        _conduct(search, tried, options.out)
    except KeyboardInterrupt:
        print("Stopped; these are the results so far.", file=sys.stderr)
    if options.json:
        print(json.dumps(summary(search, tried, reveal=options.reveal), indent=2))
    else:
        _print(search, tried, reveal=options.reveal)


def search_of(options: argparse.Namespace) -> Search:
    """Make the search that the options describe. Raises `UserError` where they describe none."""
    from da_core.evaluation.recommendation import suggested_methods
    from da_core.several_runs.search import Budget, Search

    budget = Budget.read(options.budget)
    experiment = experiment_of(options)
    download_missing(experiment.data)
    names = (
        suggested_methods(experiment.data, experiment.seed) if options.methods is None else names_of(options.methods)
    )
    return Search.of(
        experiment,
        names,
        options.validator,
        budget,
        seed=experiment.seed,
        seeds=options.seeds,
        unlocked=options.peek,
        ahead=bool(settings().cluster),
    )


def read_tried(folder: Path, search: Search) -> list[Tried]:
    """Read the earlier runs of the same search, of any budget; an empty list if the folder has none.

    Raises `UserError` where another search, or something else, lies there: it would be overwritten.
    """
    from da_core.several_runs.search import Search
    from da_core.several_runs.tried import Tried

    place = folder / _RECORD
    if not place.exists():
        return []
    try:
        kept = json.loads(place.read_text(encoding="utf-8"))
        same = Search.model_validate(kept["search"]).has_the_runs_of(search)
        tried = [Tried.model_validate(one) for one in kept["tried"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError("{path} is not the record of a search ({detail}).", path=place, detail=error) from None
    if not same:
        raise UserError("{path} belongs to another search; choose another folder for --out.", path=place)
    return tried


def summary(search: Search, tried: Sequence[Tried], *, reveal: bool) -> dict[str, Any]:
    """Describe a search in JSON values, the runs in their order; with ``reveal``, also target accuracies."""
    from da_core.export.search_table import regret
    from da_core.several_runs.search_proposals import importance
    from da_core.several_runs.tried import best, over_seeds

    settings = over_seeds(search, tried)
    first = best(settings)
    hidden = None if reveal else {"target_accuracy"}
    found: dict[str, Any] = {
        "search": search.model_dump(mode="json"),
        "tried": [one.model_dump(mode="json", exclude=hidden) for one in tried],
        "best": None if first is None else first.model_dump(mode="json", exclude=hidden),
        "experiment": None if first is None else search.experiment_with(first.method).model_dump(mode="json"),
        "importance": {} if first is None else importance(search, settings, first.method.name),
    }
    return found | ({"regret": regret(settings)} if reveal else {})


def write_search(folder: Path, search: Search, tried: Sequence[Tried]) -> None:
    """Write the record, the leaderboard and the best experiment so far. Raises `UserError` where that cannot be."""
    from da_core.export.search_table import leaderboard_csv
    from da_core.several_runs.tried import best, over_seeds

    kept = {"search": search.model_dump(mode="json"), "tried": [one.model_dump(mode="json") for one in tried]}
    settings = over_seeds(search, tried)
    first = best(settings)
    write_whole(folder / _RECORD, json.dumps(kept, indent=2).encode())  # one that is cut could not be gone on with
    write_whole(folder / "leaderboard.csv", leaderboard_csv(search, settings))
    if first is not None:
        write_whole(folder / "experiment.json", search.experiment_with(first.method).model_dump_json(indent=2).encode())


def _conduct(search: Search, tried: list[Tried], out: Path | None) -> None:
    """Run the rest of the search, with a progress bar on stderr; append to ``tried`` and write after every run."""
    from da_core.events import Progress
    from da_core.several_runs.run_plan import do_runs
    from da_core.several_runs.tried import best, over_seeds

    with progress_bar("search") as (bar, task):
        going: dict[int, float] = {}
        for step in do_runs(search, tried, runner()):
            if step.outcome is not None:
                tried.append(step.outcome)
                if out is not None:
                    write_search(out, search, tried)
            first = best(over_seeds(search, tried))
            so_far = "" if first is None else f", best {first.method.name} {first.score:.4g}"
            if step.outcome is not None:
                going.pop(step.place, None)
            elif isinstance(step.event, Progress):
                going[step.place] = step.event.fraction
            bar.update(
                task,
                completed=search.budget.share(tried, sum(going.values())),
                description=f"run {step.place} {step.task.method.name}{so_far}",
            )


def _print(search: Search, tried: Sequence[Tried], *, reveal: bool) -> None:
    from da_core.export.search_table import regret, settings_words, spread_words
    from da_core.several_runs.search_proposals import importance, importance_of_method
    from da_core.several_runs.tried import over_seeds, ranked

    tried = over_seeds(search, tried)
    scored = ranked(tried)
    spread = [f"lowest to highest of {search.seeds} seeds"] if search.seeds > 1 else []
    header = ["", "method", "settings", search.validator, *spread, "seconds"]
    rows = []
    for place, one in enumerate(scored[:_SHOWN], start=1):
        row = [place, one.method.name, settings_words(one), f"{one.score:.4g}"]
        row += [*([spread_words(one, "{:.4g}".format)] if spread else []), f"{one.seconds:.1f}"]
        if reveal:
            row.append("" if one.target_accuracy is None else f"{100 * one.target_accuracy:.1f}")
        rows.append(row)
    print_table([*header, *(["target accuracy %"] if reveal else [])], rows)
    for one in tried:
        if one.score is None:
            print(f"- no score: {one.method.name} {settings_words(one)}: {one.problem.format(**one.values)}")
    if not scored:
        return
    if (share := importance_of_method(tried)) is not None:
        print(f"{share:.0%} of the scores' variance lies between the methods")
    shares = importance(search, tried, scored[0].method.name)
    if shares:
        listed = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
        print(f"importance of the settings of {scored[0].method.name}: {listed}")
    if reveal:
        lost = regret(tried)
        print(
            "no regret: the target has no labels"
            if lost is None
            else f"regret: {100 * lost:.1f} points of target accuracy"
        )
