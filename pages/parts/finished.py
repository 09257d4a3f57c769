"""What the screens after training share: the run they look at, its headline, and its pictures for hover."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor, wait

import numpy as np
import streamlit as st

from da_core.errors import UserError
from da_core.events import DomainScores, Result, When
from da_core.jobs.queue import queue
from da_core.jobs.store import Record, store
from pages.parts import state, steps, words
from pages.parts.pictures import Atlas, atlas
from pages.parts.words import _, number, percent, signed

log = logging.getLogger(__name__)

_KEPT = 32


def looked_at() -> Record | None:
    """The finished run that this session looks at; where there is none, the page says why and what to do."""
    run = state.run_id()
    record = store().load(run) if run else None
    if record is not None:
        return record
    view = queue().view(run, renew=True) if run else None
    with st.container(border=True):
        if view is not None and view.live:
            st.markdown(_("**The run is still going.** What came of it stands here as soon as it is done."))
            steps.go("train", _("Watch it train"))
        else:
            st.markdown(_("**There is nothing to show yet.** Train a model first; this takes less than a minute."))
            steps.go("train", _("Go to Train"))
    return None


def headline(result: Result) -> None:
    """Source only → adapted → oracle: accuracy on the target's held-out part, and what adapting gained.

    Where the target has no labels the source's stands there, and a sentence that says so.
    """
    before, after = result.source_only.scored.accuracy, result.adapted.scored.accuracy
    # columns would stand below one another on a phone; three numbers fit beside each other
    with st.container(horizontal=True, key="lab-headline"):
        st.metric(_("Source only"), percent(before), help=_("Trained on the source, not adapted."))
        st.metric(_("Adapted"), percent(after), points(after - before))
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
    gain = result.gain.get("target")
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


class Pictures:
    """The pictures of a run's samples, cut into one sheet by a thread of its own: reading files takes its time."""

    def __init__(self) -> None:
        self._sheets: OrderedDict[str, Future[Atlas | None]] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pictures")

    def of(self, record: Record, patience: float = 0.5) -> Future[Atlas | None]:
        """The sheet, source samples first; None in it where there are none. Waits a moment, since most are ready."""
        with self._lock:
            if record.run_id not in self._sheets:
                self._sheets[record.run_id] = self._thread.submit(_sheet_of, record)
                while len(self._sheets) > _KEPT:
                    self._sheets.popitem(last=False)
            found = self._sheets[record.run_id]
        wait([found], timeout=patience)
        return found


@st.cache_resource
def pictures() -> Pictures:
    """This server's sheets of pictures."""
    return Pictures()


def _sheet_of(record: Record) -> Atlas | None:
    from da_core.data.cache import load_pair

    evidence = record.evidence
    try:
        pair = load_pair(record.experiment.data)
    except (UserError, OSError):
        log.info("run %s is shown without pictures", record.run_id, exc_info=True)
        return None
    rows = ((pair.source, evidence.source_index), (pair.target, evidence.target_index))
    labels = (evidence.source_label, evidence.target_label)
    for (domain, index), label in zip(rows, labels, strict=True):
        # the user's files may have changed since the run
        if index.max(initial=-1) >= len(domain) or not np.array_equal(domain.y[index], label):
            return None
    if pair.kind != "pictures":
        return None
    return atlas(np.concatenate([domain.X[index] for domain, index in rows]))
