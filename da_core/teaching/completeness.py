"""List what a method or a data set lacks: lesson, reading, check, film or picture, translations, figures, reference.

The tests and ``python -m da_core check`` ask here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from da_core import i18n_messages
from da_core.data.measured import figures
from da_core.data.source import DataSource
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.i18n import LANGUAGES
from da_core.methods import methods
from da_core.methods.base import Method
from da_core.registry import file_of
from da_core.teaching import reference, thumbnails
from da_core.teaching.course import check_questions
from da_core.teaching.films import filming, lesson_films
from da_core.teaching.lessons import code_reading, lesson_file, method_map

ROOT = Path(__file__).parents[2]
TRANSLATIONS = "assets/locale/{language}/LC_MESSAGES/app.po"
NEEDS_MORE = {"files", "rated_texts"}
"""Data that need files of a visitor, or a package that is not among the requirements."""


@dataclass(frozen=True)
class Gap:
    """Something that is missing, and what mends it: a command or a file, in a sentence."""

    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.what}: {self.mend}"


def gaps_of_method(name: str) -> list[Gap]:
    """List what a method lacks."""
    method = methods()[name]
    return [
        *(gap for language in LANGUAGES for gap in lesson_gaps(name, language)),
        *formula_gaps(name),
        *reading_gaps(method),
        *check_gaps(name),
        *film_gaps(method),
        *map_gaps(method),
        *translation_gaps(method),
        *reference_gaps(reference.methods_page(), "methods.md", name),
        *result_gaps(method),
    ]


def gaps_of_data(name: str) -> list[Gap]:
    """List what a data set lacks."""
    source = sources()[name]
    return [
        *shift_gaps(source),
        *thumbnail_gaps(source),
        *figure_gaps(source),
        *translation_gaps(source),
        *reference_gaps(reference.data_page(), "data.md", name),
    ]


# A method's


def lesson_gaps(name: str, language: str) -> Iterator[Gap]:
    """Check that a lesson is there, well formed, and written in its language."""
    what, place = f"lesson ({language})", lesson_file.FOLDER / language / f"{name}.md"
    file = _relative(place)
    if not place.exists():
        yield Gap(what, f"write {file}; {_relative(place.with_name('coral.md'))} is an example.")
        return
    try:
        lesson = lesson_file.load(name, language)
    except UserError as error:
        yield Gap(what, str(error))
        return
    if (len(re.findall(r"[\u4e00-\u9fff]", lesson.idea)) > 30) != (language == "zh"):
        yield Gap(what, f"{file} is in another language; translate it.")
    for symbol, _meaning in lesson.symbols:
        if not re.search(r"\$.+\$", symbol):
            yield Gap(what, f"{file} has the symbol {symbol} without dollar signs; write ${symbol}$.")


def formula_gaps(name: str) -> Iterator[Gap]:
    """Check that the lesson has the same formula in all languages, words in it apart."""
    try:
        formulas = {language: _formulas(lesson_file.load(name, language).formula) for language in LANGUAGES}
    except UserError:
        return  # the lesson itself is missing
    for language, formula in formulas.items():
        if formula != formulas["en"]:
            file = _relative(lesson_file.FOLDER / language / f"{name}.md")
            yield Gap(f"formula ({language})", f"{file} has other formulas than the English lesson.")


def reading_gaps(method: type[Method]) -> Iterator[Gap]:
    """Check that the code's reading is there, and quotes lines that stand in the code."""
    what, place = "reading of the code", code_reading.file_of_reading(method.name())
    file = _relative(place)
    if not place.exists():
        yield Gap(what, f"write {file}; {_relative(place.with_name('coral.yaml'))} is an example.")
        return
    try:
        steps = code_reading.read_steps(place)
    except UserError as error:
        yield Gap(what, str(error))
        return
    for step in steps:
        source = step.file or _code_of(method)
        if not (ROOT / source).exists() or not code_reading.lines_of(step.code, (ROOT / source).read_text("utf-8")):
            yield Gap(what, f"{file} quotes a line that is not in {source}; quote it again: {step.code.strip()}")


def check_gaps(name: str) -> Iterator[Gap]:
    """Check that there is a question about the method."""
    if name not in check_questions.checks(check_questions.OF_LESSONS):
        yield Gap("check", f"write one under “{name}:” in {_relative(check_questions.OF_LESSONS)}.")


def film_gaps(method: type[Method]) -> Iterator[Gap]:
    """Check that the lesson's film can be made, and shows something get better."""
    name = method.name()
    if name in filming.ON_PICTURES:
        return
    where = f"EXCEPTIONS in {_relative(Path(lesson_films.__file__))}"
    try:
        frames = filming.film_of(lesson_films.lesson_experiment(name)).frames
    except UserError as error:
        yield Gap("film", f"{error} Its settings are in {where}.")
        return
    before = next(frame for frame in reversed(frames) if frame.phase == "source_only").numbers["target"]
    if method.family() != "control" and frames[-1].numbers["target"] <= before:
        scene = lesson_films.choose(name).scene
        yield Gap("film", f"nothing gets better on “{scene}”; choose other points or settings in {where}.")


def map_gaps(method: type[Method]) -> Iterator[Gap]:
    """Check that the course's map says where the method fails."""
    failing = method_map.method_map().fails.values()
    if method.family() != "control" and not any(method.name() in group.methods for group in failing):
        yield Gap("map of methods", f"add it to what it fails at in {_relative(method_map.FILE)}.")


def result_gaps(method: type[Method]) -> Iterator[Gap]:
    """Check that the method was measured on the street scenes."""
    page = reference.FOLDER / "results_street.md"
    if f"\n| {method.title} | " not in page.read_text(encoding="utf-8"):
        command = f"python -m tests.bench.day_night --methods {method.name()} --out {_relative(page)}"
        yield Gap("measured figures", f"measure them: {command}")


def _formulas(text: str) -> list[str]:
    blocks = re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)
    return ["".join(re.sub(r"\\text\{[^}]*\}", "", block).split()) for block in blocks]


# A data set's


def shift_gaps(source: type[DataSource]) -> Iterator[Gap]:
    """Check that a source says which kind of shift it has; own files cannot know."""
    if source.shift == "unknown" and source.name != "files":
        yield Gap("kind of shift", f"set `shift` in {_code_of(source)}.")


def thumbnail_gaps(source: type[DataSource]) -> Iterator[Gap]:
    """Check that pictures and points have a picture on their card."""
    drawn = source.kind == "pictures" or source.area == "points"
    if drawn and _is_built_in(source) and thumbnails.uri(source.name) is None:
        yield Gap("picture on the card", f"make it: {thumbnails.COMMAND} {source.name}")


def figure_gaps(source: type[DataSource]) -> Iterator[Gap]:
    """Check that source only, the best method and oracle have been measured."""
    if _is_built_in(source) and source.name not in figures():
        yield Gap("measured figures", f"measure them: python -m tests.bench.measure_catalogue {source.name}")


def _is_built_in(source: type[DataSource]) -> bool:
    """Tell whether it loads on any machine: without a download, a visitor's files or another package."""
    return source.name not in NEEDS_MORE and not source().remotes()


# Of both


def translation_gaps(kind: type) -> Iterator[Gap]:
    """Check that what the forms show of a class, and what its file says, is translated."""
    messages = [*i18n_messages.of_thing(kind), *i18n_messages.of_code(i18n_messages.parse(ROOT / _code_of(kind)))]
    for language in LANGUAGES:
        if language == "en":
            continue
        for message in i18n_messages.untranslated(messages, language):
            file = TRANSLATIONS.format(language=language)
            yield Gap(f"translation ({language})", f"add to {file}: msgid {_quoted(message)}")


def reference_gaps(page: str, file: str, name: str) -> Iterator[Gap]:
    """Check that the written reference page has the row of ``name`` as ``page`` has it."""
    row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
    if row not in (reference.FOLDER / file).read_text(encoding="utf-8").splitlines():
        yield Gap("reference page", f"write it: {reference.COMMAND}")


def _code_of(kind: type) -> str:
    return _relative(Path(file_of(kind)))


def _relative(file: Path) -> str:
    return str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else str(file)


def _quoted(message: str) -> str:
    """Write a message as a gettext file does."""
    escaped = message.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
