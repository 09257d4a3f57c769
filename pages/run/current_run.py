"""The run that the screens after training look at: finding it, summing it up, its headline."""

from __future__ import annotations

import logging

import streamlit as st

from da_core.errors import UserError
from da_core.events import DomainScores, Result, When
from da_core.experiment import Experiment
from da_core.export.scored_rows import basis, basis_words, judged_rows
from da_core.jobs.queue import queue
from da_core.jobs.store import EXAMPLE, AwayError, Record, store
from pages.session import state
from pages.session.words import _, day, explain, language, number, percent, points, signed, word
from pages.shell import navigation

log = logging.getLogger(__name__)

GONE = "The run in this link is not here any more. Start it again: the same experiment gives the same numbers."


def load() -> Record | None:
    """Load the finished run that this session looks at; where there is none, show why and what to do."""
    run = state.run_id()
    record = store().load(run) if run else None
    if record is not None and not is_whole(record):
        offer_again()
        return None
    if record is not None:
        st.caption(f"{summary(record.experiment)} · {day(record.finished_at)}")
        if record.run_id == EXAMPLE:
            about_the_example()
        if record.experiment != state.experiment():
            st.info(_("This is the earlier run: you have changed the experiment since then and not trained it yet."))
        warn_if_cut_short(record)
        return record
    view = queue().view(run, renew=True) if run else None
    if run and view is None and tell_missing(run):
        return None
    with st.container(border=True):
        if view is not None and view.live:
            st.markdown(_("**The run is still going.** The result appears here when it ends."))
            navigation.link_to("train", _("Watch it train"))
        else:
            st.markdown(_("**There is nothing to show yet.** Train a model first, or look at one that is trained."))
            with st.container(horizontal=True, vertical_alignment="center"):
                navigation.link_to("train", _("Go to Train"))
                offer_example()
    return None


def is_whole(record: Record) -> bool:
    """Tell whether a run can be read, its arrays included: they are read with the first picture. Raises `AwayError`."""
    try:
        _evidence = record.evidence
    except AwayError:
        raise
    except UserError:
        log.warning("run %s is damaged", record.run_id, exc_info=True)
        return False
    return True


def tell_missing(run: str, *, on_train: bool = False) -> bool:
    """Say why the run of this link cannot be opened; tell whether it is there all the same, or may be."""
    try:
        damaged = store().is_damaged(run)
    except AwayError as error:
        st.warning(explain(error))
        return True
    if damaged:
        offer_again(on_train=on_train)
    else:
        st.warning(_(GONE))
    return damaged


def offer_again(*, on_train: bool = False) -> None:
    """Say that the files of a run are damaged, and lead to where its experiment, which the link has, is run again."""
    with st.container(border=True):
        st.markdown(
            _(
                "**The files of this run are damaged**, so it cannot be shown. Run it again: the same experiment gives "
                "the same numbers."
            )
        )
        if not on_train:
            navigation.link_to("train", _("Go to Train"))


def offer_example(screen: navigation.Step | None = None) -> None:
    """Draw the button that opens the example run, on this screen or on another."""
    if st.button(_("Look at the example run")):
        open_example(screen)


def open_example(screen: navigation.Step | None) -> None:
    """Make the example run the one that every screen shows, and go to ``screen`` or redraw this one."""
    if (record := store().load(EXAMPLE)) is not None:
        state.replace(record.experiment)
        state.set_run(EXAMPLE)
    if screen is None:
        st.rerun()
    navigation.switch_to(screen)


def about_the_example() -> None:
    """Say what the example run is, and why a run of the same here may differ a little."""
    st.caption(
        _(
            "This finished example comes with the app. Training it here may give slightly different numbers, because "
            "processors add numbers in different orders."
        )
    )


def summary(experiment: Experiment, *, as_study: bool = False) -> str:
    """Say in one line what an experiment trains, or what all runs of a study of it have in common."""
    from da_core.data.sources import sources
    from da_core.networks import networks
    from pages.run import run_row  # with it comes SQLAlchemy, and the first screen imports this module

    training, data = experiment.training, word(sources()[experiment.data.name].title)
    parts = [
        f"**{data}**" if as_study else f"**{run_row.method_title(experiment.method.name)}** · {data}",
        word(networks()[experiment.network.name].title),
        _("{count} epochs of batches of {size}", count=training.epochs, size=training.batch_size),
        _("seeds from {seed} on" if as_study else "seed {seed}", seed=experiment.seed),
    ]
    if as_study:
        return " · ".join(parts)
    if experiment.oracle:
        parts.append(_("with oracle"))
    if experiment.third is not None:
        parts.append(_("third domain: {title}", title=word(sources()[experiment.third.name].title)))
    return " · ".join(parts)


def warn_if_cut_short(record: Record) -> None:
    """Warn where a run was ended early, so that its numbers are of less training than was asked for."""
    if not record.complete:
        st.warning(
            _("This run was stopped early and keeps what it had learned; more epochs may change all of its numbers.")
        )


def headline(result: Result) -> None:
    """Draw source only → adapted → oracle: accuracy on the target's scored samples, and what adapting gained."""
    before, after = result.source_only.scored.accuracy, result.adapted.scored.accuracy
    gain = result.gain.get("target")
    # columns would stand below one another on a phone; three numbers fit beside each other
    with st.container(horizontal=True):
        st.metric(_("Source only"), percent(before), help=_("Trained on the source, not adapted."))
        # from an ASCII minus Streamlit reads that the arrow points down
        delta = points(after - before).replace("−", "-")
        clear = gain is not None and not gain.interval[0] <= 0 <= gain.interval[1]
        st.metric(_("Adapted"), percent(after), delta, delta_color="normal" if clear else "off")
        if result.oracle is not None:
            oracle = _("Trained on the target's own labels: an upper reference.")
            st.metric(_("Oracle"), percent(result.oracle.scored.accuracy), help=oracle)
    if not result.target_scored:
        st.info(
            _(
                "The target has no labels, so nothing is scored on it: these are scores on the source. You can "
                "download the adapted model's prediction for each target sample on Results."
            )
        )
        st.caption(judged_rows(result, language()))
    if gain is not None:
        st.caption(
            _(
                "On {count} target samples ({basis}) adapting fixed {fixed} and broke {broken}. The gain lies between "
                "{low} and {high} points (95% confidence interval).",
                count=number(gain.count),
                basis=basis_words(basis(result, "adapted", "target"), language()),
                fixed=number(gain.fixed),
                broken=number(gain.broken),
                low=signed(gain.interval[0]),
                high=signed(gain.interval[1]),
            )
        )


def target_accuracies(result: Result) -> dict[When, float]:
    """Return the accuracy on the target before and after adapting; empty where it has no labels."""
    both: tuple[tuple[When, DomainScores], ...] = (("before", result.source_only), ("after", result.adapted))
    return {when: scores.target.accuracy for when, scores in both if scores.target is not None}
