"""The films' own address: what it serves, and what it answers to links that are none."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import zlib
from urllib.parse import urlencode

import pytest
from PIL import Image
from starlette.requests import Request
from starlette.responses import StreamingResponse

from da_core.experiment import DataSpec, Experiment
from da_core.teaching.films import film_file
from da_core.teaching.films.filming import normalised
from da_core.teaching.films.presets import suited
from pages.learn.film_route import film

EXPERIMENT = normalised(suited(Experiment(data=DataSpec(name="drawn", params={"count": 60}), device="cpu"), "coral"))


def get(query: str) -> bytes:
    """What the address answers to a query."""

    async def answered() -> bytes:
        answer = await film(Request({"type": "http", "query_string": query.encode(), "headers": []}))
        if isinstance(answer, StreamingResponse):
            return b"".join([part async for part in answer.body_iterator])  # type: ignore[misc]
        return bytes(answer.body)

    return asyncio.run(answered())


def test_a_film_is_served_as_it_is_saved() -> None:
    assert film_file.decode(get(urlencode(EXPERIMENT.to_flat()))).header.key == EXPERIMENT.key


def test_a_still_is_served() -> None:
    still = film_file.decode(get(f"{urlencode(EXPERIMENT.to_flat())}&still=1"))
    assert still.header.key == f"{EXPERIMENT.key}-still"
    assert still.frames


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_a_film_becomes_a_moving_picture(kind: str) -> None:
    picture = Image.open(io.BytesIO(get(f"{urlencode(EXPERIMENT.to_flat())}&as={kind}")))
    assert (picture.format or "").lower() == kind
    assert picture.n_frames == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("data=street", "points in the plane"),
        ("data=drawn&method=magic", "no method “magic”"),
        ("data=drawn&data.count=1000000", "at most 1000"),
        ("data=drawn&data.points=%21", "cannot be read"),
        ("data=drawn&data.noise=NaN", "cannot be nan"),
        ("data=drawn&method=fda", "pictures alone"),
        ("data=drawn&training.epochs=500&training.least_steps=1000&network=mlp", "small network"),
        ("data=drawn&method=dann&network=mlp&network.hidden=32&acts=burn", "burn"),
        ("data=drawn&data.shape=none", "no points"),
        ("data=files&data.source=/etc/passwd", "points in the plane"),
    ],
)
def test_a_bad_link_gets_one_sentence(query: str, sentence: str) -> None:
    assert sentence in told(get(query))
    assert told(get(f"{query}&lang=zh")) != told(get(query))


def told(data: bytes) -> str:
    """The sentence of a film that could not be made."""
    at = data.index(film_file.MAGIC) + len(film_file.MAGIC)
    record = zlib.decompress(data[at + 4 :])
    (length,) = struct.unpack_from(">I", record)
    return str(json.loads(record[4 : 4 + length])["problem"])
