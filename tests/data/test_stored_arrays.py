"""Arrays in npz and MATLAB files: one domain, or both, dense or sparse; and what must not be read."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.sparse
from scipy.io import savemat

from da_core.data.pair import UNKNOWN
from da_core.errors import UserError
from tests.support.own_places import complaint, load

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 5)).astype(np.float32) * (RNG.random((20, 5)) < 0.5)
Y = np.arange(20) % 2


def npz(place: Path, **arrays: Any) -> Path:
    np.savez(place, **arrays)
    return place


def mat(place: Path, **arrays: Any) -> Path:
    savemat(place, arrays, do_compression=True)
    return place


def mat73(place: Path, **arrays: np.ndarray) -> Path:
    """As MATLAB 7.3 writes: HDF5 behind 512 bytes of its own, every array turned round."""
    with h5py.File(place, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=np.atleast_2d(array).T, compression="gzip")
    with place.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return place


# What is read --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [mat, mat73])
def test_a_mat_file_gives_what_an_npz_gives(tmp_path: Path, write: Callable[..., Path]) -> None:
    target = npz(tmp_path / "t.npz", X=X, y=Y)
    pair = load(write(tmp_path / "s.mat", fts=X, labels=Y[:, None]), target)
    np.testing.assert_array_equal(pair.source.X, X)
    np.testing.assert_array_equal(pair.source.y, Y)
    columns = load(write(tmp_path / "c.mat", X=X.T, y=Y[None]), target)
    np.testing.assert_array_equal(columns.source.X, X)


def test_labels_of_a_mat_file_may_be_texts(tmp_path: Path) -> None:
    texts = np.array(["cat", "猫"], dtype=object)[Y]
    pair = load(mat(tmp_path / "s.mat", X=X, y=texts), mat(tmp_path / "t.mat", X=X, y=texts))
    assert pair.classes == ("cat", "猫")
    np.testing.assert_array_equal(pair.source.y, Y)


def test_sparse_matrices_are_read(tmp_path: Path) -> None:
    for form in ("csr", "csc", "coo"):
        scipy.sparse.save_npz(tmp_path / f"{form}.npz", scipy.sparse.coo_matrix(X).asformat(form))
    labelled = npz(tmp_path / "s.npz", **np.load(tmp_path / "csr.npz"), y=Y)
    for form in ("csr", "csc", "coo"):
        pair = load(labelled, tmp_path / f"{form}.npz")
        np.testing.assert_array_equal(pair.source.X, X)
        np.testing.assert_array_equal(pair.target.X, X)
        assert (pair.target.y == UNKNOWN).all()
    in_matlab = load(mat(tmp_path / "s.mat", X=scipy.sparse.csc_matrix(X.astype(float)), y=Y), labelled)
    np.testing.assert_allclose(in_matlab.source.X, X)
    assert "numpy.savez(new, **numpy.load(old), y=labels)" in str(complaint(tmp_path / "csr.npz", labelled))


@pytest.mark.parametrize("names", ["Xs ys Xt yt", "Xs Ys Xt Yt", "X_src Y_src X_tar Y_tar"])
@pytest.mark.parametrize("write", [npz, mat])
def test_one_file_may_hold_both_domains(tmp_path: Path, write: Callable[..., Path], names: str) -> None:
    place = write(tmp_path / f"both.{write.__name__}", **dict(zip(names.split(), (X, Y, X + 1, Y), strict=True)))
    pair = load(place)
    np.testing.assert_array_equal(pair.source.X, X)
    np.testing.assert_array_equal(pair.target.X, X + 1)


def test_samples_may_say_which_domain_they_are_of(tmp_path: Path) -> None:
    sites = np.array(["north", "south", "east", "north"])[np.arange(20) % 4]
    place = npz(tmp_path / "a.npz", X=X, y=np.arange(20) // 4 % 2, domain=sites)
    pair = load(place, source_domain="south", target_domain="north")
    np.testing.assert_array_equal(pair.source.X, X[sites == "south"])
    np.testing.assert_array_equal(pair.target.X, X[sites == "north"])
    assert (pair.source.name, pair.target.name) == ("south", "north")
    assert load(place, source_domain="east").target.name == "others"
    assert "labels in domain" in str(complaint(npz(tmp_path / "b.npz", X=X, y=Y, domain=sites[:7])))


# What is not ---------------------------------------------------------------------------------------------------------


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return open, (str(tmp_path / "ran"), "w")

    good = npz(tmp_path / "t.npz", X=X, y=Y)
    objects = np.array([Evil()] * 20, dtype=object)
    for arrays in (
        {"X": X, "y": objects},
        {"X": objects, "y": Y},
        {"X": X, "y": Y, "domain": objects},
        {"format": objects[:1], "shape": np.array([20, 5]), "data": objects, "indices": Y, "indptr": Y, "y": Y},
    ):
        np.savez(tmp_path / "evil.npz", allow_pickle=True, **arrays)
        with pytest.raises(UserError):
            load(tmp_path / "evil.npz", None if "domain" in arrays else good)
    assert not (tmp_path / "ran").exists()


def test_a_sparse_matrix_whose_indices_point_out_of_it_is_refused(tmp_path: Path) -> None:
    matrix = scipy.sparse.csr_matrix(X)
    parts = {"format": np.array(b"csr"), "shape": np.array(X.shape), "data": matrix.data, "indptr": matrix.indptr}
    good = npz(tmp_path / "t.npz", X=X, y=Y)
    for wrong in (10**8, -7):
        indices = np.where(np.arange(matrix.nnz) == 3, wrong, matrix.indices)
        assert "cannot be read" in str(complaint(npz(tmp_path / "s.npz", **parts, indices=indices, y=Y), good))
    place = tmp_path / "s.mat"
    savemat(place, {"X": scipy.sparse.csc_matrix(X.T), "y": Y})
    broken = bytearray(place.read_bytes())
    rows = scipy.sparse.csc_matrix(X.T).indices.astype("<i4").tobytes()
    at = bytes(broken).index(rows)
    broken[at : at + 4] = (10**8).to_bytes(4, "little")
    place.write_bytes(broken)
    assert "cannot be read" in str(complaint(place, good))


def test_what_would_take_too_much_memory_is_not_filled_up(tmp_path: Path, limit: Callable[[str, int], None]) -> None:
    limit("samples_megabytes", 16)
    wide = scipy.sparse.csr_matrix(([1.0], ([0], [0])), shape=(20, 10**7))
    scipy.sparse.save_npz(tmp_path / "x.npz", wide)
    place = npz(tmp_path / "s.npz", **np.load(tmp_path / "x.npz"), y=Y)
    good = npz(tmp_path / "t.npz", X=X, y=Y)
    assert "MB of memory" in str(complaint(place, good))
    assert "MB of memory" in str(complaint(mat(tmp_path / "s.mat", X=wide.astype(float).tocsc(), y=Y), good))
    assert "MB of memory" in str(complaint(mat73(tmp_path / "h.mat", X=np.zeros((2200, 2000)), y=np.zeros(2200)), good))


def test_a_mat_file_that_unpacks_to_far_more_is_not_unpacked(tmp_path: Path, limit: Callable[[str, int], None]) -> None:
    """Its matrix says that it is small; what is packed behind it is not."""
    limit("archive_megabytes", 4)
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    packed = zlib.compress(bytes(64 * 2**20))
    place = tmp_path / "bomb.mat"
    place.write_bytes(header + (15).to_bytes(4, "little") + len(packed).to_bytes(4, "little") + packed)
    assert place.stat().st_size < 100_000
    assert "would unpack to more than 4 MB" in str(complaint(place, npz(tmp_path / "t.npz", X=X, y=Y)))


def test_hdf5_reads_no_other_file(tmp_path: Path) -> None:
    secret = mat73(tmp_path / "secret.mat", X=X, y=Y)
    np.arange(100.0).tofile(tmp_path / "raw")
    layout = h5py.VirtualLayout((5, 20), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "X", (5, 20))
    good = npz(tmp_path / "t.npz", X=X, y=Y)
    for kind in ("link", "external", "virtual"):
        place = mat73(tmp_path / f"{kind}.mat", y=Y)
        with h5py.File(place, "r+") as file:
            if kind == "link":
                file["X"] = h5py.ExternalLink(str(secret), "X")
            elif kind == "external":
                file.create_dataset("X", (5, 20), "f8", external=[(str(tmp_path / "raw"), 0, 800)])
            else:
                file.create_virtual_dataset("X", layout)
        assert "not a plain matrix of numbers" in str(complaint(place, good))


# svmlight ------------------------------------------------------------------------------------------------------------


def test_rows_in_svmlights_form_are_read_and_the_narrower_domain_is_filled_up(tmp_path: Path) -> None:
    from sklearn.datasets import dump_svmlight_file

    narrow = X.copy()
    narrow[:, 3:] = 0
    for name, rows in (("s", X), ("t.libsvm", narrow)):
        dump_svmlight_file(rows, 2 * Y - 1, str(tmp_path / name), zero_based=False)
    pair = load(tmp_path / "s", tmp_path / "t.libsvm")
    np.testing.assert_allclose(pair.source.X, X, rtol=1e-6)
    np.testing.assert_allclose(pair.target.X, narrow, rtol=1e-6)
    assert pair.classes == ("-1", "1")
    assert load(tmp_path / "s", npz(tmp_path / "t.npz", X=X)).source.X.shape == (20, 5)


def test_svmlight_that_cannot_be_used_gets_a_sentence(tmp_path: Path, limit: Callable[[str, int], None]) -> None:
    good = tmp_path / "good"
    good.write_text("1 1:0.5 2:1\n-1 1:1\n" * 5)
    assert "holds one domain" in str(complaint(good))
    for text, says in (
        ("1 1:0.5\n-1 2:x\n", "follow svmlight's format"),
        ("1 1:0.5\n-1 2:1e99\n", "finite"),
        ("1 1:0.5\n-1 200000000:1\n" * 5, "MB of memory"),
    ):
        (tmp_path / "bad").write_text(text)
        assert says in str(complaint(tmp_path / "bad", good))
