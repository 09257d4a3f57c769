"""Every run that finished: search, names and tags, comparison, leaderboard and bin. Nothing trains here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import streamlit as st

from da_core.jobs.database.run_database import MOST_TAGS, KeptRun
from da_core.jobs.store import EXAMPLE, store
from pages.run import compare, current_run, run_row
from pages.session import access, account, keys, state
from pages.session.words import _, paragraph, safe, translate_message
from pages.shell import cards, navigation

_PAGE_SIZE = 20
ORDERS: dict[str, Callable[[KeptRun], float]] = {
    "Newest first": lambda run: run.finished_at.timestamp(),
    "Largest gain first": lambda run: -1.0 if run.gain is None else run.gain,
    "Highest accuracy first": lambda run: -1.0 if run.after is None else run.after,
}


def ticked_ids() -> list[str]:
    """Return the ids of the ticked runs, in the order of ticking."""
    ids: list[str] = st.session_state.setdefault(keys.TICKED_RUNS, [])
    return ids


def follow_tick(run_id: str, is_ticked: bool) -> None:
    """Take over a tick from its checkbox, which forgets it when its row is not drawn."""
    if is_ticked:
        ticked_ids().append(run_id)
    elif run_id in ticked_ids():
        ticked_ids().remove(run_id)


def attempt(change: Callable[[str], None]) -> None:
    """Change the visitor's list, which ``change`` gets the owner of, in a callback; the frame shows a refusal."""
    with state.reporting():
        change(access.list_owner())


def delete(run_ids: Sequence[str]) -> None:
    """Put runs into the bin."""
    attempt(lambda owner: store().database.delete(run_ids, owner))
    st.session_state[keys.TICKED_RUNS] = []


def filtered(runs: Sequence[KeptRun]) -> list[KeptRun]:
    """Draw the row of filters, and return the runs that they leave in the order that is asked for."""
    data = run_row.pairs(runs)
    pairs = {key: run_row.pair_title(of) for key, of in data.items()}
    methods = {name: run_row.method_title(name) for name in dict.fromkeys(run.method for run in runs)}
    tags = sorted({tag for run in runs for tag in run.tags})
    with st.container(key=keys.RUNS_FILTERS, horizontal=True, vertical_alignment="bottom"):
        query = st.text_input(
            _("Search runs"), placeholder=_("Search runs"), key=keys.RUNS_SEARCH, label_visibility="collapsed"
        )
        pair = _choice("pair", _("All pairs"), pairs)
        method = _choice("method", _("All methods"), methods)
        tag = _choice("tag", _("All tags"), {tag: tag for tag in tags})
        order = _choice("order", "", {name: _(name) for name in ORDERS})
    words = query.casefold().split()
    searched = {key: f"{title} {data[key].name}" for key, title in pairs.items()}
    left = [
        run
        for run in runs
        if (not pair or run.pair == pair)
        and (not method or run.method == method)
        and (not tag or tag in run.tags)
        and all(part in _text(run, searched) for part in words)
    ]
    return sorted(left, key=ORDERS[order], reverse=True)


def _choice(name: str, everything: str, options: dict[str, str]) -> str:
    names = {"": everything, **options} if everything else options
    chosen: str = st.selectbox(
        everything or _("Order"),
        list(names),
        format_func=names.__getitem__,
        key=keys.runs_filter(name),
        label_visibility="collapsed",
        disabled=len(options) < 2 and bool(everything),
    )
    return chosen


def _text(run: KeptRun, pairs: Mapping[str, str]) -> str:
    """Write what a search looks through; ``pairs`` are the words for each domain pair."""
    parts = (run_row.title(run), pairs.get(run.pair, ""), run_row.method_title(run.method), *run.tags)
    return " ".join((*parts, run.method, run.run_id)).casefold()


def _is_readable(run: KeptRun) -> bool:
    return run.is_readable


def rows(runs: Sequence[KeptRun]) -> None:
    """Draw one line a run: tick, name, facts, numbers."""
    pages = -(-len(runs) // _PAGE_SIZE)
    page = min(st.session_state.get(keys.RUNS_PAGE, 1), pages)
    with st.container(key=keys.RUNS_LIST, gap=None):
        for run in filter(_is_readable, runs[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE]):
            row = keys.run_row_shown if run.run_id == state.run_id() else keys.run_row
            with st.container(key=row(run.run_id), horizontal=True, vertical_alignment="center"):
                is_ticked = run.run_id in ticked_ids()
                bound = state.bound(keys.tick(run.run_id), is_ticked, partial(follow_tick, run.run_id))
                st.checkbox(run_row.title(run), label_visibility="collapsed", width=24, **bound)
                with st.container(gap=None, width="stretch"):
                    if st.button(safe(run_row.title(run)), key=keys.open_run(run.run_id), type="tertiary"):
                        run_row.open_run(run, "results")
                    st.html(run_row.facts(run))
                st.html(run_row.numbers(run), width="content")
    if pages > 1:
        st.pagination(pages, key=keys.RUNS_PAGE)


def actions(runs: Sequence[KeptRun], known: Sequence[str], hidden: int) -> None:
    """Draw what can be done with the ticked runs, of which a search hides ``hidden``; ``known`` are all tags."""
    with st.container(key=keys.RUNS_ACTIONS, horizontal=True, vertical_alignment="center"):
        if not runs:
            st.markdown(f":gray[{_('Tick a run to name or delete it, two or more to compare them.')}]")
            return
        out_of_sight = _("({count} of them hidden by the search)", count=hidden) if hidden else ""
        st.markdown(paragraph(_("{count} ticked", count=len(runs)), out_of_sight), width="content")
        if len(runs) > 1:
            st.button(_("Compare"), type="primary", key=keys.COMPARE, on_click=_show, args=("compare",))
        else:
            if st.button(_("See what moved")):
                run_row.open_run(runs[0], "features")
            with st.popover(_("Name and tags")):
                naming(runs[0], known)
        run_ids = [run.run_id for run in runs]
        st.button(_("Move to bin"), key=keys.DELETE, on_click=delete, args=(run_ids,))
        st.button(_("Clear"), type="tertiary", on_click=ticked_ids().clear)


def _show(view: str) -> None:
    st.session_state[keys.RUNS_VIEW] = view


def naming(run: KeptRun, known: Sequence[str]) -> None:
    """Ask what to call a run and how to tag it; ``known`` are the tags that the visitor has used."""
    with st.form(keys.naming(run.run_id), border=False):
        tags = st.multiselect(
            _("Tags"),
            known,
            list(run.tags),
            accept_new_options=True,
            max_selections=MOST_TAGS,
            placeholder=_("Choose tags or type new ones"),
        )
        # below the tags, whose list of choices stays open over what comes next: it must not be the button
        name = st.text_input(_("Name"), run.name, max_chars=80, placeholder=run_row.title(run))
        if st.form_submit_button(_("Save"), type="primary"):
            with state.reporting():
                store().database.rename(run.run_id, access.list_owner(), name)
                store().database.tag(run.run_id, access.list_owner(), tags)
            st.rerun()


def the_bin(runs: Sequence[KeptRun]) -> None:
    """Draw what was put away: back into the list, or gone for good."""
    if not runs:
        st.markdown(_("The bin is empty."))
        return
    with st.popover(_("Empty the bin")):
        st.markdown(_("The runs in the bin will be deleted permanently."))
        st.button(_("Delete permanently"), type="primary", on_click=attempt, args=(store().empty_bin,))
    with st.container(key=keys.RUNS_LIST, gap=None):
        for run in filter(_is_readable, runs):
            with st.container(key=keys.run_row(run.run_id), horizontal=True, vertical_alignment="center"):
                with st.container(gap=None, width="stretch"):
                    st.markdown(safe(run_row.title(run)))
                    st.html(run_row.facts(run))
                st.html(run_row.numbers(run), width="content")
                st.button(
                    _("Restore"),
                    key=keys.restore(run.run_id),
                    on_click=lambda run_id: attempt(lambda owner: store().database.restore([run_id], owner)),
                    args=(run.run_id,),
                )


def offer_to_keep(runs: Sequence[KeptRun]) -> None:
    """Offer to add the run of a link to the visitor's list, ``runs``, where it is not in it."""
    run = state.run_id()
    if run is None or run == EXAMPLE or run in {listed.run_id for listed in runs} or store().load(run) is None:
        return
    with st.container(key=keys.RUN_LINE, horizontal=True, vertical_alignment="center"):
        st.markdown(_("The run of this link is not in your list."), width="content")
        st.button(_("Keep it"), on_click=lambda: attempt(lambda owner: store().database.keep(run, owner)))


def offer_to_take_along() -> None:
    """Offer a signed-in visitor the earlier runs of this browser."""
    browser = account.browser()
    if account.signed_in_as() is None or browser is None or not (earlier := store().database.listed(browser)):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            _("Runs of this browser from before you signed in: {count}.", count=len(earlier)),
            help=_("Adds them to your list with their names and tags, together with your progress in the course."),
            width="content",
        )
        st.button(
            _("Add them to my list"), on_click=attempt, args=(lambda owner: store().database.hand_over(browser, owner),)
        )


def page() -> None:
    """Draw the screen. The lists live in here: callbacks keep what the module holds as long as a session lives."""
    navigation.header("runs")
    with st.spinner(_("Loading the methods…")):
        import da_core.methods  # noqa: F401  # their titles

    all_runs = run_row.list_runs()
    if (notice := store().rebuilt_notice) is not None:
        st.warning(translate_message(notice.message, notice.values))
    here, binned = [run for run in all_runs if not run.deleted_at], [run for run in all_runs if run.deleted_at]
    ticked = [run for run_id in ticked_ids() for run in here if run.run_id == run_id]
    offer_to_take_along()
    offer_to_keep(all_runs)
    if not all_runs:
        with st.container(border=True):
            st.markdown(
                _("**There are no runs yet.** Every finished run is kept here, with its settings and pictures.")
            )
            with st.container(horizontal=True, vertical_alignment="center"):
                navigation.link_to("train", _("Go to Train"))
                current_run.offer_example("results")
    else:
        views = {
            "list": _("All runs ({count})", count=len(here)),
            "compare": _("Compare ({count})", count=len(ticked)),
            "leaderboard": _("Leaderboard"),
            "bin": _("Bin ({count})", count=len(binned)),
        }
        match cards.segments(_("View"), views, keys.RUNS_VIEW):
            case "compare":
                compare.side_by_side(ticked)
            case "leaderboard":
                compare.leaderboard_of(here)
            case "bin":
                the_bin(binned)
            case _:
                left = filtered(here)
                hidden = sum(run not in left for run in ticked)
                actions(ticked, sorted({tag for run in here for tag in run.tags}), hidden)
                if not left:
                    st.info(_("No run matches. Change the search or the filters."))
                rows(left)


page()
