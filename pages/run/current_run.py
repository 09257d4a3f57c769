"""What the screens after training share: the run they look at, its headline, and what hover shows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor, wait

import streamlit as st

from da_core.events import DomainScores, Result, When
from da_core.experiment import Experiment
from da_core.jobs.queue import queue
from da_core.jobs.store import Record, store
from pages.samples.shown_samples import ShownSamples, shown
from pages.session import state, words
from pages.session.words import _, number, percent, signed, word
from pages.shell import navigation

_KEPT = 32


def looked_at() -> Record | None:
    """The finished run that this session looks at; where there is none, the page says why and what to do."""
    run = state.run_id()
    record = store().load(run) if run else None
    if record is not None:
        st.caption(f"{summary(record.experiment)} · {words.day(record.finished_at)}")
        if record.experiment != state.experiment():
            st.info(_("This is the run of before: you have changed the experiment since, and not trained it yet."))
        cut_short(record)
        return record
    view = queue().view(run, renew=True) if run else None
    with st.container(border=True):
        if view is not None and view.live:
            st.markdown(_("**The run is still going.** What came of it stands here as soon as it is done."))
            navigation.go("train", _("Watch it train"))
        else:
            st.markdown(_("**There is nothing to show yet.** Train a model first."))
            navigation.go("train", _("Go to Train"))
    return None


def summary(experiment: Experiment) -> str:
    """What will be trained, in one line."""
    from da_core.data.sources import sources
    from da_core.networks import networks
    from pages.run import run_labels  # with it comes SQLAlchemy, and the first screen imports this module

    training = experiment.training
    parts = [
        f"**{run_labels.method_title(experiment.method.name)}**",
        word(sources()[experiment.data.name].title),
        word(networks()[experiment.network.name].title),
        _("{count} epochs of batches of {size}", count=training.epochs, size=training.batch_size),
        _("seed {seed}", seed=experiment.seed),
    ]
    if experiment.oracle:
        parts.append(_("with oracle"))
    if experiment.third is not None:
        parts.append(_("third domain: {title}", title=word(sources()[experiment.third.name].title)))
    return " · ".join(parts)


def cut_short(record: Record) -> None:
    """Say of a run that was ended early that its numbers are of less training than was asked for."""
    if not record.complete:
        st.warning(
            _("This run was cut short and keeps what it had learned: more epochs may change all of its numbers.")
        )


def headline(result: Result) -> None:
    """Source only → adapted → oracle: accuracy on the target's held-out part, and what adapting gained.

    Where the target has no labels the source's stands there, and a sentence that says so.
    """
    before, after = result.source_only.scored.accuracy, result.adapted.scored.accuracy
    gain = result.gain.get("target")
    # columns would stand below one another on a phone; three numbers fit beside each other
    with st.container(horizontal=True, key="lab-headline"):
        st.metric(_("Source only"), percent(before), help=_("Trained on the source, not adapted."))
        # from an ASCII minus Streamlit reads that the arrow points down
        delta = points(after - before).replace("−", "-")
        clear = gain is not None and not gain.interval[0] <= 0 <= gain.interval[1]
        st.metric(_("Adapted"), percent(after), delta, delta_color="normal" if clear else "off")
        if result.oracle is not None:
            oracle = _("Trained on the target's own labels: the most one can hope for.")
            st.metric(_("Oracle"), percent(result.oracle.scored.accuracy), help=oracle)
    if not result.target_scored:
        st.info(
            _(
                "The target has no labels, so nothing is scored on it: these are scores on held-out samples of the "
                "source. What the adapted model takes each target sample for can be downloaded on Results."
            )
        )
    if gain is not None:
        st.caption(
            _(
                "On {count} held-out target samples adapting fixed {fixed} and broke {broken}. The gain lies between "
                "{low} and {high} points (95 %).",
                count=number(gain.count),
                fixed=number(gain.fixed),
                broken=number(gain.broken),
                low=signed(gain.interval[0]),
                high=signed(gain.interval[1]),
            )
        )


def target_accuracies(result: Result) -> dict[When, float]:
    """Accuracy on the target before and after adapting; empty where it has no labels."""
    both: tuple[tuple[When, DomainScores], ...] = (("before", result.source_only), ("after", result.adapted))
    return {when: scores.target.accuracy for when, scores in both if scores.target is not None}


def points(difference: float) -> str:
    """A difference of two fractions in percentage points, with its sign: .213 → +21.3 points."""
    return words.points(difference)


class Samples:
    """What hover shows of a run's samples, prepared by a thread of its own: reading files takes its time."""

    def __init__(self) -> None:
        self._prepared: OrderedDict[str, Future[ShownSamples]] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="samples")

    def of(self, record: Record, patience: float = 0.5) -> Future[ShownSamples]:
        """Pictures, texts and sounds, source samples first. Waits a moment, since most are ready."""
        with self._lock:
            if record.run_id not in self._prepared:
                self._prepared[record.run_id] = self._thread.submit(shown, record)
                while len(self._prepared) > _KEPT:
                    self._prepared.popitem(last=False)
            found = self._prepared[record.run_id]
        wait([found], timeout=patience)
        return found


@st.cache_resource
def samples() -> Samples:
    """What this server shows of its runs' samples."""
    return Samples()
