"""Run a search: what of it comes next within its budget, and the events of its runs to the end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from da_core.errors import UserError
from da_core.events import Event, Finished
from da_core.experiment import Experiment, MethodSpec
from da_core.several_runs.run_several import Runner, run_several
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
            "The last {count} runs of this search all failed; read the reason and change what they have in common.",
            count=_HOPELESS,
        )
    begun = [*tried, *going]
    return None if search.budget.is_spent(begun) else propose(search, begun)


def next_run(
    search: Search, tried: Sequence[Tried], going: Iterable[SearchRun] = (), *, ahead: bool = False
) -> SearchRun | None:
    """Choose what runs next: a seed that settings which have begun still lack, or the first of new settings.

    New settings wait for the scores of those that are ``going``, so that the same search has the same runs however many
    go at once; not so with ``ahead``. None where nothing is left, the budget is spent, or what comes next has to wait.
    Raises `UserError` as `next_method` does.
    """
    unscored = [Tried(method=run.method, seeds=run.seeds) for run in going]
    failed = {one.method.model_dump_json() for one in tried if one.score is None}
    if search.seeds > 1:
        for runs in of_settings([*tried, *unscored]):
            begun, method = {one.seeds for one in runs}, runs[0].method
            if sum(map(len, begun)) < search.seeds and method.model_dump_json() not in failed:
                return next(run for run in search.runs_of(method) if run.seeds not in begun)
    if unscored and not ahead:
        return None
    chosen = next_method(search, tried, unscored)
    return None if chosen is None else search.runs_of(chosen)[0]


def conduct_search(
    search: Search, tried: Sequence[Tried] = (), runner: Runner | None = None, *, ahead: bool = False
) -> Iterator[SearchEvent]:
    """Run a search to the end of its budget and yield the events of its runs.

    A run that fails is noted as such, and the search goes on. ``tried`` is what an earlier part of it has. See
    `next_run` for ``ahead``. Raises `UserError` as `next_method` does.
    """
    done, begun = list(tried), list[SearchRun]()
    earlier = len(done)
    since: dict[int, float] = {}
    going: dict[int, SearchRun] = {}

    def next_experiment() -> Experiment | None:
        if (run := next_run(search, done, going.values(), ahead=ahead)) is None:
            return None
        going[len(begun)] = run
        begun.append(run)
        since[len(begun)] = time.monotonic()
        return search.experiment_of(run.method, run.seeds[0])

    for number, event in run_several(next_experiment, runner):
        run, place = begun[number], earlier + number + 1
        if isinstance(event, UserError):
            came = Tried.failed(run.method, event, time.monotonic() - since[number + 1], run.seeds)
        elif isinstance(event, Exception):
            raise event
        else:
            yield SearchEvent(run, place, event)
            if not isinstance(event, Finished):
                continue
            seconds = sum(event.result.seconds.values())
            came = Tried.of(run.method, event.result, search.validator, seconds, seeds=run.seeds)
        del going[number]
        done.append(came)
        yield SearchEvent(run, place, tried=came)
