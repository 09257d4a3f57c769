"""Plain pages to print: the hand-out of a lecture, and the worksheet of a film with empty axes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup

from da_core import palette
from da_core.experiment import Experiment
from da_core.i18n import Language
from da_core.teaching.course.course_films import course_film
from da_core.teaching.hall.lecture import Lecture
from da_core.templates import render
from pages.shell.scripts import read_asset


def handout_page(lecture: Lecture) -> str:
    """Write a lecture as a hand-out: the slides' texts, and room for each reader's answers."""
    return render(
        "handout.html.jinja",
        Language(lecture.language),
        title=lecture.title,
        style=_style(),
        look="",
        lecture=lecture,
        points=lambda film: course_film(film).points(target=False),
    )


def worksheet_page(query: Mapping[str, str], language: Language) -> str:
    """Write the worksheet of a film on points: the pair as it is, empty axes, and questions. Raises `UserError`."""
    from da_core.data.loading.cache import load_pair
    from da_core.methods import methods
    from da_core.teaching.films import filming

    experiment = filming.normalised(Experiment.from_flat(dict(query)))
    filming.check(experiment)
    pair = load_pair(experiment.data)
    source, target = (
        [(float(x), float(y), int(label)) for (x, y), label in zip(domain.X, domain.y, strict=True)]
        for domain in (pair.source, pair.target)
    )
    places = np.concatenate([pair.source.X, pair.target.X])
    low, high = places.min(axis=0), places.max(axis=0)
    half = 0.53 * float((high - low).max())
    x, y = ((float(middle) - half, float(middle) + half) for middle in (low + high) / 2)
    method = language.word(methods()[experiment.method.name].title)
    return render(
        "film_worksheet.html.jinja",
        language,
        title=language.translate("Worksheet: {method}", method=method),
        style=_style(),
        look="",
        method=method,
        source=source,
        target=target,
        target_colour=palette.TARGET,
        x=x,
        y=y,
    )


def _style() -> Markup:
    return Markup(read_asset("hall/print.css"))
