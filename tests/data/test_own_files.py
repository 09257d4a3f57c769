"""The user's own files: what is understood, what is left out, and one clear sentence for all that cannot be used."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from da_core.data.pair import DomainPair
from da_core.data.readers.archive import A_LINK, TOO_LARGE, UNREADABLE
from da_core.data.readers.class_folders import TOO_MANY
from da_core.data.readers.folder_layout import NO_CLASS
from da_core.data.sources.own_files import Files
from da_core.errors import UserError
from tests.support.own_places import complaint, load

RED, BLUE = (200, 30, 30), (30, 30, 200)


def encoded(colour: Any = RED, size: tuple[int, int] = (24, 24), kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, kind)
    return stream.getvalue()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).mkdir() if name.endswith("/") else (folder / name).write_bytes(data)
    return folder


def packed(place: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return place


def two_classes(colour: object = RED) -> dict[str, bytes]:
    return {f"{name}/{number}.png": encoded(colour) for name in ("cat", "dog") for number in range(3)}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A place that has nothing wrong with it."""
    return write(tmp_path / "good", two_classes(BLUE))


# Layouts -----------------------------------------------------------------------------------------------------------


def test_two_folders_make_a_pair(tmp_path: Path, good: Path) -> None:
    pair = load(write(tmp_path / "photos", two_classes()), good)
    assert (pair.source.name, pair.target.name, pair.classes) == ("photos", "good", ("cat", "dog"))
    assert pair.source.X.shape == (6, 32, 32, 3)
    assert pair.source.X.dtype == np.uint8
    assert pair.source.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert (pair.source.X == RED).all()
    assert (pair.target.X == BLUE).all()
    assert pair.notices == ()


@pytest.mark.parametrize("outer", ["", "download/", "download/set/"])
def test_a_zip_gives_what_its_folder_gives(tmp_path: Path, good: Path, outer: str) -> None:
    files = {f"{outer}{name}": encoded((20 * n, 0, 0)) for n, name in enumerate(two_classes())}
    as_folder = load(write(tmp_path / "folder", files), good)
    as_zip = load(packed(tmp_path / "photos.zip", files), good)
    np.testing.assert_array_equal(as_folder.source.X, as_zip.source.X)
    np.testing.assert_array_equal(as_folder.source.y, as_zip.source.y)
    assert as_zip.classes == ("cat", "dog")


def test_the_class_is_the_first_folder(tmp_path: Path, good: Path) -> None:
    files = {"cat/a/b/1.png": encoded(), "cat/2.png": encoded(), "dog/c/3.png": encoded()}
    assert load(write(tmp_path / "nested", files), good).source.y.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("source", "target"),
        ("day", "night"),
        ("Day", "Night"),
        ("train/day", "test_night"),
        ("train", "test_night"),
        ("source/train", "target/test"),
        ("my set/source", "my set/target"),
        ("data/train, data/val, data/test_day", "data/test_night"),  # as CODaN comes
    ],
)
@pytest.mark.parametrize("make", [write, packed])
def test_two_domains_in_one_place(tmp_path: Path, source: str, target: str, make: Callable[..., Path]) -> None:
    parts = source.split(", ")
    files = {f"{part}/{name}": data for part in parts for name, data in two_classes(RED).items()}
    files |= {f"{target}/{name}": data for name, data in two_classes(BLUE).items()}
    place = make(tmp_path / "both", files)
    for pair in (load(place), load(place, place)):
        assert (len(pair.source), len(pair.target), pair.classes) == (6 * len(parts), 6, ("cat", "dog"))
        assert (pair.source.X == RED).all()
        assert (pair.target.X == BLUE).all()


# Pictures ----------------------------------------------------------------------------------------------------------


def first(tmp_path: Path, data: bytes, name: str = "1.png", **params: int) -> np.ndarray:
    """The first picture of a place whose first file is ``data``."""
    files = {f"cat/{name}": data, "dog/2.png": encoded()}
    return load(write(tmp_path / "one", files), write(tmp_path / "other", two_classes()), **params).source.X[0]


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM"])
def test_the_content_tells_the_type_not_the_name(tmp_path: Path, kind: str) -> None:
    picture = first(tmp_path, encoded(RED, kind=kind), "picture.txt")
    assert np.abs(picture.astype(int) - RED).max() <= 6


@pytest.mark.parametrize("size", [16, 128])
def test_the_middle_square_is_kept(tmp_path: Path, size: int) -> None:
    image = Image.new("RGB", (300, 100), BLUE)
    image.paste(RED, (90, 0, 210, 100))
    picture = first(tmp_path, saved(image, "PNG"), size=size)
    assert picture.shape == (size, size, 3)
    assert (picture == RED).all()


def test_fine_patterns_are_averaged_not_sampled(tmp_path: Path) -> None:
    board = (np.indices((512, 512)).sum(0) % 2 * 255).astype(np.uint8)
    picture = first(tmp_path, saved(Image.fromarray(board), "PNG"))
    assert np.abs(picture.astype(int) - 127).max() <= 3


def test_photos_are_turned_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (64, 64), BLUE)
    image.paste(RED, (0, 0, 64, 32))  # red above, taken with the camera upside down
    exif = Image.Exif()
    exif[0x0112] = 3
    picture = first(tmp_path, saved(image, "JPEG", exif=exif, quality=95))
    assert picture[-8:, :, 0].min() > 150 > picture[:8, :, 0].max()


def test_transparent_parts_are_white_and_first_frames_count(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    clear.paste((*RED, 255), (0, 0, 40, 20))
    picture = first(tmp_path, saved(clear, "PNG"))
    assert (picture[:10] == RED).all()
    assert (picture[-10:] == 255).all()
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, BLUE)]
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (first(tmp_path, moving) == RED).all()


def test_sixteen_bits_of_grey_are_scaled(tmp_path: Path) -> None:
    deep = Image.fromarray(np.full((40, 40), 0x8000, np.uint16))
    assert (first(tmp_path, saved(deep, "PNG")) == 128).all()


# What is left out --------------------------------------------------------------------------------------------------


def test_what_is_left_out_is_told(tmp_path: Path, good: Path) -> None:
    files = two_classes() | {"cat/notes.txt": b"no picture", "readme.md": b"about", "dog/half.png": encoded()[:60]}
    pair = load(write(tmp_path / "mixed", files), good)
    assert len(pair.source) == 6
    told = {notice.message: notice.values for notice in pair.notices}
    assert told == {
        NO_CLASS: {"count": 1, "place": "mixed", "names": "readme.md"},
        UNREADABLE: {"count": 2, "place": "mixed", "names": "cat/notes.txt, dog/half.png"},
    }
    assert all(notice.message.format(**notice.values) for notice in pair.notices)


def test_what_archivers_add_is_passed_over(tmp_path: Path, good: Path) -> None:
    extra = {"__MACOSX/cat/._0.png": b"x", "cat/.DS_Store": b"x", ".git/config": b"x", "cat/Thumbs.db": b"x"}
    for place in (
        packed(tmp_path / "a.zip", two_classes() | extra),
        write(tmp_path / "a", two_classes() | extra),
    ):
        pair = load(place, good)
        assert (len(pair.source), pair.notices) == (6, ())


def test_many_pictures_of_a_class_are_thinned_evenly(tmp_path: Path, good: Path) -> None:
    files = two_classes() | {f"cat/x{number:02}.png": encoded((number, 0, 0)) for number in range(97)}
    pair = load(write(tmp_path / "many", files), good, max_per_class=10)
    assert np.bincount(pair.source.y).tolist() == [10, 3]
    assert pair.source.X[:10, 0, 0, 0].max() > 80  # not the first ten only
    assert [(n.message, n.values["count"]) for n in pair.notices] == [(TOO_MANY, 90)]


def test_links_are_not_followed(tmp_path: Path, good: Path) -> None:
    outside = write(tmp_path / "outside", {"secret.png": encoded(BLUE)})
    place = write(tmp_path / "linked", two_classes())
    (place / "cat" / "link.png").symlink_to(outside / "secret.png")
    link = zipfile.ZipInfo("cat/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = packed(tmp_path / "linked.zip", two_classes())
    with zipfile.ZipFile(archive, "a") as more:
        more.writestr(link, str(outside / "secret.png"))
    for linked in (place, archive):
        pair = load(linked, good)
        assert (pair.source.X == RED).all()
        assert [(n.message, n.values["names"]) for n in pair.notices] == [(A_LINK, "cat/link.png")]


def test_names_in_unmarked_utf8_are_read(tmp_path: Path, good: Path) -> None:
    """UTF-8 names from macOS come without the flag that says so."""
    data = packed(tmp_path / "a.zip", {"猫/1.png": encoded(), "狗/2.png": encoded()}).read_bytes()
    unmarked = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = unmarked.find(signature)
        while at >= 0:
            unmarked[at + offset + 1] &= 0xF7  # bit 11
            at = unmarked.find(signature, at + 1)
    assert unmarked != data
    (tmp_path / "b.zip").write_bytes(unmarked)
    target = write(tmp_path / "target", {"猫/1.png": encoded(), "狗/2.png": encoded()})
    assert set(load(tmp_path / "b.zip", target).classes) == {"猫", "狗"}


# What is refused ---------------------------------------------------------------------------------------------------


def test_classes_that_differ_are_named(tmp_path: Path, good: Path) -> None:
    files = two_classes() | {"fox/1.png": encoded()}
    more = write(tmp_path / "more", files)
    assert complaint(more, good).values == {"names": "fox"}
    assert "only the source" in str(complaint(more, good))
    assert "only the target has fox" in str(complaint(good, more))
    other = write(tmp_path / "other", {"cat/1.png": encoded(), "Dog/1.png": encoded()})
    assert str(complaint(other, good)).startswith(
        "The classes differ: only the source has Dog, only the target has dog"
    )


def test_one_class(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"cat/1.png": encoded(), "cat/2.png": encoded()})
    two = packed(tmp_path / "two.zip", {"cat/1.png": encoded()})
    assert complaint(one, two).message == "There is only one class, but a classifier needs at least two."


@pytest.mark.parametrize(
    ("files", "start"),
    [
        ({}, "“bad” has no pictures in class folders"),
        ({"1.png": encoded(), "2.png": encoded()}, "“bad” has no pictures in class folders"),
        (two_classes() | {"fox/": b""}, "The class folder “fox” in “bad” is empty"),
        (
            two_classes() | {"fox/1.png": b"", "fox/2.png": b"GIF89a"},
            "None of the 2 files of class “fox” in “bad”",
        ),
    ],
)
@pytest.mark.parametrize("make", [write, packed])
def test_a_class_without_a_readable_picture(
    tmp_path: Path, good: Path, make: Callable[..., Path], files: dict[str, bytes], start: str
) -> None:
    assert str(complaint(make(tmp_path / "bad", files), good)).startswith(start)


def test_huge_pictures(tmp_path: Path, good: Path, limit: Callable[[str, int], None]) -> None:
    limit("picture_pixels", 1000)
    one = write(tmp_path / "one", two_classes() | {"dog/big.png": encoded(size=(40, 40))})
    assert [notice.message for notice in load(one, good).notices] == [TOO_LARGE]
    all_of_them = write(tmp_path / "all", two_classes() | {"fox/big.png": encoded(size=(40, 40))})
    assert complaint(all_of_them, good).message.startswith("All pictures of class “{name}” in “{place}” are larger")


def test_a_picture_is_measured_before_it_is_unpacked(tmp_path: Path, good: Path) -> None:
    """8,000 × 8,000 pixels claimed in 60 bytes: too large is what must be said, not damaged."""
    bomb = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", 8_000, 8_000, 8, 2, 0, 0, 0)), (b"IDAT", b"")):
        bomb += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    pair = load(write(tmp_path / "bomb", two_classes() | {"cat/bomb.png": bomb}), good)
    assert [notice.message for notice in pair.notices] == [TOO_LARGE]


def test_neither_folder_nor_archive(tmp_path: Path, good: Path) -> None:
    for name, data in (("a.zip", b"hello"), ("b.npz", b"PK"), ("c.txt", b"x" * 5000)):
        (tmp_path / name).write_bytes(data)
        assert complaint(tmp_path / name, good).message.startswith("“{place}” cannot be read here")
    cut = packed(tmp_path / "cut.zip", two_classes()).read_bytes()[:-30]
    (tmp_path / "cut.zip").write_bytes(cut)
    assert complaint(tmp_path / "cut.zip", good).message.startswith("“{place}” cannot be read here")


def test_a_closed_folder(tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def closed_to_us(folder: Any) -> Any:  # in place of a mode, which would not stop root
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", closed_to_us)
    assert complaint(tmp_path / "closed", good).message.startswith("“{place}” cannot be opened")


@pytest.mark.parametrize(
    "name", ["../cat/1.png", "cat/../../1.png", "/etc/1.png", "C:/cat/1.png", "c:1.png", "cat\\1.png", "..\\1.png"]
)
def test_paths_out_of_the_archive(tmp_path: Path, good: Path, name: str) -> None:
    error = complaint(packed(tmp_path / "evil.zip", two_classes() | {name: encoded()}), good)
    assert error.message.startswith("“{place}” has a file “{name}”, which points out of the archive")
    assert error.values["name"] == name


def test_a_password_and_an_unusual_compression(tmp_path: Path, good: Path) -> None:
    data = bytearray(packed(tmp_path / "locked.zip", two_classes()).read_bytes())
    data[data.find(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    assert complaint(tmp_path / "locked.zip", good).message.startswith("“{place}” is locked with a password")
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("cat/1.png", encoded())
    assert complaint(tmp_path / "odd.zip", good).message.startswith("“{place}” is compressed in a way")


def test_bombs(tmp_path: Path, good: Path, limit: Callable[[str, int], None]) -> None:
    bomb = packed(tmp_path / "bomb.zip", two_classes() | {"cat/zeros.png": bytes(60 * 2**20)})
    assert complaint(bomb, good).message.startswith("“{place}” would unpack to {ratio} times its size")
    limit("archive_megabytes", 50)
    assert complaint(bomb, good).message.startswith("“{place}” would unpack to more than {most} MB")
    limit("archive_files", 5)
    for place in (bomb, good):
        assert complaint(place, place).message == "“{place}” holds more than {most} files; bring fewer."


def test_one_place_with_one_domain(tmp_path: Path, good: Path) -> None:
    for places in ((good,), (good, good), (npz(tmp_path / "a.npz", X=ROWS, y=LABELS),)):
        assert complaint(*places).message.startswith("“{place}” holds one domain")


def test_a_class_name_that_cannot_be_shown(tmp_path: Path) -> None:
    files = {"cat/1.png": encoded(), "a\x1bb/1.png": encoded()}
    place, other = packed(tmp_path / "a.zip", files), packed(tmp_path / "b.zip", files)
    assert complaint(place, other).message.startswith("A class is named {name}")


def test_no_place_at_all() -> None:
    with pytest.raises(UserError, match="need a source"):
        Files().load(0)


# Arrays ------------------------------------------------------------------------------------------------------------

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 28, 28, 3), dtype=np.uint8)
ROWS = np.random.default_rng(0).normal(size=(6, 5))
LABELS = np.array([0, 1, 0, 1, 0, 1])


def npz(place: Path, **arrays: Any) -> Path:
    np.savez_compressed(place, **arrays)
    return place


def loaded_arrays(tmp_path: Path, **params: int) -> Callable[..., DomainPair]:
    return lambda **arrays: load(npz(tmp_path / "s.npz", **arrays), npz(tmp_path / "t.npz", **arrays), **params)


def test_rows_stay_as_they_are(tmp_path: Path) -> None:
    pair = loaded_arrays(tmp_path)(X=ROWS, y=LABELS, extra=np.zeros(3))
    assert pair.source.X.dtype == np.float32
    np.testing.assert_array_equal(pair.source.X, ROWS.astype(np.float32))
    np.testing.assert_array_equal(pair.target.y, LABELS)
    assert (pair.source.name, pair.classes) == ("s", ("0", "1"))


@pytest.mark.parametrize(
    ("labels", "classes", "y"),
    [
        (["b", "a", "b", "a", "b", "a"], ("a", "b"), [1, 0, 1, 0, 1, 0]),
        ([10, 9, 10, 9, 10, 9], ("9", "10"), [1, 0, 1, 0, 1, 0]),
        ([1.0, 2.0, 1.0, 2.0, 1.0, 2.0], ("1", "2"), [0, 1, 0, 1, 0, 1]),
        ([[0], [1], [0], [1], [0], [1]], ("0", "1"), [0, 1, 0, 1, 0, 1]),
        ([True, False] * 3, ("0", "1"), [1, 0, 1, 0, 1, 0]),
    ],
)
def test_labels_may_be_numbers_or_texts(tmp_path: Path, labels: list[object], classes: tuple[str], y: list) -> None:
    pair = loaded_arrays(tmp_path)(X=ROWS, y=np.array(labels))
    assert (pair.classes, pair.source.y.tolist()) == (classes, y)


@pytest.mark.parametrize("X", [PICTURES[..., 0], PICTURES[..., :1], PICTURES[..., :1].astype(np.int64)])
def test_grey_pictures_get_three_channels(tmp_path: Path, X: np.ndarray) -> None:
    pair = loaded_arrays(tmp_path)(X=X, y=LABELS)
    np.testing.assert_array_equal(pair.source.X, np.repeat(PICTURES[..., :1], 3, axis=3))


def test_training_and_test_parts_are_joined(tmp_path: Path) -> None:
    pair = loaded_arrays(tmp_path)(X_train=PICTURES[:4], y_train=LABELS[:4], X_test=PICTURES[4:], y_test=LABELS[4:])
    np.testing.assert_array_equal(pair.source.X, PICTURES)
    np.testing.assert_array_equal(pair.source.y, LABELS)


def test_ready_pictures_keep_their_size_unless_asked_or_unlike(tmp_path: Path) -> None:
    ready, again = (npz(tmp_path / f"{name}.npz", X=PICTURES, y=LABELS) for name in ("ready", "again"))
    small = npz(tmp_path / "small.npz", X=PICTURES[:, :16, :16], y=LABELS)
    wide, wide_too = (npz(tmp_path / f"wide{n}.npz", X=PICTURES[:, :20], y=LABELS) for n in range(2))
    archive = packed(tmp_path / "p.zip", {"0/1.png": encoded(), "1/1.png": encoded()})
    assert load(ready, again).sample_shape == (28, 28, 3)
    assert load(ready, again, size=48).sample_shape == (48, 48, 3)
    for places in ((ready, small), (wide, wide_too), (archive, ready)):
        assert load(*places).sample_shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("arrays", "start"),
    [
        ({"X": ROWS}, "“{place}” has samples without labels"),
        ({"X_train": ROWS, "y_train": LABELS}, "“{place}” needs arrays called X and y"),
        ({"X": ROWS, "y": LABELS[:5]}, "“{place}” has {samples} samples in {X} but {labels} labels in {y}"),
        ({"X": np.full((6, 2), np.nan), "y": LABELS}, "{name} in “{place}” has values that are not finite"),
        ({"X": np.full((6, 2), np.inf), "y": LABELS}, "{name} in “{place}” has values that are not finite"),
        ({"X": np.full((6, 2), 1e300), "y": LABELS}, "{name} in “{place}” has values that are not finite"),
        ({"X": np.array([object()] * 6), "y": LABELS}, "{name} in “{place}” holds Python objects"),
        ({"X": ROWS, "y": np.array([None] * 6)}, "{name} in “{place}” holds Python objects"),
        ({"X": np.array(["a"] * 6), "y": LABELS}, "{name} in “{place}” contains no numbers"),
        ({"X": ROWS[:, 0], "y": LABELS}, "{name} in “{place}” has shape {shape}"),
        ({"X": PICTURES.transpose(0, 3, 1, 2), "y": LABELS}, "{name} in “{place}” has shape {shape}"),
        ({"X": PICTURES / 255, "y": LABELS}, "The pictures {name} in “{place}” must be whole numbers"),
        ({"X": PICTURES.astype(int) - 1, "y": LABELS}, "The pictures {name} in “{place}” must be whole numbers"),
        ({"X": ROWS, "y": LABELS + 0.5}, "{name} in “{place}” must be one list of labels"),
        ({"X": ROWS, "y": np.eye(6)}, "{name} in “{place}” must be one list of labels"),
        ({"X": ROWS[:0], "y": LABELS[:0]}, "X in “{place}” is empty"),
        ({"X": np.zeros((2000, 2)), "y": np.arange(2000)}, "There are {count} classes, but the limit is {most}"),
        ({"X": ROWS, "y": LABELS * 0}, "There is only one class"),
        (
            {"X_train": ROWS, "y_train": LABELS, "X_test": ROWS[:, :2], "y_test": LABELS},
            "The samples of X_train and X_test in “{place}” have different shapes",
        ),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path: Path, arrays: dict[str, np.ndarray], start: str) -> None:
    with pytest.raises(UserError) as raised:
        loaded_arrays(tmp_path)(**arrays)
    assert raised.value.message.startswith(start)


def test_rows_and_pictures_do_not_mix(tmp_path: Path) -> None:
    rows, pictures = npz(tmp_path / "r.npz", X=ROWS, y=LABELS), npz(tmp_path / "p.npz", X=PICTURES, y=LABELS)
    assert complaint(rows, pictures).message.startswith("The source holds {source}, the target {target}")


def test_a_header_that_asks_for_more_than_there_is(tmp_path: Path, good: Path) -> None:
    """A terabyte claimed by 100 bytes: refused before NumPy asks the machine for it."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (2**27, 1000)})
    place = packed(tmp_path / "a.npz", {"X.npy": stream.getvalue(), "y.npy": b""})
    assert complaint(place, good).message.startswith("{name} in “{place}” is not a NumPy array")


def test_arrays_that_would_take_too_much_memory_are_not_read(
    tmp_path: Path, good: Path, limit: Callable[[str, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """40 kB that unpack to 10 MB of bytes and would take 40 MB as float32: the headers say so."""
    limit("samples_megabytes", 16)
    read = np.lib.format.read_array
    sizes = []

    def measured(*stream: Any, **how: Any) -> np.ndarray:
        sizes.append((array := read(*stream, **how)).nbytes)
        return array

    monkeypatch.setattr(np.lib.format, "read_array", measured)
    rows = np.zeros((1000, 10 * 2**10), np.uint8)
    for arrays in (
        {"X": rows, "y": np.arange(1000) % 2},
        {"X_train": rows[:500], "y_train": np.zeros(500), "X_test": rows[:500], "y_test": np.ones(500)},
        {"X": np.zeros((2**22, 1), np.uint8), "y": np.zeros(2**22, np.uint8)},  # of labels, each becomes a text
    ):
        place = npz(tmp_path / "large.npz", **arrays)
        assert place.stat().st_size < 50_000
        error = complaint(place, good)
        assert error.message.startswith("The samples of “{place}” need {size} MB of memory, but the limit is")
        assert (error.values["place"], error.values["most"]) == ("large.npz", 16)
        assert float(str(error.values["size"])) > 16
    assert sizes == []
    load(
        npz(tmp_path / "small.npz", X=rows[:100], y=LABELS[:2].repeat(50)),
        npz(tmp_path / "t.npz", X=rows[:2], y=LABELS[:2]),
    )
    assert sizes


# Simulated night -------------------------------------------------------------------------------------------------


def test_day_pictures_alone_become_a_pair_with_the_night(tmp_path: Path) -> None:
    shades = {f"{name}/{i}.png": encoded((90 + 10 * i,) * 3) for name in ("car", "cat") for i in range(6)}
    pair = load(write(tmp_path, shades), night="street lights")
    assert pair.target.name == "night"
    assert sorted(pair.source.y.tolist()) == sorted(pair.target.y.tolist()) == [0, 0, 0, 1, 1, 1]
    assert pair.target.X.mean() < 0.7 * pair.source.X.mean()
    assert set(np.unique(pair.source.X)) == {90, 110, 130}  # the others are those that were turned to night
    assert "guessed" in pair.notices[-1].message


def test_a_target_of_ones_own_is_left_as_it_is(tmp_path: Path) -> None:
    for domain, shade in (("a", 200), ("b", 180)):
        write(tmp_path / domain, {f"{name}/1.png": encoded((shade,) * 3) for name in ("car", "cat")})
    assert set(np.unique(load(tmp_path / "a", tmp_path / "b", night="hard").target.X)) == {180}


def test_a_class_of_one_picture_has_no_half(tmp_path: Path) -> None:
    place = write(tmp_path, {"car/1.png": encoded(), "car/2.png": encoded(), "cat/1.png": encoded()})
    assert "cat" in str(complaint(place, night="hard"))


def test_only_pictures_have_a_night_and_only_sounds_noise(tmp_path: Path, good: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("x,place,label\n" + "".join(f"{n},{'st'[n % 2]},{'ab'[n // 2 % 2]}\n" for n in range(20)))
    for place in (table, npz(tmp_path / "rows.npz", X=ROWS, y=LABELS)):
        assert "no pictures" in str(complaint(place, night="hard"))
    for place in (table, good):
        assert "no sounds" in str(complaint(place, noise="5 dB"))
