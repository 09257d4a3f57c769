"""The bug hunt: scripts that look right and are not, each beside its right version, and what they print.

Every bug has a folder in ``assets/course/bugs`` with ``wrong.py`` and ``right.py``; ``assets/course/bugs.yaml`` says
what the script is meant to do, which line is wrong, and what mends it.
"""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from da_core.errors import UserError
from da_core.registry import pick
from da_core.teaching.course.bilingual import COURSE, Bilingual, Entry, Words, read_file

FILE = COURSE / "bugs.yaml"
SCRIPTS = COURSE / "bugs"
SECONDS = 120
"""A script is over in a few seconds; one that is not is ended."""

Version = Literal["wrong", "right"]


class Remedy(Entry):
    """A possible fix of a script: ``because`` says why it does not work, and is absent for the right one."""

    text: Bilingual
    because: Bilingual | None = None


class Bug(Entry):
    """A script's story: what it is meant to do, the wrong line, what comes of it, and the remedies."""

    title: Bilingual
    meant: Bilingual
    line: Words
    also: tuple[Words, ...] = ()
    """Other lines that a reader may well mark."""
    happens: Bilingual
    remedies: Annotated[tuple[Remedy, ...], Field(min_length=3, max_length=4)]
    after: Bilingual

    @model_validator(mode="after")
    def _check_remedy(self) -> Bug:
        if sum(remedy.because is None for remedy in self.remedies) != 1:
            raise ValueError("just one remedy has no “because”, that is, mends the script")
        return self

    def is_wrong(self, line: str) -> bool:
        """Tell whether a line of the script is one that is wrong."""
        return line.strip() in (self.line, *self.also)


@dataclass(frozen=True)
class Output:
    """A script's output, and the error that ended it, if any, with its line."""

    printed: str
    error: str = ""
    line: int | None = None


@functools.cache
def bugs() -> dict[str, Bug]:
    """Read all bugs by name, in the order of the hunt. Raises `UserError` for a file that is not as it should be."""
    return read_file(FILE, dict[str, Bug])


def code(name: str, version: Version) -> str:
    """Read a script. Raises `UserError` if there is no bug of this name."""
    pick(bugs(), name, "bug")
    return (SCRIPTS / name / f"{version}.py").read_text(encoding="utf-8")


def run(name: str, version: Version) -> Output:
    """Run a script in a process of its own: an empty folder, no paths of ours, one thread, an end.

    Raises `UserError` if there is no such bug, or the script does not come to its end.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-"],
                input=code(name, version),
                cwd=folder,
                env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8", "HOME": folder},
                capture_output=True,
                encoding="utf-8",
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise UserError("The script did not finish; try again when the server is less busy.") from None
    if done.returncode == 0:
        return Output(done.stdout)
    lines = re.findall(r'File "<stdin>", line (\d+)', done.stderr)
    error = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
    return Output(done.stdout, error, int(lines[-1]) if lines else None)
