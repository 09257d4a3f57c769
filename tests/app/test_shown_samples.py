"""What hover shows of a run's samples where they are no pictures: sentences as they are, and sounds by address."""

from __future__ import annotations

import base64
import dataclasses
import io
import wave

import numpy as np
import pytest
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from da_core.data.loading import cache
from da_core.data.pair import SOUND_RATE, Domain, DomainPair
from da_core.teaching.picture_atlas import atlas, tiles
from pages.samples.shown_samples import ShownSamples, sound
from tests.support import made_up_run
from tests.support.lab import Lab, drawn

NASTY = "<img src=x onerror=alert(1)> **bold** $x$"


def spoken(domain: Domain) -> Domain:
    """The domain as feature rows with captions and sounds; the sound of row i is i throughout."""
    count = len(domain)
    return dataclasses.replace(
        domain,
        X=np.zeros((count, 3), np.float32),
        captions=np.array([f"{domain.name} {row}" for row in range(count)]),
        sounds=np.repeat(np.arange(count, dtype=np.int16)[:, None], 100, axis=1),
    )


def use(monkeypatch: pytest.MonkeyPatch, made: DomainPair) -> None:
    monkeypatch.setattr(cache, "load_pair", lambda spec, seed=0: made)


def answer(run: str, sample: int) -> Response:
    return sound(Request({"type": "http", "path_params": {"run": run, "sample": sample}}))


def test_sentences_are_read_on_hover(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = made_up_run.pair()
    source = dataclasses.replace(pair.source, X=np.array([NASTY] * len(pair.source)))
    target = dataclasses.replace(pair.target, X=np.array(["word " * 200] * len(pair.target)))
    use(monkeypatch, dataclasses.replace(pair, source=source, target=target))
    told = drawn(lab.screen("features", lab.finish()))
    assert told["tips"][0] == NASTY  # the element sets it as text
    assert len(told["tips"][-1]) == 280
    assert told["tips"][-1].endswith("…")
    assert len(told["tips"]) == 2 * len(pair.source)
    assert (told["atlas"], told["sounds"]) == (None, None)


def test_a_row_is_read_with_its_columns_in_the_readers_language(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = made_up_run.pair()
    rows = np.tile(np.array([[41, 3.5]], np.float32), (len(pair.source), 1)) + np.arange(len(pair.source))[:, None] % 2
    source, target = (dataclasses.replace(domain, X=rows) for domain in (pair.source, pair.target))
    named = dataclasses.replace(pair, source=source, target=target, columns=("age", "stars for drama"))
    use(monkeypatch, named)
    run = lab.finish()
    assert "age 41.00 · stars for drama 3.50" in drawn(lab.screen("features", run))["tips"]
    assert "年龄 41.00 · 给剧情片的星 3.50" in drawn(lab.screen("features", run, lang="zh"))["tips"]


def test_a_sample_is_heard_at_its_address(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = made_up_run.pair()
    use(monkeypatch, dataclasses.replace(pair, source=spoken(pair.source), target=spoken(pair.target)))
    finished = made_up_run.finished()
    run = lab.finish(finished)
    told = drawn(lab.screen("features", run))
    assert told["sounds"] == f"/sound/{run}"
    evidence = finished.evidence
    rows = [*evidence.source_index, *evidence.target_index]
    for sample in (0, len(evidence.source_index), len(rows) - 1):
        assert told["tips"][sample].endswith(f" {rows[sample]}")
        with wave.open(io.BytesIO(bytes(answer(run, sample).body))) as file:
            assert file.getframerate() == SOUND_RATE
            assert set(np.frombuffer(file.readframes(100), "<i2")) == {rows[sample]}


def test_there_is_no_sound_of_what_there_is_not(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lab.finish()
    assert answer(run, 0).status_code == 404  # pictures
    pair = made_up_run.pair()
    use(monkeypatch, dataclasses.replace(pair, source=spoken(pair.source), target=spoken(pair.target)))
    assert answer(run, 0).status_code == 200
    assert answer(run, 10_000).status_code == 404
    assert answer("../../etc", 0).status_code == 404


def test_what_adapting_changed_is_told_in_sentences(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = made_up_run.pair()
    both = [
        dataclasses.replace(of, X=np.array([f"{of.name} {row}" for row in range(30)]))
        for of in (pair.source, pair.target)
    ]
    use(monkeypatch, dataclasses.replace(pair, source=both[0], target=both[1]))
    app = lab.screen("results", lab.finish())
    said = [frame.value["Sample"].tolist() for frame in app.dataframe if "Sample" in frame.value]
    assert said
    assert all(text.startswith("light ") for texts in said for text in texts)


def test_some_of_the_samples_keep_their_own_pictures_and_texts() -> None:
    shades = np.arange(0, 250, 5, dtype=np.uint8)  # 50 pictures: more than one row of the atlas
    pictures = np.broadcast_to(shades[:, None, None, None], (50, 8, 8, 3)).copy()
    every = ShownSamples(atlas=atlas(pictures), tips=tuple(map(str, shades)), sounds="/sound/x")
    some = every.only(np.array([49, 3, 41]))
    assert some.tips == ("245", "15", "205")
    assert some.sounds is None, "their addresses go by place"
    seen = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(tile.partition(",")[2]))))
        for tile in tiles(some.atlas, range(3))
    ]
    assert [float(picture[..., 0].mean()) for picture in seen] == pytest.approx([245, 15, 205], abs=4)
    assert every.only(np.arange(50)) is every
