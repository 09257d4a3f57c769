"""Show samples of a finished run: a picture, a text or a caption, a sound."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from da_core.data.pair import Domain, DomainPair
from da_core.errors import UserError
from da_core.jobs.store import Record, store
from da_core.teaching.picture_atlas import Atlas, atlas, subset
from pages.samples.gallery import decimals
from pages.session import origin, unknown_links
from pages.session.background import Background
from pages.session.words import word

log = logging.getLogger(__name__)

_LONGEST = 280
"""Letters of a text that a hover shows; a whole page would cover the picture."""

_COLUMNS = 24
"""Features that a hover names; more would cover the picture."""


@dataclass(frozen=True)
class ShownSamples:
    """Hover texts and pictures of a run's samples, in their order, source first.

    ``tips`` are plain text; ``sounds`` is the address below which sample i has its sound, as ``{sounds}/{i}.wav``;
    ``values`` (n, d) are the numbers of samples that have no other text, and whose ``columns`` have names.
    """

    atlas: Atlas | None = None
    tips: tuple[str, ...] | None = None
    sounds: str | None = None
    columns: tuple[str, ...] = ()
    values: NDArray[np.float32] | None = None

    def only(self, rows: NDArray[np.int64]) -> ShownSamples:
        """Take some of the samples, in this order; sounds have addresses by place, and stay where all places do."""
        count = next((len(each) for each in (self.tips, self.values) if each is not None), len(rows))
        if np.array_equal(rows, np.arange(count)):
            return self
        return ShownSamples(
            atlas=None if self.atlas is None else subset(self.atlas, rows),
            tips=None if self.tips is None else tuple(self.tips[row] for row in rows),
            columns=self.columns,
            values=None if self.values is None else self.values[rows],
        )

    def texts(self, rows: NDArray[np.int64] | None = None) -> tuple[str, ...] | None:
        """Return the text of each sample, or of those in ``rows``: its tip, or its row with the columns named in the
        reader's language; None where there is no text.
        """
        if self.values is None:
            return self.tips if self.tips is None or rows is None else tuple(self.tips[row] for row in rows)
        columns = [(word(name), decimals(column)) for name, column in zip(self.columns, self.values.T, strict=True)]
        values = self.values if rows is None else self.values[rows]
        return tuple(
            " · ".join(f"{name} {value:.{digits}f}" for (name, digits), value in zip(columns, row, strict=True))
            for row in values.tolist()
        )


def read_samples(record: Record) -> ShownSamples:
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
        sounds=f"{origin.base_path()}/sound/{record.run_id}" if pair.source.audio is not None else None,
    )


readings = Background(read_samples, keep=32, threads=2)


def prepare(record: Record) -> Future[ShownSamples]:
    """Read what is shown of a run's samples in the background: files take their time."""
    return readings.submit(record.run_id, record)


def tips(domain: Domain, rows: NDArray[np.int64]) -> list[str]:
    """Return the texts or captions of some samples, cut where they are long; an empty list where there are none."""
    texts = domain.X if domain.X.dtype.kind == "U" else domain.captions
    if texts is None:
        return []
    return [text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…" for text in map(str, texts[rows])]


def sound(request: Request) -> Response:
    """Serve ``/sound/{run}/{sample}.wav``: one sample's sound, for those who have the run's link."""
    run, address = request.path_params["run"], request.client.host if request.client else ""
    if unknown_links.limiter.is_blocked(address):
        return Response(status_code=429)
    record = store().load(run)
    if record is None and not store().is_kept(run):
        unknown_links.limiter.record(address, run)
    pair = _pair_of(record) if record is not None else None
    if record is not None and pair is not None:
        at, source_rows = request.path_params["sample"], record.evidence.source_index
        if at < len(source_rows):
            domain, rows = pair.source, source_rows
        else:
            domain, rows, at = pair.target, record.evidence.target_index, at - len(source_rows)
        if domain.audio is not None and at < len(rows):
            from da_core.data.readers.sounds import to_wav

            headers = {"Cache-Control": "private, max-age=3600"}
            return Response(to_wav(domain.audio[rows[at]]), media_type="audio/wav", headers=headers)
    return Response(status_code=404)


def _pair_of(record: Record) -> DomainPair | None:
    """Load the run's pair; None where it is not what it was, as a user's files may have changed since the run."""
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
