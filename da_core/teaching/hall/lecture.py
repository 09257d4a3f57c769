"""A lecture: slides in a YAML file, those that ship with the app and those that an instructor brings.

A slide has a title, a few lines, and at most one thing to look at: a film of the playground, a screen of the app, a
run that is started in the hall, a question (its own, or by ``check`` one of the course's), or a prediction. With a
question may stand its ``twin``, which asks for the same idea in another case once the room has talked; a check brings
its own. ``notes`` are the instructor's own.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from da_core.errors import UserError, shorten
from da_core.i18n import Language

if TYPE_CHECKING:
    from da_core.teaching.check_questions import Check

FOLDER = Path(__file__).parents[3] / "assets" / "lectures"
"""The lectures that ship with the app, by language."""
LARGEST = 300_000
"""Letters of a file."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=240)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
ScreenLink = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[a-z_]*(\?[A-Za-z0-9_.,=&%+-]*)?$")]
"""A screen of the app with its query, such as “data?data=street”: it leads nowhere else."""
Query = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[A-Za-z0-9_.,=&%+-]*$")]


class _LecturePart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _named(given: Any) -> Any:
    return {"preset": given} if isinstance(given, str) else given


class FilmOfPreset(_LecturePart):
    """A film of the playground: the pair of a preset, with its own method unless told, and another beside it.

    With ``still`` it stays on its first picture, so that it tells nothing that is to be guessed later.
    """

    preset: str
    method: str = ""
    beside: str = ""
    still: bool = False


class AnswerChoice(_LecturePart):
    """An answer of a question. ``why`` says what is right or wrong about it, once the vote is over."""

    text: Line
    right: bool = False
    why: Annotated[str, StringConstraints(max_length=600)] = ""


class Question(_LecturePart):
    """A question that is put to the room. Its slide's title and lines may say more."""

    text: Line
    choices: Annotated[tuple[AnswerChoice, ...], Field(min_length=2, max_length=6)]

    @model_validator(mode="after")
    def _has_one_right_answer(self) -> Question:
        if sum(choice.right for choice in self.choices) != 1:
            raise ValueError("just one choice has “right: true”")
        return self


class Prediction(_LecturePart):
    """A number that everyone guesses before it is shown."""

    text: Line
    low: float = 0.0
    high: float = 100.0
    unit: Annotated[str, StringConstraints(max_length=20)] = "%"
    answer: float

    @model_validator(mode="after")
    def _lies_between(self) -> Prediction:
        if not self.low <= self.answer <= self.high or self.low >= self.high:
            raise ValueError("“answer” has to lie between “low” and “high”")
        return self


_SHOWN = ("film", "screen", "run", "question", "prediction")


class Slide(_LecturePart):
    """One screen of a lecture."""

    title: Title
    minutes: Annotated[float, Field(gt=0, le=60)] = 1.0
    lines: Annotated[tuple[Line, ...], Field(max_length=8)] = ()
    notes: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""
    film: Annotated[FilmOfPreset, BeforeValidator(_named)] | None = None
    screen: ScreenLink | None = None
    run: Query | None = None
    """What is to be trained, as the query of the app's link."""
    question: Question | None = None
    twin: Question | None = None
    prediction: Prediction | None = None

    @model_validator(mode="after")
    def _shows_one_thing(self) -> Slide:
        if sum(getattr(self, name) is not None for name in _SHOWN) > 1:
            raise ValueError("a slide shows at most one of film, screen, run, question and prediction")
        if self.twin is not None and self.question is None:
            raise ValueError("a twin needs a question before it")
        return self


class Lecture(_LecturePart):
    """A lecture as it was read."""

    title: Title
    language: Annotated[str, StringConstraints(pattern="^(en|zh)$")]
    summary: Annotated[str, StringConstraints(strip_whitespace=True, max_length=600)] = ""
    slides: Annotated[tuple[Slide, ...], Field(min_length=1, max_length=200)]

    @property
    def minutes(self) -> float:
        """Add up the slides' minutes."""
        return sum(slide.minutes for slide in self.slides)


class _PlainLoader(yaml.SafeLoader):
    """Reads plain YAML: an alias is refused, since a few of them can stand for more than any memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):  # type: ignore[no-untyped-call]
            raise yaml.YAMLError("“*” and “&” are not used here")
        return super().compose_node(parent, index)  # type: ignore[no-untyped-call]


@functools.cache
def shipped(language: str) -> dict[str, Lecture]:
    """Read the lectures in a language that ship with the app, by the names of their files."""
    files = sorted((FOLDER / language).glob("*.yaml"))
    return {path.stem: read_lecture(shipped_text(path.stem, language)) for path in files}


def shipped_text(name: str, language: str) -> str:
    """Read the file of a lecture that ships with the app, with its numbers in the place of their paths."""
    from da_core.teaching import course_numbers

    text = (FOLDER / language / f"{name}.yaml").read_text(encoding="utf-8")
    return course_numbers.filled(text, Language(language))


def read_lecture(text: str) -> Lecture:
    """Read a lecture. Raises `UserError` that says which slide is wrong, and why."""
    if len(text) > LARGEST:
        raise UserError("This file is too long for a lecture: at most {count} letters.", count=LARGEST)
    try:
        held = yaml.load(text, _PlainLoader)  # a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            raise UserError("This file is not YAML: see line {line}.", line=mark.line + 1) from None
        raise UserError("This file is not plain YAML: {detail}.", detail=shorten(str(error))) from None
    if not isinstance(held, dict):
        raise UserError("A lecture has “title”, “language” and “slides”; see the example that can be downloaded.")
    try:
        lecture = Lecture.model_validate(_with_checks(held))
    except ValidationError as error:
        raise _explained(error.errors()[0]) from None
    _check_names(lecture)
    return lecture


def _with_checks(held: dict[str, Any]) -> dict[str, Any]:
    """Put the course's own question in the place of each ``check``, which names one."""
    from da_core.teaching.check_questions import check

    language, slides = str(held.get("language")), held.get("slides")
    if not isinstance(slides, list):
        return held
    asked = []
    for slide in slides:
        if isinstance(slide, dict) and isinstance(name := slide.get("check"), str):
            one = check(name)
            slide = {key: value for key, value in slide.items() if key != "check"}
            slide["question"] = _question_of(one, language)
            if one.twin:
                slide.setdefault("twin", _question_of(check(one.twin), language))
        asked.append(slide)
    return {**held, "slides": asked}


def _question_of(check: Check, language: str) -> dict[str, Any]:
    """Write a check of the course as a question of a slide."""
    choices = [
        {
            "text": option.text.text(language),
            "right": option.is_right,
            "why": (check.why if option.is_right else option.refuted().refutation).text(language),
        }
        for option in check.options
    ]
    return {"text": check.question.text(language), "choices": choices}


def _explained(first: Any) -> UserError:
    """Say in one sentence what pydantic found first."""
    place: Sequence[str | int] = first["loc"]
    in_slide = len(place) > 1 and place[0] == "slides" and isinstance(place[1], int)
    where: dict[str, Any] = {"slide": int(place[1]) + 1} if in_slide else {}
    field = ".".join(str(step) for step in (place[2:] if in_slide else place))
    limit = next((first.get("ctx", {}).get(name) for name in ("max_length", "le") if name in first.get("ctx", {})), 0)
    match first["type"], in_slide:
        case "missing", True:
            return UserError("Slide {slide}: “{field}” is missing.", **where, field=field)
        case "missing", False:
            return UserError("The lecture: “{field}” is missing.", field=field)
        case "extra_forbidden", True:
            return UserError("Slide {slide}: “{field}” is not known; is it spelt right?", **where, field=shorten(field))
        case "extra_forbidden", False:
            return UserError("The lecture: “{field}” is not known; is it spelt right?", field=shorten(field))
        case (("string_too_long" | "too_long"), True):
            return UserError("Slide {slide}: “{field}” is too long, at most {most}.", **where, field=field, most=limit)
        case _, True:
            detail = shorten(str(first["msg"]).removeprefix("Value error, "))
            return UserError("Slide {slide}: “{field}” cannot be used: {detail}.", **where, field=field, detail=detail)
    detail = shorten(str(first["msg"]).removeprefix("Value error, "))
    return UserError("The lecture: “{field}” cannot be used: {detail}.", field=field, detail=detail)


def _check_names(lecture: Lecture) -> None:
    """Check what slides name: presets and methods of films, and the experiments of runs."""
    from da_core.data.sources import sources
    from da_core.experiment import Experiment
    from da_core.methods import methods
    from da_core.networks import networks
    from da_core.registry import resolve
    from da_core.teaching.films.presets import PRESETS

    for number, slide in enumerate(lecture.slides, start=1):
        if (film := slide.film) is not None:
            unknown = [name for name in (film.method, film.beside) if name and name not in methods()]
            if film.preset not in PRESETS:
                unknown = [film.preset]
            if unknown:
                raise UserError("Slide {slide}: there is no film of “{name}”.", slide=number, name=shorten(unknown[0]))
        if slide.run is not None:
            try:
                wanted = Experiment.from_flat(query_of(slide.run))
                resolve(sources(), wanted.data)
                resolve(networks(), wanted.network)
                resolve(methods(), wanted.method)
            except UserError as error:
                raise UserError(
                    "Slide {slide}: “{field}” cannot be used: {detail}.", slide=number, field="run", detail=str(error)
                ) from None


def query_of(text: str) -> dict[str, str]:
    """Read the query of a link."""
    from urllib.parse import parse_qsl

    return dict(parse_qsl(text))
