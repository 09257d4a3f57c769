"""Describe a run for lists and comparisons: its title, facts and numbers; and open one."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from da_core.experiment import DataSpec
from da_core.jobs.database.run_database import KeptRun
from da_core.jobs.store import store
from pages.session import access, state
from pages.session.words import _, moment, percent, points, word
from pages.shell import navigation


def list_runs() -> list[KeptRun]:
    """List this visitor's runs, those in the bin too, the newest first."""
    return store().database.listed(access.list_owner())


def pairs(runs: Sequence[KeptRun]) -> dict[str, DataSpec]:
    """Return the domain pairs that are among the runs; one with settings that this version does not know is none."""
    specs: dict[str, DataSpec] = {}
    for run in runs:
        if run.pair not in specs and run.is_readable:
            specs[run.pair] = run.experiment.data
    return specs


def title(run: KeptRun) -> str:
    """Return the name that a person gave a run, else its method and seed."""
    return run.name or f"{method_title(run.method)} · {_('seed {seed}', seed=run.seed)}"


def titles(runs: Sequence[KeptRun]) -> list[str]:
    """Return titles that tell the runs apart: where two are alike, with a part of their ids."""
    plain = [title(run) for run in runs]
    return [
        f"{name} ({run.run_id[-4:]})" if plain.count(name) > 1 else name for name, run in zip(plain, runs, strict=True)
    ]


def method_title(name: str) -> str:
    """Return the title of a method in the reader's language; of one that is no longer there, its name."""
    from da_core.methods import methods

    return word(methods()[name].title) if name in methods() else name


def pair_title(data: DataSpec) -> str:
    """Return the title of a domain pair with its settings; of own files their names, or the domains' in one file."""
    from da_core.data.readers.uploads import place_name
    from da_core.data.sources import sources

    if data.source is not None and data.target is not None:
        return f"{place_name(data.source)} → {place_name(data.target)}"
    if data.source is not None:
        domains = [str(data.params[end]) for end in ("source_domain", "target_domain") if data.params.get(end)]
        return place_name(data.source) + (f" ({' → '.join(domains)})" if domains else "")
    named = word(sources()[data.name].title) if data.name in sources() else data.name
    settings = ", ".join(f"{name} {value}" for name, value in data.params.items())
    return f"{named} ({settings})" if settings else named


def facts(run: KeptRun) -> str:
    """Write pair, method, seed, when, and the tags, as HTML."""
    parts = [pair_title(run.experiment.data)]
    if run.name:
        parts.append(method_title(run.method))
        parts.append(_("seed {seed}", seed=run.seed))
    parts.append(moment(run.finished_at))
    if not run.complete:
        parts.append(_("cut short"))
    tags = "".join(f'<span class="lab-tag">{escape(tag)}</span>' for tag in run.tags)
    return f'<div class="lab-run-facts">{escape(" · ".join(parts))}{tags}</div>'


def numbers(run: KeptRun) -> str:
    """Write accuracy on the target before → after and the gain, as HTML."""
    if run.before is None or run.after is None or run.gain is None:
        return f'<div class="lab-run-numbers">{_("not scored: no target labels")}</div>'
    kind = "up" if run.gain >= 0.0005 else "down" if run.gain <= -0.0005 else ""
    return (
        f'<div class="lab-run-numbers">{percent(run.before)} → <b>{percent(run.after)}</b>'
        f'<span class="{kind}">{points(run.gain)}</span></div>'
    )


def open_run(run: KeptRun, screen: navigation.Step) -> None:
    """Make the run the one that every screen shows, with its experiment, and go there."""
    state.replace(run.experiment)
    state.set_run(run.run_id)
    navigation.switch_to(screen)
