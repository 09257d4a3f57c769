"""What Python and the pages' scripts both read and write comes out alike: acts, points, the shift, packed arrays."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import pytest

from da_core.data.sources.drawn_points import DrawnPoints, decode_points, encode_points
from da_core.experiment import DataSpec, Experiment, TrainingSpec
from da_core.packed_arrays import pack, unpack
from da_core.teaching.films import direction
from da_core.teaching.films.filming import normalised
from da_core.teaching.films.presets import suited
from tests.support.javascript import run_module

OWN = (
    (np.array([[-8.0, 8.0], [0.25, -1.5], [3.3, 3.4]]), np.array([0, 2, 1])),
    (np.array([[7.99, -7.99]]), np.array([1])),
)
SHIFT: dict[str, Any] = {"turn": 35.0, "stretch": 1.6, "right": 0.7, "up": -1.2, "class_moves": "0.5,0;-0.25,1"}


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "f4"])
def test_packed_arrays_are_unpacked_alike(kind) -> None:
    numbers = np.array([0, 1, 7, 100])
    values = [pack(numbers, kind)] if kind == "f4" else [pack(numbers, kind), pack(numbers / 3, kind, 1 / 3)]
    script = 'import { unpacked } from "./shared/packed_arrays.js"; answer(values.map((text) => [...unpacked(text)]));'
    assert run_module(script, values) == [unpack(text).tolist() for text in values]


def test_what_is_missing_is_not_a_number_in_both() -> None:
    text = pack(np.array([np.nan, -1.0, 1.0]), "i2", 1 / 32767)
    script = 'import { unpacked } from "./shared/packed_arrays.js"; answer([...unpacked(values)]);'
    assert run_module(script, text) == [None, -1, 1]
    np.testing.assert_array_equal(unpack(text), [np.nan, -1, 1])


@pytest.mark.parametrize("text", ["", "x9:AAAA", "i2:!", "i2:AAA", "f4*x:AAAAAA=="])
def test_what_is_no_packed_array_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        unpack(text)


def test_acts_are_read_alike() -> None:
    text = "critic@120+20;weight=0.5@140;move 17 0.5 -1.25@140;drop 18@140;slide@0+160"
    script = 'import { actsOf } from "./playground/film_acts.js"; answer(actsOf(values));'
    for act in run_module(script, text):
        (read,) = direction.read(act["text"])
        assert (act["at"], act["steps"]) == (read.at, read.steps)
        assert act["row"] == (-1 if read.row is None else read.row)
        assert act["place"] == (read.place and list(read.place))
        assert act["what"] in (
            read.player,
            read.setting and read.setting[0],
            "slide" if read.slides else None,
            "move",
            "drop",
        )
        assert act["value"] == (read.setting[1] if read.setting else None)


@pytest.mark.parametrize("method", ["dann", "coral", "shot"])
@pytest.mark.parametrize(
    "changed", [{}, {"turn": -12.5, "noise": 0.05, "points": encode_points(*OWN)}, {"shape": "line"}]
)
def test_the_page_asks_for_the_film_of_the_experiment_with_its_settings(method: str, changed: dict[str, Any]) -> None:
    """The address that the playground makes is read as the experiment that Python would write, in any order."""
    data: dict[str, Any] = {"shape": "blobs", "count": 100, "turn": 35.0}
    training = TrainingSpec(epochs=6, learning_rate=1e-2)
    made, wanted = (
        normalised(suited(Experiment(data=DataSpec(name="drawn", params=params), training=training, seed=3), method))
        for params in (data, data | changed)
    )
    flat = list(made.to_flat().items())
    values = {
        "route": "/film",
        "films": [{"query": urlencode(order)} for order in (flat, flat[::-1])],
        "params": DrawnPoints(**(data | changed)).params.model_dump(),
        "acts": "critic@120+20;move 17 0.5 -1.25@140",
    }
    script = """import { Playground } from "./playground/playground.js";
    answer([0, 1].map((film) => Playground.prototype.address.call({ data: values }, film)));"""
    first, second = (urlsplit(address) for address in run_module(script, values))
    assert first.path == "/film"
    query = dict(parse_qsl(first.query))
    assert query.pop("acts") == values["acts"], "acts are those of the first film"
    assert query == dict(parse_qsl(second.query))
    read = normalised(Experiment.from_flat(query))
    assert read == wanted
    assert read.to_flat() == wanted.to_flat()


def test_own_points_are_read_and_written_alike() -> None:
    script = """import { decodeOwn, encodeOwn } from "./playground/film_brush.js";
    answer({ read: decodeOwn(values), again: encodeOwn(decodeOwn(values)) });"""
    text = encode_points(*OWN)
    answer = run_module(script, text)
    assert answer["again"] == text
    for points, (X, y) in zip(answer["read"], decode_points(text), strict=True):
        assert points == np.c_[X, y].tolist()


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_the_hand_shows_the_shift_that_the_server_makes(share: float) -> None:
    """The points of a film made with one shift, as the handles move them to another one before its film is there."""
    made, wanted = DrawnPoints(turn=-20.0, stretch=0.8, up=0.3), DrawnPoints(**SHIFT)
    before, after = made.load(0), wanted.partway(share).load(0)
    values = {
        "made": made.params.model_dump(),
        "wanted": wanted.params.model_dump(),
        "share": share,
        "given": np.concatenate([before.source.X, before.target.X]).ravel().tolist(),
        "label": np.concatenate([before.source.y, before.target.y]).tolist(),
        "source_count": len(before.source.X),
    }
    script = """import { Handles, partway } from "./playground/film_handles.js";
    const { made, wanted, share, ...header } = values;
    const handles = new Handles({ data: { params: partway(wanted, share) }, hand: { shifts: true } });
    handles.made = made;
    answer([...handles.preview({ film: { header } })]);"""
    places = np.array(run_module(script, values)).reshape(-1, 2)
    np.testing.assert_allclose(places, np.concatenate([after.source.X, after.target.X]), atol=1e-5)
