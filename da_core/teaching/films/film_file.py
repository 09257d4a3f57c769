"""Write films as gzipped JSON lines, each as soon as it is known, so that a film can be played while it is made.

The first line is the `Header`, each other one a `FilmFrame`, or the `Problem` for which no more come. A film is whole
where its gzip stream is. ``assets/playground/film_file.js`` reads the same.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable

from pydantic import BaseModel

from da_core.errors import UserError
from da_core.i18n import LANGUAGES, Language
from da_core.teaching.films.film import Film, FilmFrame, Header

SUFFIX = ".dafilm"
_GZIP = 31  # what zlib calls it


class Problem(BaseModel):
    """Why a film has no more frames, by language."""

    problem: dict[str, str]


class FilmWriter:
    """Writes one film, line by line."""

    def __init__(self) -> None:
        self._gzip = zlib.compressobj(wbits=_GZIP)

    def write(self, line: Header | FilmFrame | Problem) -> bytes:
        """Write a line so that it can be read before the next one is."""
        text = line.model_dump_json(exclude_none=True) + "\n"
        return self._gzip.compress(text.encode()) + self._gzip.flush(zlib.Z_SYNC_FLUSH)

    def fail(self, error: UserError) -> bytes:
        """Write why no more frames come, and the film's end."""
        sentences = {code: Language(code).translate_message(error.message, error.values) for code in LANGUAGES}
        return self.write(Problem(problem=sentences)) + self.end()

    def end(self) -> bytes:
        """Write the film's end."""
        return self._gzip.flush()


def write_film(header: Header, frames: Iterable[FilmFrame]) -> bytes:
    """Write a whole film."""
    writer = FilmWriter()
    return b"".join([writer.write(header), *map(writer.write, frames), writer.end()])


def read_film(data: bytes) -> Film:
    """Read a whole film that was written here."""
    header, *frames = gzip.decompress(data).splitlines()
    return Film(Header.model_validate_json(header), [FilmFrame.model_validate_json(frame) for frame in frames])
