"""Texts in both languages, and the YAML files of the course that hold them: validated, frozen models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from da_core.errors import UserError
from da_core.system.app_files import ASSETS

COURSE = ASSETS / "course"

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
T = TypeVar("T")
_CHINESE = r"[\u3000-\u9fff\uff00-\uffef“”‘’…]"
_FOLD = re.compile(f"(?<={_CHINESE}) (?={_CHINESE})")
"""The space that YAML leaves between two lines of a folded text, which Chinese does not have."""


class Entry(BaseModel):
    """Base of the values that a file of the course, a lecture or a room holds: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Bilingual(Entry):
    """A text in English and Chinese, as Markdown."""

    en: Words
    zh: Annotated[Words, AfterValidator(lambda text: _FOLD.sub("", text))]

    def text(self, language: str) -> str:
        """Return the text in the language of this code."""
        return self.zh if language == "zh" else self.en


def read_file(file: Path, kind: type[T]) -> T:
    """Read a YAML file of the course. Raises `UserError` that says what is wrong with it, and where."""
    try:
        return TypeAdapter(kind).validate_python(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise UserError("The file {file} cannot be read: {why}.", file=file.name, why=str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError("In {file} “{place}” is wrong: {why}.", file=file.name, place=place, why=first["msg"]) from None
