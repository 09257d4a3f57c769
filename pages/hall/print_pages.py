"""Plain pages to print: the hand-out of a lecture, and the worksheet of a film with empty axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from da_core import palette
from da_core.experiment import Experiment
from da_core.i18n import Language
from da_core.teaching.course.course_films import course_film
from da_core.teaching.course.guess import Points
from da_core.teaching.hall.lecture import Lecture, Prediction, Question, Sketch, Slide
from pages.hall.plain_page import plain_page
from pages.learn.sketch_element import written
from pages.session import words
from pages.session.words import _, number
from pages.shell.scripts import read_asset

_SHARES = ("0%", "50%", "100%")
_EMPTY_LINES = '<div><div class="lines"></div><div class="lines"></div><div class="lines"></div></div>'


def handout_page(lecture: Lecture) -> str:
    """Write a lecture as a hand-out: what the slides say, and room for what each reader answers."""
    with words.speaking(Language(lecture.language)):
        about = _("{count} slides, {minutes} minutes", count=len(lecture.slides), minutes=number(lecture.minutes))
        slides = "".join(_slide(place, slide) for place, slide in enumerate(lecture.slides, start=1))
        body = (
            f'<h1>{escape(lecture.title)}</h1><p class="about">{escape(words.paragraph(lecture.summary, about))}</p>'
            f'<section class="slides">{slides}</section>'
        )
        return _page(lecture.title, lecture.language, body)


def _slide(place: int, slide: Slide) -> str:
    lines = "".join(f"<li>{_emphasised(line)}</li>" for line in slide.lines)
    parts = [f"<h2>{place} · {escape(slide.title)}</h2>", f"<ul>{lines}</ul>" if lines else ""]
    if slide.question is not None:
        parts.append(_question(slide.question))
    if slide.prediction is not None:
        parts.append(_prediction(slide.prediction))
    if slide.sketch is not None:
        parts.append(_sketch(slide.sketch))
    if slide.film is not None:
        parts.append(_axes(_("time"), _("target right")))
    if slide.run is not None:
        parts.append(_axes(_("epochs"), _("target right")))
    return f"<article>{''.join(parts)}</article>"


def _question(question: Question) -> str:
    choices = "".join(f"<li>{escape(choice.text)}</li>" for choice in question.choices)
    return f'<p>{escape(question.text)}</p><ul class="choices">{choices}</ul>'


def _prediction(prediction: Prediction) -> str:
    unit = prediction.unit if prediction.unit == "%" else f" {prediction.unit}"
    ends = (prediction.low, (prediction.low + prediction.high) / 2, prediction.high)
    return f"<p>{escape(prediction.text)}</p>{_scale([f'{end:g}{unit}' for end in ends])}"


def _sketch(sketch: Sketch) -> str:
    (left, right), (bottom, top) = sketch.x, sketch.y
    if sketch.film:
        drawn = _shapes(course_film(sketch.film).points(target=False), sketch)
    else:
        heights = [written(height) + sketch.unit for height in (bottom, (bottom + top) / 2, top)]
        drawn = _axes(f"{sketch.across} ({written(left)} – {written(right)})", sketch.up, heights=heights)
    return f"<p>{escape(sketch.text)}</p>{drawn}"


def _shapes(points: Points, sketch: Sketch) -> str:
    """Draw points in a frame, those of class 0 as circles, the others as triangles."""
    (left, right), (bottom, top) = sketch.x, sketch.y
    marks = []
    for x, y, label in points:
        at_x, at_y = 300 * (x - left) / (right - left), 180 * (top - y) / (top - bottom)
        shape = f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="2.2"' if label == 0 else ""
        shape = shape or f'<path d="M{at_x - 2.4:.1f},{at_y + 2:.1f}l2.4,-4.4l2.4,4.4z"'
        marks.append(f'{shape} fill="none" stroke="{palette.LIGHT.ink}"/>')
    frame = f'<rect width="300" height="180" fill="none" stroke="{palette.PRINTED_AXIS}"/>'
    return f'<svg viewBox="0 0 300 180" aria-hidden="true">{frame}{"".join(marks)}</svg>'


def worksheet_page(query: Mapping[str, str], language: Language) -> str:
    """Write the worksheet of a film on points: the pair as it is, empty axes, and questions. Raises `UserError`."""
    from da_core.data.loading.cache import load_pair
    from da_core.methods import methods
    from da_core.teaching.films import filming

    experiment = filming.normalised(Experiment.from_flat(dict(query)))
    filming.check(experiment)
    pair = load_pair(experiment.data)
    with words.speaking(language):
        method = _(methods()[experiment.method.name].title)
        source, target = (
            [(float(x), float(y), int(label)) for (x, y), label in zip(domain.X, domain.y, strict=True)]
            for domain in (pair.source, pair.target)
        )
        ends = _ends([*source, *target])
        title = _("Worksheet: {method}", method=method)
        tasks = [
            (
                _("Draw where a classifier that learned on the source would put its boundary, in both pictures."),
                f"<div><h2>{_('The source, with its classes')}</h2>{_cloud(source, ends, palette.SOURCE)}</div>"
                f"<div><h2>{_('The target, without them')}</h2>{_cloud(target, ends, palette.TARGET, bare=True)}</div>",
            ),
            (
                _("How much of the target will it get right, before and after {method}?", method=method),
                f"<div>{_scale(_SHARES, _('before'))}</div><div>{_scale(_SHARES, _('after'))}</div>",
            ),
            (
                _("Draw the course that you expect, then, in another colour, the one that you saw."),
                _axes(_("time"), _("target right"), wide=True),
            ),
            (_("What moved: the points, the boundary, or the weights? What would make it fail?"), _EMPTY_LINES),
        ]
        body = "".join(
            f'<p>{place}. {escape(question)}</p><div class="task">{answer}</div>'
            for place, (question, answer) in enumerate(tasks, start=1)
        )
        named = f'<p class="about">{_("Name and date")}: ____________________</p>'
        return _page(title, language.code, f"<h1>{escape(title)}</h1>{named}{body}")


def _ends(points: Iterable[tuple[float, float, int]]) -> tuple[float, float, float]:
    """Find the middle and half the width of the square that holds all points."""
    xs, ys = zip(*((x, y) for x, y, _label in points), strict=True)
    half = 0.53 * max(max(xs) - min(xs), max(ys) - min(ys))
    return (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2, half


def _cloud(
    points: list[tuple[float, float, int]], ends: tuple[float, float, float], colour: str, *, bare: bool = False
) -> str:
    middle_x, middle_y, half = ends
    marks = []
    for x, y, label in points:
        at_x, at_y = 150 + 150 * (x - middle_x) / half, 150 - 150 * (y - middle_y) / half
        if not bare and label >= 0:
            marks.append(f'<text x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="middle">{"ABC"[label % 3]}</text>')
        else:
            marks.append(f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="2.2" fill="none" stroke="{colour}"/>')
    frame = f'<rect width="300" height="300" fill="none" stroke="{palette.PRINTED_AXIS}"/>'
    return f'<svg viewBox="0 0 300 300" aria-hidden="true">{frame}{"".join(marks)}</svg>'


def _axes(across: str, up: str, *, heights: Sequence[str] = _SHARES, wide: bool = False) -> str:
    """Draw empty axes, for an accuracy by default."""
    width, height = (620, 210) if wide else (300, 90)
    steps = "".join(
        f'<line x1="34" x2="{width}" y1="{y:.0f}" y2="{y:.0f}" stroke="{palette.PRINTED_AXIS}" stroke-width="0.5"/>'
        f'<text x="30" y="{y + 3:.0f}" text-anchor="end">{escape(written)}</text>'
        for share, written in zip((0.0, 0.5, 1.0), heights, strict=True)
        for y in [8 + (1 - share) * (height - 24)]
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(_("Empty axes"))}">{steps}'
        f'<line x1="34" x2="34" y1="8" y2="{height - 16}" stroke="{palette.LIGHT.ink}"/>'
        f'<text x="{width}" y="{height - 3}" text-anchor="end">{escape(across)} →</text>'
        f'<text x="40" y="21">{escape(up)}</text></svg>'
    )


def _scale(ends: Sequence[str], title: str = "") -> str:
    """Draw an empty scale on which a guess is marked."""
    names = "".join(
        f'<line x1="{x}" x2="{x}" y1="16" y2="26" stroke="{palette.LIGHT.ink}"/>'
        f'<text x="{x}" y="38" text-anchor="middle">{escape(end)}</text>'
        for x, end in zip((24, 150, 276), ends, strict=True)
    )
    return (
        f'<svg viewBox="0 0 300 42" aria-hidden="true"><text x="24" y="10">{escape(title)}</text>'
        f'<line x1="24" x2="276" y1="21" y2="21" stroke="{palette.LIGHT.ink}"/>{names}</svg>'
    )


def _emphasised(line: str) -> str:
    """Set what stands between two stars in bold."""
    return "".join(
        f"<b>{escape(part)}</b>" if place % 2 else escape(part) for place, part in enumerate(line.split("**"))
    )


def _page(title: str, language: str, body: str) -> str:
    print_it = f'<button class="print" onclick="print()">{escape(_("Print"))}</button>'
    return plain_page(language, title, read_asset("hall/print.css"), print_it + body)
