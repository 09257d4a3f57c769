"""A lecture: slides in a YAML file, those that ship with the app and those that an instructor brings.

A slide has a title, a few lines, and at most one thing to look at: a film of the playground, a screen of the app, a
run that is started in the hall, a question (its own, or by ``check`` one of the course's), a prediction, or a line to
sketch (its own, or by ``guess`` one of the course's). With a question may stand its ``twin``, which asks for the same
idea in another case once the room has talked; a check brings its own. ``notes`` are the instructor's own.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from da_core.errors import UserError, shorten
from da_core.i18n import Language
from da_core.system.app_files import ASSETS
from da_core.teaching.course.bilingual import Entry
from da_core.teaching.course.guess import KNOTS

if TYPE_CHECKING:
    from da_core.teaching.course.check_questions import Check

try:
    from yaml import CSafeLoader as _SafeLoader  # ten times as fast
except ImportError:
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

FOLDER = ASSETS / "lectures"
"""The lectures that ship with the app, by language."""
LARGEST = 300_000
"""Letters of a file."""
MOST_NODES = 10_000
"""Values, lists and mappings in a file: 50 for each of 200 slides."""
_DEEPEST = 20
"""Lists and mappings within one another; a lecture has six."""
LONGEST_LINK = 20_000
"""Letters of a screen's link: points drawn by hand take 8,000, and a third domain may be drawn too."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=240)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
AxisTitle = Annotated[str, StringConstraints(max_length=60)]
Ends = tuple[float, float]
DrawnLine = Annotated[tuple[float, ...], Field(max_length=100)]
ScreenLink = Annotated[str, StringConstraints(max_length=LONGEST_LINK, pattern=r"^[a-z_]*(\?[A-Za-z0-9_.~,=&%+-]*)?$")]
"""A screen of the app with its query as `urlencode` writes it, such as “data?data=street”: it leads nowhere else."""
Query = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[A-Za-z0-9_.~,=&%+-]*$")]


def _named(value: Any) -> Any:
    return {"preset": value} if isinstance(value, str) else value


class FilmOfPreset(Entry):
    """A film of the playground: the pair of a preset, with its own method by default, and another beside it.

    With ``still`` it stays on its first picture, so that it tells nothing that is to be guessed later.
    """

    preset: str
    method: str = ""
    beside: str = ""
    still: bool = False


class AnswerChoice(Entry):
    """An answer of a question. ``why`` says what is right or wrong about it, once the vote is over."""

    text: Line
    right: bool = False
    why: Annotated[str, StringConstraints(max_length=600)] = ""


class Question(Entry):
    """A question that is put to the room. Its slide's title and lines may say more."""

    text: Line
    choices: Annotated[tuple[AnswerChoice, ...], Field(min_length=2, max_length=6)]

    @model_validator(mode="after")
    def _check_right_answer(self) -> Question:
        if sum(choice.right for choice in self.choices) != 1:
            raise ValueError("just one choice has “right: true”")
        return self


class Prediction(Entry):
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


class Sketch(Entry):
    """A line that everyone draws before it is shown: a curve, or a boundary between the points of a film's pair."""

    text: Line
    across: AxisTitle = "x₁"
    up: AxisTitle = "x₂"
    x: Ends
    y: Ends
    unit: Annotated[str, StringConstraints(max_length=20)] = ""
    outcome: DrawnLine | None = None
    """Of a curve: the heights of what came out, at `KNOTS` places."""
    film: str = ""
    """Of a boundary: the course's film, whose source is parted before its target is shown."""

    @model_validator(mode="after")
    def _has_an_outcome(self) -> Sketch:
        if self.x[0] >= self.x[1] or self.y[0] >= self.y[1]:
            raise ValueError("“x” and “y” are the lower and the upper end of their axes")
        if (self.outcome is None) == (not self.film):
            raise ValueError("a sketch has either an “outcome” or a “film”")
        if self.outcome is not None and len(self.outcome) != KNOTS:
            raise ValueError(f"“outcome” has {KNOTS} heights, from left to right")
        return self


_SHOWN = ("film", "screen", "run", "question", "prediction", "sketch")


class Slide(Entry):
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
    sketch: Sketch | None = None

    @property
    def asks(self) -> bool:
        """Tell whether there is something to answer."""
        return (self.question or self.prediction or self.sketch) is not None

    @model_validator(mode="after")
    def _check_content(self) -> Slide:
        if sum(getattr(self, name) is not None for name in _SHOWN) > 1:
            raise ValueError("a slide shows at most one of film, screen, run, question, prediction and sketch")
        if self.twin is not None and self.question is None:
            raise ValueError("a twin needs a question before it")
        return self


class Lecture(Entry):
    """A lecture as it was read."""

    title: Title
    language: Annotated[str, StringConstraints(pattern="^(en|zh)$")]
    summary: Annotated[str, StringConstraints(strip_whitespace=True, max_length=600)] = ""
    slides: Annotated[tuple[Slide, ...], Field(min_length=1, max_length=200)]

    @property
    def minutes(self) -> float:
        """Add up the slides' minutes."""
        return sum(slide.minutes for slide in self.slides)


_NULL = "tag:yaml.org,2002:null"


class _TextLoader(_SafeLoader):
    """Reads every scalar as a text, and as None where nothing stands or “null”.

    YAML 1.1 takes “yes” for a truth, “12:30” for a number in base 60 and “2026-12-02” for a date. Here a field says
    what its text is.
    """

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag == _NULL]
        for first, known in _SafeLoader.yaml_implicit_resolvers.items()
    }


@functools.cache
def shipped(language: str) -> dict[str, Lecture]:
    """Read the lectures in a language that ship with the app, by the names of their files."""
    files = sorted((FOLDER / language).glob("*.yaml"))
    return {path.stem: read_lecture(shipped_text(path.stem, language)) for path in files}


def shipped_text(name: str, language: str) -> str:
    """Read the file of a lecture that ships with the app, with its numbers in the place of their paths."""
    from da_core.teaching.course import course_numbers

    text = (FOLDER / language / f"{name}.yaml").read_text(encoding="utf-8")
    return course_numbers.fill_numbers(text, Language(language))


def read_lecture(text: str) -> Lecture:
    """Read a lecture. Raises `UserError` that says which slide is wrong, and why."""
    if len(text) > LARGEST:
        raise UserError("This file is too long for a lecture: at most {count} letters.", count=LARGEST)
    try:
        _check_is_plain(text)
        held = yaml.load(text, _TextLoader)  # a SafeLoader
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            raise UserError("This file is not YAML: see line {line}.", line=mark.line + 1) from None
        raise UserError(
            "This file is not plain YAML: {detail}.", detail=shorten(str(error).partition("\n")[0])
        ) from None
    if not isinstance(held, dict):
        raise UserError("A lecture has “title”, “language” and “slides”; see the example that can be downloaded.")
    try:
        lecture = Lecture.model_validate(_with_the_courses(held))
    except ValidationError as error:
        raise _explained(error.errors()[0]) from None
    _check_names(lecture)
    return lecture


def _check_is_plain(text: str) -> None:
    """Refuse what costs more than its letters: aliases, tags, depth without end, and entries by the thousand.

    The loader written in C follows brackets by recursion, so it is given no text that has not passed here.
    """
    depth = nodes = 0
    for event in yaml.parse(text, _TextLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > _DEEPEST:
            raise yaml.YAMLError("its brackets or indents lie too deep in one another")
        if nodes > MOST_NODES:
            raise UserError("This file has too many entries for a lecture: at most {count}.", count=MOST_NODES)
        if isinstance(event, yaml.NodeEvent) and (event.anchor or getattr(event, "tag", None)):
            raise yaml.YAMLError("“*”, “&” and “!” are not used here")


def _with_the_courses(held: dict[str, Any]) -> dict[str, Any]:
    """Put the course's own words in the place of each ``check`` and ``guess``, which name them."""
    language, slides = str(held.get("language")), held.get("slides")
    if not isinstance(slides, list):
        return held
    return {**held, "slides": [_with_check(_with_guess(slide, language), language) for slide in slides]}


def _with_check(slide: Any, language: str) -> Any:
    from da_core.teaching.course.check_questions import check

    if not isinstance(slide, dict) or not isinstance(name := slide.get("check"), str):
        return slide
    question = check(name)
    resolved = {key: value for key, value in slide.items() if key != "check"} | {
        "question": _question_of(question, language)
    }
    return {"twin": _question_of(check(question.twin), language), **resolved} if question.twin else resolved


def _with_guess(slide: Any, language: str) -> Any:
    """Write a line that the course has drawn as a slide's sketch; ``outcome`` is the path of the course's number."""
    from da_core.teaching.course.course_numbers import fill_numbers, outcome_of
    from da_core.teaching.course.guess import BoundaryGuess, CurveGuess, read_guess

    sketch = slide.get("sketch") if isinstance(slide, dict) else None
    if not isinstance(sketch, dict) or not isinstance(name := sketch.get("guess"), str):
        return slide
    guess = read_guess(name)
    if not isinstance(guess, CurveGuess | BoundaryGuess):
        raise UserError("The guess “{name}” is not drawn as a line.", name=name)
    resolved = {key: value for key, value in sketch.items() if key != "guess"}
    resolved |= {"text": fill_numbers(guess.question.text(language), Language(language)), "x": guess.x, "y": guess.y}
    if isinstance(guess, CurveGuess):
        resolved |= {"across": guess.across.text(language), "up": guess.up.text(language), "unit": guess.unit}
        resolved["outcome"] = outcome_of(guess, str(sketch.get("outcome")))
    return {**slide, "sketch": resolved}


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
    """Check what slides name: presets and methods of films, sketches' films, and the experiments of runs."""
    from da_core.experiment import Experiment
    from da_core.methods import methods
    from da_core.teaching.course.course_films import course_films
    from da_core.teaching.films.presets import PRESETS
    from da_core.training.prepared import resolve_names

    for number, slide in enumerate(lecture.slides, start=1):
        if (film := slide.film) is not None:
            unknown = [name for name in (film.method, film.beside) if name and name not in methods()]
            if film.preset not in PRESETS:
                unknown = [film.preset]
            if unknown:
                raise UserError("Slide {slide}: there is no film of “{name}”.", slide=number, name=shorten(unknown[0]))
        if slide.sketch is not None and slide.sketch.film and slide.sketch.film not in course_films():
            raise UserError(
                "Slide {slide}: there is no film of “{name}”.", slide=number, name=shorten(slide.sketch.film)
            )
        if slide.run is not None:
            try:
                resolve_names(Experiment.from_flat(query_of(slide.run)))
            except UserError as error:
                raise UserError(
                    "Slide {slide}: “{field}” cannot be used: {detail}.", slide=number, field="run", detail=str(error)
                ) from None


def query_of(text: str) -> dict[str, str]:
    """Read the query of a link."""
    from urllib.parse import parse_qsl

    return dict(parse_qsl(text))
