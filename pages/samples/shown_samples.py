"""What the samples of a finished run are to a person: a picture, a sentence or a caption, a sound."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from da_core.data.pair import Domain, DomainPair
from da_core.errors import UserError
from da_core.jobs.store import Record, store
from da_core.teaching.picture_atlas import Atlas, atlas
from pages.samples.gallery import decimals
from pages.session.words import word

log = logging.getLogger(__name__)

_LONGEST = 280
"""Letters of a text that a hover shows; a whole page would cover the picture."""

_COLUMNS = 24
"""Features that a hover names; more would cover the picture."""


@dataclass(frozen=True)
class ShownSamples:
    """What hover shows of each of a run's samples, in their order, source first.

    ``tips`` are plain text; ``sounds`` is the address below which sample i has its sound, as ``{sounds}/{i}.wav``;
    ``values`` (n, d) are the numbers of samples that have no other text, and whose ``columns`` have names.
    """

    atlas: Atlas | None = None
    tips: tuple[str, ...] | None = None
    sounds: str | None = None
    columns: tuple[str, ...] = ()
    values: NDArray[np.float32] | None = None

    def said(self) -> tuple[str, ...] | None:
        """The text of each sample: its tip, or its row with the columns named in the reader's language."""
        if self.values is None:
            return self.tips
        named = [
            [f"{word(name)} {value:.{decimals(column)}f}" for value in column.tolist()]
            for name, column in zip(self.columns, self.values.T, strict=True)
        ]
        return tuple(" · ".join(row) for row in zip(*named, strict=True))


def shown(record: Record) -> ShownSamples:
    """Read the run's data again and take from it what a person can see or hear; nothing where it has changed."""
    pair = _pair_of(record)
    if pair is None:
        return ShownSamples()
    parts = ((pair.source, record.evidence.source_index), (pair.target, record.evidence.target_index))
    named = pair.source.captions is None and 0 < len(pair.columns) <= _COLUMNS
    return ShownSamples(
        columns=pair.columns if named else (),
        values=np.concatenate([domain.X[rows] for domain, rows in parts]) if named else None,
        atlas=atlas(np.concatenate([domain.X[rows] for domain, rows in parts])) if pair.kind == "pictures" else None,
        tips=tuple(text for domain, rows in parts for text in tips(domain, rows)) or None,
        sounds=f"{base_path()}/sound/{record.run_id}" if pair.source.heard is not None else None,
    )


def tips(domain: Domain, rows: NDArray[np.int64]) -> list[str]:
    """The text or caption of some samples, cut where it is long; none where samples have none."""
    texts = domain.X if domain.X.dtype.kind == "U" else domain.captions
    if texts is None:
        return []
    return [text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…" for text in map(str, texts[rows])]


def sound(request: Request) -> Response:
    """Answer ``/sound/{run}/{sample}.wav``: one sample's sound, for whoever has the run's link."""
    record = store().load(request.path_params["run"])
    pair = _pair_of(record) if record is not None else None
    if record is not None and pair is not None:
        at, source_rows = request.path_params["sample"], record.evidence.source_index
        if at < len(source_rows):
            domain, rows = pair.source, source_rows
        else:
            domain, rows, at = pair.target, record.evidence.target_index, at - len(source_rows)
        if domain.heard is not None and at < len(rows):
            from da_core.data.readers.sounds import to_wav

            headers = {"Cache-Control": "private, max-age=3600"}
            return Response(to_wav(domain.heard[rows[at]]), media_type="audio/wav", headers=headers)
    return Response(status_code=404)


def base_path() -> str:
    """Where the app begins below the host: "" or, behind a proxy, "/lab"."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def _pair_of(record: Record) -> DomainPair | None:
    """The run's pair, if it still is what it was: a user's files may have changed since the run."""
    from da_core.data.loading.cache import load_pair

    evidence = record.evidence
    try:
        pair = load_pair(record.experiment.data)
    except (UserError, OSError):
        log.info("run %s is shown without its samples", record.run_id, exc_info=True)
        return None
    rows = ((pair.source, evidence.source_index), (pair.target, evidence.target_index))
    labels = (evidence.source_label, evidence.target_label)
    for (domain, index), label in zip(rows, labels, strict=True):
        if index.max(initial=-1) >= len(domain) or not np.array_equal(domain.y[index], label):
            return None
    return pair
