"""The films' own address: what it serves, and what it answers to links that are none."""

from __future__ import annotations

import asyncio
import gzip
import io
from urllib.parse import urlencode

import pytest
from PIL import Image
from starlette.requests import Request
from starlette.responses import StreamingResponse

from da_core.experiment import DataSpec, Experiment
from da_core.teaching.films.film_file import Problem, read_film
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
    assert read_film(get(urlencode(EXPERIMENT.to_flat()))).header.key == EXPERIMENT.key


def test_a_still_is_served() -> None:
    still = read_film(get(f"{urlencode(EXPERIMENT.to_flat())}&still=1"))
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
    assert sentence in problem_of(get(query))["en"]
    assert problem_of(get(query))["zh"] != problem_of(get(query))["en"]


def problem_of(data: bytes) -> dict[str, str]:
    """Read why a film could not be made, by language."""
    return Problem.model_validate_json(gzip.decompress(data).splitlines()[-1]).problem


def test_a_moving_picture_that_cannot_be_made_is_refused_in_the_readers_language() -> None:
    empty = get("data=drawn&data.shape=none&as=webp&lang=zh").decode()
    assert empty == problem_of(get("data=drawn&data.shape=none"))["zh"]
