"""Layouts of the user's own files that no English word explains: outer folders, names in GBK, files that lie alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from da_core.data.loading import cache
from da_core.data.loading.cache import inspect_files, load_pair
from da_core.data.pair import UNKNOWN
from da_core.data.readers.sounds import to_wav
from da_core.data.readers.uploads import keep_upload
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.own_names import OwnName
from tests.data.test_own_files import encoded, packed
from tests.support.own_places import load


def picture(red: int) -> bytes:
    return encoded((red, 0, 0))


def beep(pitch: int) -> bytes:
    return to_wav((8000 * np.sin(np.arange(4000) / pitch)).astype(np.int16))


def domains(*names: str, classes: tuple[str, ...] = ("猫", "狗")) -> dict[str, bytes]:
    return {
        f"{domain}/{label}/{n}.png": picture(20 * place + n)
        for place, domain in enumerate(names)
        for label in classes
        for n in range(3)
    }


def as_windows_packs(place: Path, files: dict[str, bytes]) -> Path:
    """A zip as Windows in Chinese writes it: names in GBK, and no flag that says which encoding they have."""
    stand_ins = {name.encode("gbk"): f"{at:02}".rjust(len(name.encode("gbk")), "Z") for at, name in enumerate(files)}
    packed(place, {stand_ins[name.encode("gbk")]: data for name, data in files.items()})
    content = place.read_bytes()
    for name, stand_in in stand_ins.items():
        assert content.count(stand_in.encode()) == 2  # before the file, and in the directory
        content = content.replace(stand_in.encode(), name)
    place.write_bytes(content)
    return place


@pytest.mark.parametrize("names", [("白天", "夜晚"), ("源域", "目标域")])
def test_chinese_words_for_the_domains_are_understood(tmp_path: Path, names: tuple[str, str]) -> None:
    pair = load(packed(tmp_path / "a.zip", domains(*names)))
    assert (pair.source.name, pair.target.name) == names
    assert pair.classes == ("狗", "猫")
    assert pair.source.X.max() < pair.target.X.max()


def test_outer_folders_of_any_names_are_domains_and_which_is_the_source_is_asked(tmp_path: Path) -> None:
    place = packed(tmp_path / "a.zip", domains("amazon", "dslr", "webcam"))
    spec = DataSpec(name="files", source=str(place))
    found = inspect_files(spec)
    assert found.layout.domains == ("amazon", "dslr", "webcam")
    with pytest.raises(UserError, match="It is unclear which of amazon, dslr, webcam is the source"):
        found.settle(spec)
    pair = load(place, source_domain="webcam", target_domain="amazon")
    assert (pair.source.name, pair.target.name) == ("webcam", "amazon")
    assert (pair.source.X[..., 0].min(), pair.target.X[..., 0].min()) == (40, 0)
    assert len(load(place, source_domain="dslr").target) == 12


def test_classes_with_folders_of_their_own_are_no_domains(tmp_path: Path) -> None:
    place = packed(tmp_path / "a.zip", domains("cat", "dog", classes=("train", "test")))
    assert inspect_files(DataSpec(name="files", source=str(place))).layout.domains == ()
    target = packed(tmp_path / "b.zip", domains("cat", "dog", classes=("one", "two")))
    assert load(place, target).classes == ("cat", "dog")


def test_names_in_gbk_are_read(tmp_path: Path) -> None:
    files = domains("白天", "夜晚", classes=("轿车", "公交车"))
    place = as_windows_packs(tmp_path / "a.zip", files)
    with zipfile.ZipFile(place) as archive:
        assert "白天" not in archive.namelist()[0]
    pair = load(place)
    assert (pair.source.name, pair.classes) == ("白天", ("公交车", "轿车"))


def test_a_western_name_is_not_taken_for_chinese(tmp_path: Path) -> None:
    files = {f"{name}/{n}.png": picture(n) for name in ("Aaa", "Bbb") for n in range(2)}
    place = packed(tmp_path / "a.zip", files)
    place.write_bytes(place.read_bytes().replace(b"Bbb/", b"B\x84r/"))  # Bär in code page 437
    assert load(place, place.with_name("a.zip"), night="hard").classes == ("Aaa", "Bär")


def test_pictures_that_lie_together_have_their_class_in_their_names(tmp_path: Path) -> None:
    for folder, names in (("s", ("cat_{}.png", "dog_{}.png")), ("t", ("IMG_{}.png", "DSC_{}.png"))):
        (tmp_path / folder).mkdir()
        for name in names:
            for n in range(3):
                (tmp_path / folder / name.format(n)).write_bytes(picture(n))
    pair = load(tmp_path / "s", tmp_path / "t")
    assert pair.classes == ("cat", "dog")
    assert (pair.target.y == UNKNOWN).all()


def test_a_single_picture_can_be_the_target(tmp_path: Path) -> None:
    source = packed(tmp_path / "s.zip", {f"{name}/{n}.png": picture(n) for name in ("cat", "dog") for n in range(3)})
    (tmp_path / "photo.jpg").write_bytes(picture(9))
    pair = load(source, tmp_path / "photo.jpg")
    assert len(pair.target) == 1
    assert not pair.target_labelled
    with pytest.raises(UserError, match="no pictures in class folders"):
        load(tmp_path / "photo.jpg", source)


def test_sounds_beside_pictures_are_called_that(tmp_path: Path) -> None:
    pictures = packed(tmp_path / "p.zip", {f"{name}/{n}.png": picture(n) for name in ("cat", "dog") for n in range(3)})
    sounds = packed(tmp_path / "s.zip", {f"{name}/{n}.wav": beep(n + 5) for name in ("yes", "no") for n in range(3)})
    with pytest.raises(UserError, match="source holds sounds, the target pictures"):
        load(sounds, pictures)


# What they are called ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("data_dir")
def test_an_upload_is_called_by_its_file_in_notices_errors_domains_and_title() -> None:
    text = "x,label\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(8)) + "7\n"
    places = [keep_upload(f"{name}.csv", (text + extra).encode()) for name, extra in (("老店", ""), ("新店", "8\n"))]
    for _again in range(2):  # made, and read from the disk's cache
        pair = load_pair(DataSpec(name="files", source=places[0], target=places[1]))
        assert (pair.source.name, pair.target.name) == ("老店", "新店")
        assert pair.provenance.title == "老店.csv → 新店.csv"
        assert [notice.values["place"] for notice in pair.notices] == ["老店.csv", "新店.csv"]
        own = (
            pair.source.name,
            pair.classes[0],
            pair.columns[0],
            pair.provenance.title,
            pair.notices[0].values["place"],
        )
        assert all(isinstance(name, OwnName) for name in own)
        cache._memory.clear()
    broken = keep_upload("坏.csv", b"x,label\n1,a\n2,a\n3,a\n")
    with pytest.raises(UserError, match="坏"):
        load_pair(DataSpec(name="files", source=broken))
