"""A film is a file that Python writes and the page's script reads, while it is made and afterwards."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from da_core.errors import UserError
from da_core.teaching.films.film import FilmFrame, Header
from da_core.teaching.films.film_file import FilmWriter, read_film, write_film
from tests.support.javascript import run_module

OLD = Path(__file__).parents[2] / "earlier_versions" / "film_1_0.dafilm"
HEADER = Header(
    key="a",
    experiment={"data": "drawn"},
    method="dann",
    kind="deep alignment",
    classes=("A", "B"),
    source_count=2,
    box=(-2, -2, 2, 2),
    given=np.array([[0.5, -1], [1.5, 1], [-1.25, 0.25]]),
    label=np.array([0, 1, -1]),
    forced=np.array([0, 2]),
    ratio=np.linspace(0, 20, 32**2),
)
FRAME = FilmFrame(
    phase="adapt",
    step=1,
    steps=2,
    moved=("own",),
    numbers={"source": 0.123456789, "loss": float("nan")},
    field=(np.arange(64**2) % 256).astype(np.uint8),
    places=np.array([[1.0, 2], [3, -4], [0.5, 0]]),
    predicted=np.array([0, 1, 0], np.uint8),
    feature_field=(np.arange(32**2) % 32).astype(np.uint8),
    feature_box=(-4, -4, 4, 4),
    dimensions=2,
    domain=(np.arange(32**2) % 256).astype(np.uint8),
    weights=np.array([0.25, 4]),
    threads=np.array([[0, 0], [1, 0]]),
    masses=np.array([1, 0.6]),
    forces=np.array([[[1.0, 0], [0, -0.5]], [[0, 0], [0.25, 4]]]),
    lines=np.array([[0, 0, 1, 1.5], [-1, 0, 0, 1]]),
)
READER = """import { Film } from "./playground/film_file.js";
import { isOld, oldFilm } from "./playground/film_old.js";
const bytesOf = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const read = (bytes) => (isOld(bytes) ? oldFilm(bytes) : Film.from(new Blob([bytes]).stream()));
const plain = (line) => Object.fromEntries(Object.entries(line).map(([k, v]) => [k, v?.buffer ? [...v] : v]));
"""
Lines = list[dict[str, Any]]


def read_by_the_page(data: bytes) -> Lines:
    """Read a film as the page does: its header and its frames, with plain lists for arrays."""
    script = f"{READER}const film = await read(bytesOf(values)); answer([film.header, ...film.frames].map(plain));"
    lines: Lines = run_module(script, base64.b64encode(data).decode())
    return lines


def test_the_page_reads_what_python_writes_and_reads() -> None:
    data = write_film(HEADER, [FRAME, FRAME])
    film = read_film(data)
    lines = read_by_the_page(data)
    assert len(lines) == 3
    for read, line in zip((film.header, film.frames[-1]), (lines[0], lines[-1]), strict=True):
        for name, value in read.model_dump(exclude_none=True).items():
            flat = value.ravel() if isinstance(value, np.ndarray) else np.array(value)
            np.testing.assert_array_equal(line[name], flat, err_msg=name)


def test_a_film_keeps_what_is_seen() -> None:
    film = read_film(write_film(HEADER, [FRAME]))
    frame = film.frames[0]
    assert (frame.phase, frame.step, frame.moved) == (FRAME.phase, FRAME.step, FRAME.moved)
    assert frame.numbers == {"source": 0.12346}
    np.testing.assert_allclose(film.header.given, HEADER.given, atol=1e-3)
    assert film.header.ratio is not None
    np.testing.assert_allclose(film.header.ratio, np.minimum(np.linspace(0, 20, 32**2), 16), atol=1e-3)
    steps = {"places": 4e-3, "weights": 1e-3, "masses": 2e-3, "forces": 2e-2}
    for name in ("field", "predicted", "lines", "threads", "domain", *steps):
        np.testing.assert_allclose(getattr(frame, name), getattr(FRAME, name), atol=steps.get(name, 0), err_msg=name)


def test_each_frame_can_be_shown_before_the_next_one_is_made() -> None:
    writer = FilmWriter()
    parts = [writer.write(HEADER), writer.write(FRAME), writer.write(FRAME), writer.end()]
    script = f"""{READER}
    let send;
    const film = new Film(), counts = [];
    const lines = film.read(new ReadableStream({{ start: (sender) => (send = sender) }}));
    for (const part of values.slice(0, 3)) {{
      send.enqueue(bytesOf(part));
      await lines.next();
      counts.push(film.frames.length);
    }}
    send.enqueue(bytesOf(values[3]));
    send.close();
    await lines.next();
    answer({{ counts, whole: film.whole }});"""
    read = run_module(script, [base64.b64encode(part).decode() for part in parts])
    assert read == {"counts": [0, 1, 2], "whole": True}


@pytest.mark.parametrize(("language", "sentence"), [("en", "“x” is no number."), ("fr", "“x” is no number.")])
def test_the_page_says_why_there_are_no_more_frames(language: str, sentence: str) -> None:
    writer = FilmWriter()
    data = writer.write(HEADER) + writer.fail(UserError("“{what}” is no number.", what="x"))
    script = f"""{READER}globalThis.document = {{ documentElement: {{ lang: values[1] }} }};
    const {{ problem, whole }} = await read(bytesOf(values[0])); answer({{ problem, whole }});"""
    read = run_module(script, [base64.b64encode(data).decode(), language])
    assert read == {"problem": sentence, "whole": False}


def test_a_film_that_was_saved_in_the_old_format_opens() -> None:
    header, first, last = read_by_the_page(OLD.read_bytes())
    assert (header["direction"], header["kind"], header["source_count"]) == ("critic@1+2", "deep alignment", 2)
    assert header["given"] == [0.5, -1, 1.5, 1, -1.25, 0.25]
    assert (header["label"], header["forced"]) == ([0, 1, -1], [0, 2])
    np.testing.assert_allclose(header["ratio"], [16.0] * 512 + [0.0] * 512)
    for step, frame in enumerate((first, last), start=1):
        assert (frame["phase"], frame["step"], frame["moved"]) == ("adapt", step, ["own"])
        assert frame["numbers"] == {"source": 1.0, "target": step / 2}
        assert frame["field"] == [15 + step] * 64**2
        assert frame["feature_field"] == [16 * step] * 32**2
        assert frame["predicted"] == [0, 1, step % 2]
        np.testing.assert_allclose(frame["places"], [1, 2, 3, -4, step / 2, 0], atol=0.01)
        assert frame["domain"] == [128 + 4 * step] * 32**2
        np.testing.assert_allclose(frame["weights"], [1, 2.0 ** (4 * step)])
        assert frame["threads"] == [0, 0, 1, 0]
        np.testing.assert_allclose(frame["masses"], [1, 0.6], atol=1e-3)
        np.testing.assert_allclose(
            np.array(frame["forces"]) / 127 * 2 * step, [1, 0, 0, -0.5, 0, 0, 0.25, 2 * step], atol=0.02
        )
        assert frame["lines"] == [0, 0, 1, 1.5, -1, 0, 0, step]


def _zipped(*lines: str | dict[str, Any]) -> bytes:
    return gzip.compress("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines).encode())


_HEADER: dict[str, Any] = json.loads(HEADER.model_dump_json(exclude_none=True))
_OLD_HEAD = b"DALFILM1"
HOSTILE = {
    "nothing": b"",
    "another file": b"PK\x03\x04" + bytes(100),
    "no header": _zipped(),
    "no JSON": _zipped("{"),
    "a list": _zipped("[]"),
    "a number": _zipped("7"),
    "a bomb": gzip.compress(bytes(40_000_000)),
    "no samples": _zipped(_HEADER | {"label": ""}),
    "fewer than none": _zipped(_HEADER | {"source_count": -7}),
    "brackets without end": _zipped("[" * 100_000),
    "a frame without places": _zipped(_HEADER, {"step": 1}),
    "old, without a header": _OLD_HEAD,
    "old, with a length without end": _OLD_HEAD + b"\xff\xff\xff\xff",
    "old, with a bomb": _OLD_HEAD + b"\x00\x00\x9c\x40" + zlib.compress(bytes(40_000_000)),
}


def refused(files: list[bytes]) -> list[bool]:
    """Tell of each file whether the page refuses it."""
    script = f"""{READER}const refuses = (text) => read(bytesOf(text)).then(() => false, () => true);
    answer(await Promise.all(values.map(refuses)));"""
    answers: list[bool] = run_module(script, [base64.b64encode(file).decode() for file in files])
    return answers


def test_hostile_files_are_refused() -> None:
    assert dict(zip(HOSTILE, refused(list(HOSTILE.values())), strict=True)) == dict.fromkeys(HOSTILE, True)


@pytest.mark.parametrize("data", [write_film(HEADER, [FRAME] * 3), OLD.read_bytes()], ids=["new", "old"])
def test_a_film_that_is_cut_off_anywhere_is_refused(data: bytes) -> None:
    *cut, whole = refused([data[:length] for length in [*range(0, len(data) - 1, 17), len(data)]])
    assert all(cut)
    assert not whole
