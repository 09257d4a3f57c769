"""Every run that finished: found, named, compared, and ranked on a domain pair. Nothing trains here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from da_core.errors import UserError
from da_core.jobs.run_database import MOST_TAGS, KeptRun
from da_core.jobs.store import store
from pages.run import compare, run_labels
from pages.session import state
from pages.session.words import _, safe
from pages.shell import navigation

_A_PAGE = 20
_PICKED = "lab.picked"
"""Session state: the ids of the runs that are ticked, in the order of ticking."""
_VIEW = "lab-runs-view"
ORDERS: dict[str, Callable[[KeptRun], float]] = {
    "Newest first": lambda run: run.finished_at.timestamp(),
    "Most gained first": lambda run: -1.0 if run.gain is None else run.gain,
    "Most accurate first": lambda run: -1.0 if run.after is None else run.after,
}


def picked() -> list[str]:
    found: list[str] = st.session_state.setdefault(_PICKED, [])
    return found


def pick(run_id: str) -> None:
    """Follow a tick: the widget forgets it when its row is not drawn."""
    if st.session_state[f"lab-pick-{run_id}"]:
        picked().append(run_id)
    elif run_id in picked():
        picked().remove(run_id)


def attempt(change: Callable[[], None]) -> None:
    """Change the list in a callback; a refusal is told by the frame."""
    try:
        change()
    except UserError as error:
        state.report(error)


def delete(run_ids: Sequence[str]) -> None:
    attempt(lambda: store().database.delete(run_ids, run_labels.mine()))
    st.session_state[_PICKED] = []


def found(runs: Sequence[KeptRun]) -> list[KeptRun]:
    """The runs that the row of filters leaves, in the order it asks for."""
    pairs = {run.pair: run_labels.pair_title(run.experiment.data) for run in runs}
    methods = {
        name: run_labels.method_title(name) for name in dict.fromkeys(run.experiment.method.name for run in runs)
    }
    tags = sorted({tag for run in runs for tag in run.tags})
    with st.container(key="lab-runs-filters", horizontal=True, vertical_alignment="bottom"):
        sought = st.text_input(
            _("Search runs"), placeholder=_("Search runs"), key="lab-runs-sought", label_visibility="collapsed"
        )
        pair = _choice("pair", _("All pairs"), pairs)
        method = _choice("method", _("All methods"), methods)
        tag = _choice("tag", _("All tags"), {tag: tag for tag in tags})
        order = _choice("order", "", {name: _(name) for name in ORDERS})
    words = sought.casefold().split()
    left = [
        run
        for run in runs
        if (not pair or run.pair == pair)
        and (not method or run.experiment.method.name == method)
        and (not tag or tag in run.tags)
        and all(part in _text(run) for part in words)
    ]
    return sorted(left, key=ORDERS[order], reverse=True)


def _choice(name: str, everything: str, options: dict[str, str]) -> str:
    names = {"": everything, **options} if everything else options
    chosen: str = st.selectbox(
        everything or _("Order"),
        list(names),
        format_func=names.__getitem__,
        key=f"lab-runs-{name}",
        label_visibility="collapsed",
        disabled=len(options) < 2 and bool(everything),
    )
    return chosen


def _text(run: KeptRun) -> str:
    data = run.experiment.data
    parts = (
        run_labels.title(run),
        run_labels.pair_title(data),
        run_labels.method_title(run.experiment.method.name),
        *run.tags,
    )
    return " ".join((*parts, data.name, run.experiment.method.name, run.run_id)).casefold()


def rows(runs: Sequence[KeptRun]) -> None:
    """One line a run: tick, name, facts, numbers."""
    pages = -(-len(runs) // _A_PAGE)
    page = min(st.session_state.get("lab-runs-page", 1), pages)
    with st.container(key="lab-runs-list", gap=None):
        for run in runs[(page - 1) * _A_PAGE : page * _A_PAGE]:
            shown = "-shown" if run.run_id == state.run_id() else ""
            with st.container(key=f"lab-run-{run.run_id}{shown}", horizontal=True, vertical_alignment="center"):
                key = f"lab-pick-{run.run_id}"
                st.session_state[key] = run.run_id in picked()
                st.checkbox(
                    run_labels.title(run),
                    key=key,
                    on_change=pick,
                    args=(run.run_id,),
                    label_visibility="collapsed",
                    width=24,
                )
                with st.container(gap=None, width="stretch"):
                    if st.button(safe(run_labels.title(run)), key=f"lab-open-{run.run_id}", type="tertiary"):
                        run_labels.open_run(run, "results")
                    st.html(run_labels.facts(run))
                st.html(run_labels.numbers(run), width="content")
    if pages > 1:
        st.pagination(pages, key="lab-runs-page")


def actions(runs: Sequence[KeptRun], known: Sequence[str]) -> None:
    """What can be done with the ticked runs; ``known`` are all tags."""
    with st.container(key="lab-runs-actions", horizontal=True, vertical_alignment="center"):
        if not runs:
            st.markdown(f":gray[{_('Tick a run to name or delete it, two or more to compare them.')}]")
            return
        st.markdown(_("{count} ticked", count=len(runs)), width="content")
        if len(runs) > 1:
            st.button(_("Compare"), type="primary", key="lab-compare", on_click=_show, args=("compare",))
        else:
            if st.button(_("See what moved"), key="lab-see"):
                run_labels.open_run(runs[0], "features")
            with st.popover(_("Name and tags")):
                naming(runs[0], known)
        run_ids = [run.run_id for run in runs]
        st.button(_("Put into the bin"), key="lab-delete", on_click=delete, args=(run_ids,))
        st.button(_("Clear"), type="tertiary", key="lab-clear", on_click=picked().clear)


def _show(view: str) -> None:
    st.session_state[_VIEW] = view


def naming(run: KeptRun, known: Sequence[str]) -> None:
    """What a person calls a run, for themselves; ``known`` are the tags that they have used."""
    with st.form(f"lab-name-{run.run_id}", border=False):
        tags = st.multiselect(
            _("Tags"),
            known,
            list(run.tags),
            accept_new_options=True,
            max_selections=MOST_TAGS,
            placeholder=_("Choose tags or type new ones"),
        )
        # below the tags, whose list of choices stays open over what comes next: it must not be the button
        name = st.text_input(_("Name"), run.name, max_chars=80, placeholder=run_labels.title(run))
        if st.form_submit_button(_("Save"), type="primary"):
            try:
                store().database.rename(run.run_id, run_labels.mine(), name)
                store().database.tag(run.run_id, run_labels.mine(), tags)
            except UserError as error:
                state.report(error)
            st.rerun()


def the_bin(runs: Sequence[KeptRun]) -> None:
    """What was put away: back into the list, or gone for good."""
    if not runs:
        st.markdown(_("The bin is empty."))
        return
    with st.popover(_("Empty the bin")):
        st.markdown(_("The runs in the bin will be gone for good."))
        st.button(
            _("Delete for good"), type="primary", on_click=lambda: attempt(lambda: store().empty_bin(run_labels.mine()))
        )
    with st.container(key="lab-runs-list", gap=None):
        for run in runs:
            with st.container(key=f"lab-run-{run.run_id}", horizontal=True, vertical_alignment="center"):
                with st.container(gap=None, width="stretch"):
                    st.markdown(safe(run_labels.title(run)))
                    st.html(run_labels.facts(run))
                st.html(run_labels.numbers(run), width="content")
                st.button(
                    _("Restore"),
                    key=f"lab-restore-{run.run_id}",
                    on_click=lambda run_id: attempt(lambda: store().database.restore([run_id], run_labels.mine())),
                    args=(run.run_id,),
                )


def not_mine(runs: Sequence[KeptRun]) -> None:
    """A run that came by a link can be kept."""
    run = state.run_id()
    if run is None or run in {mine.run_id for mine in runs} or store().load(run) is None:
        return
    with st.container(key="lab-line", horizontal=True, vertical_alignment="center"):
        st.markdown(_("The run of this link is not in your list."), width="content")
        st.button(_("Keep it"), on_click=lambda: attempt(lambda: store().database.keep(run, run_labels.mine())))


st.title(_(navigation.SCREENS["runs"].title), anchor=False)
st.html(f'<div class="lab-purpose">{_(navigation.SCREENS["runs"].purpose)}</div>')
with st.spinner(_("Waking up the methods…")):
    import da_core.methods  # noqa: F401  # their titles

all_runs = run_labels.listed()
here, binned = [run for run in all_runs if not run.deleted_at], [run for run in all_runs if run.deleted_at]
ticked = [run for run_id in picked() for run in here if run.run_id == run_id]
not_mine(all_runs)
if not all_runs:
    with st.container(border=True):
        st.markdown(_("**There are no runs yet.** Each that finishes is kept here, with its settings and pictures."))
        navigation.go("train", _("Go to Train"))
else:
    views = {
        "list": _("All runs ({count})", count=len(here)),
        "compare": _("Compare ({count})", count=len(ticked)),
        "leaderboard": _("Leaderboard"),
        "bin": _("Bin ({count})", count=len(binned)),
    }
    st.session_state.setdefault(_VIEW, "list")
    view = st.segmented_control(
        _("View"),
        list(views),
        format_func=views.__getitem__,
        required=True,
        key=_VIEW,
        label_visibility="collapsed",
    )
    match view:
        case "compare":
            compare.side_by_side(ticked)
        case "leaderboard":
            compare.leaderboard_of(here)
        case "bin":
            the_bin(binned)
        case _:
            left = found(here)
            actions(ticked, sorted({tag for run in here for tag in run.tags}))
            if not left:
                st.info(_("No run fits. Change the search or the filters."))
            rows(left)
