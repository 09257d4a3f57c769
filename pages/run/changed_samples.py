"""The held-out target samples that adapting changed: which it fixed and which it broke."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from da_core.jobs.store import Record
from da_core.teaching.picture_atlas import tiles
from pages.samples import shown_samples
from pages.samples.shown_samples import ShownSamples
from pages.session import keys
from pages.session.polling import follow, wait_a_moment
from pages.session.words import _, number, percent, word

_PAGE_SIZE = 12
_SAMPLE_WIDTH = 140  # pixels


def section(record: Record) -> None:
    """Draw both side by side."""
    follow_samples(record, partial(_section, record))


def follow_samples(record: Record, draw: Callable[[ShownSamples], None]) -> None:
    """Draw with a run's samples; their pictures come a moment later where they have to be read first."""
    samples = shown_samples.prepare(record)
    wait_a_moment(samples)
    follow(
        lambda: samples.result() if samples.done() else ShownSamples(),
        lambda _samples: samples.done(),
        draw,
        was_over=samples.done(),
    )


def _section(record: Record, samples: ShownSamples) -> None:
    fixed, broken = changed(record)
    for column, key, title, rows in zip(
        st.columns(2, gap="large"),
        ("fixed", "broken"),
        (_("Fixed: wrong before, right now"), _("Broken: right before, wrong now")),
        (fixed, broken),
        strict=True,
    ):
        with column:
            st.markdown(f"**{title}** · {number(len(rows))}")
            if len(rows):
                _draw(record, rows, samples, key)
            else:
                st.caption(_("None."))


def changed(record: Record) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the target samples that adapting fixed and broke: their positions in the evidence, the surest first."""
    evidence = record.evidence
    right = {when: predicted == evidence.target_label for when, predicted in evidence.target_predicted.items()}
    sure = confidence(record)["after"]
    order = np.argsort(-sure, kind="stable")
    fixed, broken = ~right["before"] & right["after"], right["before"] & ~right["after"]
    return order[fixed[order]], order[broken[order]]


def confidence(record: Record) -> dict[str, NDArray[np.floating]]:
    """Return how sure both models are of each target sample; 0 in records from before this was stored."""
    evidence, count = record.evidence, len(record.evidence.target_label)
    known = evidence.target_probabilities
    return {when: known[when].max(axis=1) if when in known else np.zeros(count) for when in ("before", "after")}


def _draw(record: Record, rows: NDArray[np.int64], samples: ShownSamples, key: str) -> None:
    pages = -(-len(rows) // _PAGE_SIZE)
    page = st.pagination(pages, key=keys.changed_page(key)) if pages > 1 else 1
    rows = rows[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE]
    evidence = record.evidence
    names = [word(name) for name in record.result.classes]
    true, was, now = (
        [names[label] for label in labels[rows]]
        for labels in (evidence.target_label, evidence.target_predicted["before"], evidence.target_predicted["after"])
    )
    sure = confidence(record)
    draw_samples(
        record,
        samples,
        rows + len(evidence.source_label),
        [(t, _("{was} → {now}", was=w, now=n)) for t, w, n in zip(true, was, now, strict=True)],
        {
            _("True"): true,
            _("Predicted before"): was,
            _("Predicted now"): now,
            _("Confidence before"): [percent(value, 0) for value in sure["before"][rows]],
            _("Confidence now"): [percent(value, 0) for value in sure["after"][rows]],
        },
    )


def draw_samples(
    record: Record,
    samples: ShownSamples,
    rows: NDArray[np.int64],
    captions: Sequence[tuple[str, str]],
    columns: Mapping[str, Sequence[str]],
) -> None:
    """Draw samples, ``rows`` of the evidence with the source first, as captioned pictures, else as a table."""
    if samples.atlas is None:
        texts, index = samples.texts(rows), np.concatenate([record.evidence.source_index, record.evidence.target_index])
        st.dataframe(
            pd.DataFrame({**({_("Sample"): texts} if texts else {_("Row"): index[rows]}), **columns}),
            hide_index=True,
            # a text may be long, and all verdicts are to be seen beside it where two such tables share a screen
            column_config={_("Sample"): st.column_config.TextColumn(width=_SAMPLE_WIDTH)},
        )
        return
    figures = "".join(
        f'<figure><img src="{uri}" alt="{escape(title)}"><figcaption><b>{escape(title)}</b>'
        f"<span>{escape(note)}</span></figcaption></figure>"
        for uri, (title, note) in zip(tiles(samples.atlas, rows), captions, strict=True)
    )
    st.html(f'<div class="lab-changed">{figures}</div>')
