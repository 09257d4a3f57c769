"""Render a screen of the app for a room's followers: written once for all of them.

A screen is a Streamlit page of its own for whoever opens it, which a server cannot draw for a whole class within two
seconds. So a follower sees its title and what it is about, with the film, the run's numbers or the map on it, and opens
the screen itself only by a button.
"""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from da_core.errors import UserError
from da_core.events import Scores
from da_core.experiment import Experiment
from da_core.jobs.store import store
from da_core.methods import methods
from da_core.run_folder import Record
from da_core.teaching.course import chapters
from da_core.teaching.films import filming, lesson_films
from da_core.teaching.films.presets import FIRST, PRESETS, suited
from da_core.teaching.lessons import lesson_file
from da_core.teaching.stories import story_file
from pages.learn import film_element
from pages.session import state
from pages.session.words import _, language, word
from pages.shell.navigation import SCREENS

_OF_EVERY_LINK = ("lang", "run", "view", "room", "hide", "embed")
_SCREEN_OF = {screen.path.rpartition("/")[2].removesuffix(".py"): screen for screen in SCREENS.values()}
_MOST_POINTS = 300
"""Of each domain on a map."""
_ACROSS = 1000
_MOST_CLASSES = 12
"""Of a confusion matrix on a phone."""


def light_screen(link: str) -> dict[str, Any]:
    """Write what followers see of a screen besides its run: ``title``, ``lines``, and a film, a table or maps."""
    path, _mark, query = link.partition("?")
    query_fields = dict(parse_qsl(query))
    screen = _SCREEN_OF.get(path, SCREENS["home"])
    snapshot: dict[str, Any] = {"title": _(screen.title), "lines": [_(screen.purpose)] if screen.purpose else []}
    with contextlib.suppress(UserError):  # a link that leads nowhere: the screen itself says what is wrong with it
        if path == "playground":
            snapshot |= _playground(query_fields)
        elif path == "lesson":
            snapshot |= _lesson(query_fields.get("lesson") or query_fields.get("method", ""))
        elif path == "stories" and query_fields.get("story"):
            story = story_file.story(query_fields["story"])
            snapshot |= {"title": story.asks.text(language().code), "lines": [story.situation.text(language().code)]}
        elif path == "course" and query_fields.get("chapter"):
            snapshot |= {"title": chapters.load_chapter(query_fields["chapter"], language().code).head.title}
        elif path in ("features", "results") and (run := query_fields.get("run")):
            record = store().load(run)
            if record is not None:
                snapshot |= _maps(record) if path == "features" else _recalls(record)
    return snapshot


def _film(films: list[Experiment], acts: str = "") -> dict[str, Any]:
    seen = {"numbers", "legend", "sentence", "bar", "curve"}
    hidden = [part for part in state.FILM_PARTS if part not in seen]
    return {"film": {**film_element.element_data(films, acts=acts, hidden=hidden), "still": False}}


def _playground(query_fields: dict[str, str]) -> dict[str, Any]:
    """Write the film that the playground's link stands for."""
    left_out = (*_OF_EVERY_LINK, *state.OF_A_SCREEN)
    settings = {name: value for name, value in query_fields.items() if name not in left_out}
    now = Experiment.from_flat(settings)
    if now.data.name not in ("drawn", *filming.POINTS):
        now = PRESETS[FIRST].experiment()
    filming.check(now)
    films = [now, suited(now, query_fields["beside"])] if query_fields.get("beside") in methods() else [now]
    return _film(films, query_fields.get("acts", ""))


def _lesson(name: str) -> dict[str, Any]:
    """Write how a lesson begins, and its film where it has one."""
    idea, _rest, _more = lesson_file.load(name, language().code).idea.replace("$", "").partition("\n\n")
    lines = [" ".join(idea.split())]
    film = {} if name in filming.ON_PICTURES else _film([lesson_films.lesson_experiment(name)])
    return {"title": _(methods()[name].title), "lines": lines, **film}


def _recalls(record: Record) -> dict[str, Any]:
    """Write how much of each class of the target was found before and after, and what it was taken for."""
    before, after = record.result.source_only.target, record.result.adapted.target
    if before is None or after is None:
        return {}
    rows = [
        [word(old.name), round(old.recall, 3), round(new.recall, 3)]
        for old, new in zip(before.per_class, after.per_class, strict=True)
    ]
    if len(rows) > _MOST_CLASSES or not (before.confusion and after.confusion):
        return {"recalls": rows}
    return {"recalls": rows, "confusions": {"before": _shares(before), "after": _shares(after)}}


def _shares(scores: Scores) -> list[list[int]]:
    """Write a confusion matrix in whole per cent of each true class."""
    return [[round(100 * count / max(sum(row), 1)) for count in row] for row in scores.confusion]


def _maps(record: Record) -> dict[str, Any]:
    """Write the two maps of the features, as whole numbers from 0 to `_ACROSS`, source samples first."""
    embeddings = record.evidence.embeddings
    layout = "umap" if {"before/umap", "after/umap"} <= embeddings.keys() else "pca"
    if not {f"before/{layout}", f"after/{layout}"} <= embeddings.keys():
        return {}
    count = len(record.evidence.source_label)
    all_rows = np.arange(len(embeddings[f"before/{layout}"]))
    source, target = all_rows[:count][:_MOST_POINTS], all_rows[count:][:_MOST_POINTS]
    rows = np.concatenate([source, target])
    both = {when: _whole(embeddings[f"{when}/{layout}"][rows]).tolist() for when in ("before", "after")}
    return {"maps": {"source": len(source), "across": _ACROSS, **both}}


def _whole(places: NDArray[np.floating]) -> NDArray[np.int64]:
    low, high = places.min(axis=0), places.max(axis=0)
    whole: NDArray[np.int64] = np.round((places - low) / max(float((high - low).max()), 1e-9) * _ACROSS).astype(int)
    return whole
