"""Run a search: what of it comes next within its budget, and the events of its runs to the end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from da_core.errors import UserError
from da_core.events import Event, Finished
from da_core.experiment import Experiment, MethodSpec
from da_core.several_runs.run_several import RunSeveral, in_turn
from da_core.several_runs.search import Search, SearchRun, Tried, of_settings
from da_core.several_runs.search_proposals import propose

_HOPELESS = 10
"""Runs that fail in a row, after which a search ends: quick failures would use up no budget of minutes."""


@dataclass(frozen=True)
class SearchEvent:
    """An event of run ``place`` of a search, from 1; ``tried`` is what came of it, once it is over."""

    run: SearchRun
    place: int
    event: Event | None = None
    tried: Tried | None = None


def next_method(search: Search, tried: Sequence[Tried], going: Iterable[Tried] = ()) -> MethodSpec | None:
    """Choose what to try next, as `propose` does; None as well where the budget is spent.

    ``going`` are runs that have no score yet, and count towards the budget. Raises `UserError` where so many runs in a
    row have failed that the next would, too.
    """
    lately = tried[-_HOPELESS:]
    if len(lately) == _HOPELESS and all(one.score is None for one in lately):
        raise UserError(
            "The last {count} runs of this search all failed; read why, and change what they have in common.",
            count=_HOPELESS,
        )
    begun = [*tried, *going]
    return None if search.budget.is_spent(begun) else propose(search, begun)


def next_runs(search: Search, tried: Sequence[Tried], going: Sequence[Tried] = ()) -> list[SearchRun]:
    """List the runs of one settings that come next: those that are missing of some that have begun, or all of new ones.

    None are where nothing is left, or the budget is spent. Raises `UserError` as `next_method` does.
    """
    if search.seeds > 1:
        for runs in of_settings([*tried, *going]):
            begun = {one.seeds for one in runs}
            if sum(map(len, begun)) < search.seeds and all(one.score is not None for one in runs):
                return [run for run in search.runs_of(runs[0].method) if run.seeds not in begun]
    method = next_method(search, tried, going)
    return [] if method is None else search.runs_of(method)


def conduct_search(
    search: Search, tried: Sequence[Tried] = (), run_several: RunSeveral = in_turn
) -> Iterator[SearchEvent]:
    """Run a search to the end of its budget and yield the events of its runs.

    A run that fails is noted as such, and the search goes on. ``tried`` is what an earlier part of it has. Where
    several runs go at the same time, the next is chosen by the scores that there are by then. Raises `UserError` as
    `next_method` does.
    """
    done, begun = list(tried), list[SearchRun]()
    earlier = len(done)
    since: dict[str, float] = {}
    """When settings began, or their last seed ended: together their runs take what has passed."""
    going: dict[int, Tried] = {}
    """What goes counts as tried, so that it is not chosen again and the budget holds; it has no score yet."""

    def next_experiments() -> list[Experiment]:
        runs = next_runs(search, done, list(going.values()))
        for run in runs:
            going[len(begun)] = Tried(method=run.method, seeds=run.seeds)
            begun.append(run)
            since[run.method.model_dump_json()] = time.monotonic()
        return [search.experiment_of(run.method, run.seeds[0]) for run in runs]

    for number, event in run_several(next_experiments):
        run, place, now = begun[number], earlier + number + 1, time.monotonic()
        settings = run.method.model_dump_json()
        seconds = now - since[settings]
        if isinstance(event, UserError):
            came = Tried.failed(run.method, event, seconds, run.seeds)
            going = {other: one for other, one in going.items() if one.method != run.method}
        elif isinstance(event, Exception):
            raise event
        else:
            yield SearchEvent(run, place, event)
            if not isinstance(event, Finished):
                continue
            came = Tried.of(run.method, event.result, search.validator, seconds, seeds=run.seeds)
            going.pop(number, None)  # it is not there where another seed of these settings has failed
        since[settings] = now
        done.append(came)
        yield SearchEvent(run, place, tried=came)
