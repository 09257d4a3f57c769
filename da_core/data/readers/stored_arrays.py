"""Open a file of arrays by name: what each says of itself before it is read, and how to read it.

Of NumPy's npz (also one that `scipy.sparse.save_npz` wrote) and of MATLAB's mat. Nothing that could run code is loaded:
no Python objects (pickles), and of HDF5 nothing that lies in another file.
"""

from __future__ import annotations

import math
import operator
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from da_core.data.readers.archive import open_archive, read_head, readable, short_name, unpacks_to_more
from da_core.errors import UserError
from da_core.settings import settings

_MATLAB = b"MATLAB"
_HDF5 = b"MATLAB 7.3"
_NUMBERS = {"double", "single", "logical", "sparse"}
_NUMBERS |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_TEXTS = {"cell", "char"}
_TEXT_BYTES = 4 * 64  # that a text in a list of them may take
_FIRST_ELEMENT, _COMPRESSED = 128, 15  # where a mat file's elements begin, and the type of those that are packed
_SPARSE = {"format", "shape", "data"}
_INDICES = {"indices", "indptr", "row", "col", "offsets"}
"""Arrays that a sparse matrix is kept as."""

NOT_AN_ARRAY = "{name} in “{place}” is not a NumPy array, or it is damaged; save the file again with numpy.savez."


@dataclass(frozen=True)
class Stored:
    """An array that is not read yet: its shape, the bytes of one value, and how to read it, dense."""

    shape: tuple[int, ...]
    itemsize: int
    read: Callable[[], NDArray[Any]]


Arrays = Mapping[str, Callable[[], Stored]]
"""A file's arrays by name, each with what describes it (raises `UserError` where it cannot be used)."""


def is_mat(place: Path) -> bool:
    """Tell whether a file is MATLAB's, by what it begins with; of version 4, which says nothing, by its ending."""
    return read_head(place, len(_MATLAB)) == _MATLAB or place.suffix.lower() == ".mat"


@contextmanager
def open_arrays(place: Path) -> Iterator[Arrays]:
    """Open a file of arrays, readable within the context. Raises `UserError` for a damaged or too large one."""
    if not is_mat(place):
        with open_archive(place) as archive:
            yield _open_npz(archive, place)
    elif read_head(place, len(_HDF5)) == _HDF5:
        import h5py

        with readable(place):
            file = h5py.File(place, "r")
        with file:
            yield {name: partial(_describe_hdf5, file, name, place) for name in file if name[:1] != "#"}
    else:
        yield _open_mat(place)


def _open_npz(archive: zipfile.ZipFile, place: Path) -> Arrays:
    members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    arrays = {name: partial(_describe_npy, archive, member, place) for name, member in members.items()}
    if not members.keys() >= _SPARSE:
        return arrays
    labels = {name: describe for name, describe in arrays.items() if name not in _SPARSE | _INDICES}
    return {"X": partial(_describe_sparse, archive, place), **labels}


def _describe_npy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path) -> Stored:
    """Check the header of an array: NumPy takes the memory that a header asks for before it reads."""
    with readable(place, NOT_AN_ARRAY, name=member.filename), archive.open(member) as stream:
        version = npy.read_magic(stream)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        if dtype.hasobject:
            raise UserError(
                "{name} in “{place}” holds Python objects, which could run code; save plain numbers or texts instead.",
                name=member.filename,
                place=short_name(place),
            )
        if math.prod(shape) * dtype.itemsize != member.file_size - stream.tell():
            raise ValueError("the header asks for more than there is, or less")

    def read() -> NDArray[Any]:
        with readable(place, NOT_AN_ARRAY, name=member.filename), archive.open(member) as stream:
            return npy.read_array(stream, allow_pickle=False)

    return Stored(shape, dtype.itemsize, read)


def _describe_sparse(archive: zipfile.ZipFile, place: Path) -> Stored:
    """Describe a sparse matrix by the parts that it is kept as, each of them checked."""
    parts = [member for member in archive.infolist() if member.filename.removesuffix(".npy") in _SPARSE | _INDICES]
    stored = {member.filename.removesuffix(".npy"): _describe_npy(archive, member, place) for member in parts}
    with readable(place, NOT_AN_ARRAY, name="shape"):
        if stored["shape"].shape != (2,):
            raise ValueError("a matrix has two sides")
        rows, columns = map(operator.index, stored["shape"].read().tolist())

    def read() -> NDArray[Any]:
        import scipy.sparse

        with readable(place):
            matrix = scipy.sparse.load_npz(place)
            if matrix.shape != (rows, columns):
                raise ValueError(f"its shape is {matrix.shape}")
            return _to_dense(matrix)

    return Stored((rows, columns), stored["data"].itemsize, read)


def _to_dense(matrix: Any) -> NDArray[Any]:
    """Fill a sparse matrix up, once its indices are known to lie within it: SciPy writes wherever they point."""
    if matrix.format not in ("csr", "csc"):
        matrix = matrix.tocoo().tocsr()
    matrix.check_format(full_check=True)
    dense: NDArray[Any] = matrix.toarray()
    return dense


def _open_mat(place: Path) -> Arrays:
    """List the arrays of a file of MATLAB 4 to 7.2: matrices of numbers, full or sparse, and lists of texts."""
    from scipy.io import whosmat

    _check_unpacked(place)
    with readable(place):
        return {
            name: partial(Stored, shape, _TEXT_BYTES if kind in _TEXTS else 8, partial(_read_mat, name, place))
            for name, shape, kind in whosmat(place)
            if kind in _NUMBERS | _TEXTS
        }


def _read_mat(name: str, place: Path) -> NDArray[Any]:
    import scipy.sparse
    from scipy.io import loadmat

    with readable(place):
        array = loadmat(place, variable_names=[name])[name]
        if scipy.sparse.issparse(array):
            return _to_dense(array)
        if array.dtype == object:  # a cell array, each cell an array with a text
            return np.array([str(cell.item()) if np.size(cell) == 1 else "" for cell in array.ravel()])
        return np.asarray(array)


def _check_unpacked(place: Path) -> None:
    """Refuse a file whose packed elements unpack to more than the settings allow, before anyone unpacks them."""
    most = settings().archive_megabytes * 2**20
    unpacked = 0
    with place.open("rb") as stream:
        order = "big" if stream.read(_FIRST_ELEMENT)[-2:] == b"MI" else "little"
        while len(head := stream.read(8)) == 8:
            kind, size = (int.from_bytes(part, order) for part in (head[:4], head[4:]))  # type: ignore[arg-type]
            if kind != _COMPRESSED:
                stream.seek(size, 1)
                continue
            unpacker, left = zlib.decompressobj(), size
            while left > 0 and (block := stream.read(min(left, 2**16))):
                left -= len(block)
                while block and unpacked <= most:
                    with readable(place):
                        unpacked += len(unpacker.decompress(block, 2**20))
                    block = unpacker.unconsumed_tail
            if unpacked > most:
                raise unpacks_to_more(place, most)


def _describe_hdf5(file: Any, name: str, place: Path) -> Stored:
    """Describe an array of a file of MATLAB 7.3, whose axes HDF5 has in the other order."""
    import h5py

    with readable(place):
        link = file.get(name, getlink=True)
        matrix = file[name] if isinstance(link, h5py.HardLink) else None
    if not isinstance(matrix, h5py.Dataset) or matrix.external or matrix.is_virtual or matrix.dtype.kind not in "biuf":
        raise UserError(
            "{name} in “{place}” is not a plain matrix of numbers, the only kind read from MATLAB 7.3 files; save it "
            "with -v7.",
            name=name,
            place=short_name(place),
        )
    is_text = matrix.attrs.get("MATLAB_class") == b"char"

    def read() -> NDArray[Any]:
        with readable(place):
            array: NDArray[Any] = matrix[()].T
        return np.array(["".join(map(chr, row)) for row in np.atleast_2d(array)]) if is_text else array

    return Stored(matrix.shape[::-1], _TEXT_BYTES if is_text else matrix.dtype.itemsize, read)
