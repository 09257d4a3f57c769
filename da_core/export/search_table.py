"""The leaderboard of a search, for a table on a screen, in the terminal and in a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from da_core.export.spreadsheet import escape_formula, to_csv
from da_core.several_runs.search import Search
from da_core.several_runs.tried import Tried, ranked


def settings_words(tried: Tried) -> str:
    """Write the settings that differ from a method's defaults: “weight=0.3 hidden=64”; empty where none does."""
    return " ".join(f"{name}={value}" for name, value in tried.method.params.items())


def spread_words(tried: Tried, written: Callable[[float], str]) -> str:
    """Write from where to where the scores of several seeds lie; empty where there is one."""
    return f"{written(min(tried.scores))} – {written(max(tried.scores))}" if tried.scores else ""


def regret(tried: Sequence[Tried]) -> float | None:
    """Compute how far the best by the validator is below the best of the scored runs by target accuracy, as a fraction.

    None where the target has no labels, or nothing has a score.
    """
    scored = ranked(tried)
    accuracies = [run.target_accuracy for run in scored if run.target_accuracy is not None]
    if not scored or len(accuracies) < len(scored):
        return None
    return max(accuracies) - accuracies[0]


def leaderboard_csv(search: Search, tried: Sequence[Tried]) -> bytes:
    """Write all settings as CSV that Excel reads, the best first and at the end those without a score, with the reason.

    ``run`` is the place in the search, from 1; ``lowest`` and ``highest`` are the scores of several seeds. Target
    accuracy is left out: who chooses by it has peeked.
    """
    without = [run for run in tried if run.score is None]
    rows: list[list[object]] = []
    for place, run in enumerate([*ranked(tried), *without], start=1):
        rows.append(
            [
                "" if run.score is None else place,
                next(at for at, other in enumerate(tried, start=1) if other is run),
                run.method.name,
                escape_formula(settings_words(run)),
                search.validator,
                "" if run.score is None else f"{run.score:.6g}",
                *(f"{end(run.scores):.6g}" if run.scores else "" for end in (min, max)),
                f"{run.seconds:.1f}",
                escape_formula(run.problem.format(**run.values)),
            ]
        )
    columns = ("place", "run", "method", "settings", "validator", "score", "lowest", "highest", "seconds", "problem")
    return to_csv(columns, rows)
