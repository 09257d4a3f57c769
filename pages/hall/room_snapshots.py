"""Write the snapshots that a room's followers receive: one for each state, for all followers."""

from __future__ import annotations

import functools
import gzip
import json
import threading
import time
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.i18n import Language
from da_core.jobs.queue import queue
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.store import store
from da_core.teaching.course.course_films import course_film
from da_core.teaching.hall.lecture import FilmOfPreset, Lecture, Sketch, Slide, query_of
from da_core.teaching.hall.room import Room
from pages.hall.ballot_view import ballot_snapshot
from pages.run import starting
from pages.session import state, words
from pages.session.words import _

RUN_SECONDS = 1.5
"""How often a run in progress is looked at: each look is sent to every follower."""
_OF_A_RUN = ("train", "features", "results", "what_if")
"""The screens that show the run in their link."""
_POINTS = 80
"""Of a live curve, at most."""
_KEPT = 200


@dataclass(frozen=True)
class Snapshot:
    """A room's state as JSON, plain and compressed once for all followers; ``tag`` differs for any two that differ."""

    tag: str
    body: bytes
    gzip: bytes


class Snapshots:
    """The newest snapshot of each room. Safe to use from many threads."""

    def __init__(self) -> None:
        self._newest: LRUCache[str, Snapshot] = LRUCache(_KEPT)
        self._runs: LRUCache[str, tuple[float, RunView | None]] = LRUCache(_KEPT)
        self._lock = threading.Lock()

    def of(self, room: Room) -> Snapshot:
        """Return the snapshot of a room, written at most once for each of its states."""
        with self._lock:
            view = self._run(room)
            tag = f"{room.version}.{_mark(view)}" if view else f"{room.version}"
            newest = self._newest.get(room.room_id)
            if newest is None or newest.tag != tag:
                body = write_snapshot(room, view, tag)
                newest = Snapshot(tag, body, gzip.compress(body, 6))
            self._newest[room.room_id] = newest
            return newest

    def is_due(self, room: Room) -> bool:
        """Tell whether `of` has to look at a run, or to write again."""
        with self._lock:
            newest = self._newest.get(room.room_id)
            if newest is None or newest.tag.partition(".")[0] != str(room.version):
                return True
            run = current_run_of(room)
            known = self._runs.get(run) if run else None
            return run is not None and (known is None or time.monotonic() - known[0] >= RUN_SECONDS)

    def _run(self, room: Room) -> RunView | None:
        run = current_run_of(room)
        if run is None:
            return None
        known = self._runs.get(run)
        if known is None or time.monotonic() - known[0] >= RUN_SECONDS:
            known = (time.monotonic(), queue().view(run, renew=True))
            self._runs[run] = known
        return known[1]


def current_run_of(room: Room) -> str | None:
    """Return the run that the room sees: that of the screen that is shown, or the slide's."""
    place = room.state.place
    screen = room.state.screen if room.state.screen is not None else room.lecture.slides[place].screen
    if screen is None:
        slides, started = room.lecture.slides, room.state.runs
        same = [run for at, run in started.items() if slides[at].run == slides[place].run]
        return started.get(place, same[-1] if same else None)
    path, _question_mark, query = screen.partition("?")
    return query_of(query).get("run") if path in _OF_A_RUN else None


def _mark(view: RunView) -> str:
    """Identify a view; its place in the queue changes without a new version."""
    wait = "" if view.seconds_to_wait is None else round(view.seconds_to_wait / 10)
    return f"{view.run_id}.{view.version}.{view.state}.{view.place}.{wait}"


@functools.cache
def snapshots() -> Snapshots:
    """Return the snapshots of this process."""
    return Snapshots()


def write_snapshot(room: Room, run: RunView | None, tag: str) -> bytes:
    """Write what the followers of a room see as JSON."""
    return json.dumps(_state(room, run, tag), ensure_ascii=False).encode()


def _state(room: Room, run: RunView | None, tag: str) -> dict[str, Any]:
    """Write what the followers of a room see."""
    state, lecture = room.state, room.lecture
    slide, ballot = lecture.slides[state.place], state.ballots.get(state.place)
    # the twin in the place of its question where it is asked now
    asked = slide.model_copy(update={"question": ballot.question(slide, ballot.round)}) if ballot else slide
    with words.speaking(Language(lecture.language)):
        return {
            "tag": tag,
            "place": state.place,
            "pace": state.pace,
            "paused": state.paused,
            "film": state.film and state.film.model_dump(),
            "screen": state.screen,
            "light": None if state.screen is None else _light(state.screen),
            "slide": slide_snapshot(asked),
            "ballot": ballot_snapshot(room, slide),
            "run": run_snapshot(run) if run else None,
        }


def all_slides(lecture: Lecture) -> list[dict[str, Any]]:
    """Write every slide, for followers at their own pace."""
    with words.speaking(Language(lecture.language)):
        return [slide_snapshot(slide) for slide in lecture.slides]


def slide_snapshot(slide: Slide) -> dict[str, Any]:
    """Write a slide without what only the instructor knows: notes, right answers and the number to be guessed."""
    snapshot: dict[str, Any] = {"title": slide.title, "lines": list(slide.lines)}
    if slide.film is not None:
        snapshot["film"] = _film(slide.film)
    elif slide.screen is not None:
        snapshot |= {"screen": slide.screen, "light": _light(slide.screen)}
    elif slide.run is not None:
        snapshot["wanted"] = slide.run
    elif slide.question is not None:
        question = slide.question
        snapshot["question"] = {"text": question.text, "choices": [choice.text for choice in question.choices]}
    elif slide.prediction is not None:
        snapshot["prediction"] = slide.prediction.model_dump(exclude={"answer"})
    elif slide.sketch is not None:
        snapshot["sketch"] = _sketch(slide.sketch)
    return snapshot


def films(film: FilmOfPreset) -> tuple[list[Experiment], str]:
    """List the experiments of a slide's films: the preset's with its own or another method, and the one beside it.

    With them goes what a hand does in the first; the plain run stands beside it, as in the playground.
    """
    from da_core.teaching.films.presets import PRESETS, suited

    preset = PRESETS[film.preset]
    own = preset.experiment()
    if preset.acts and not (film.method or film.beside):
        return [own, own], preset.acts
    first = suited(own, film.method) if film.method else own
    return [first, suited(own, film.beside)] if film.beside else [first], ""


def _sketch(sketch: Sketch) -> dict[str, Any]:
    from pages.learn import sketch_element

    points = course_film(sketch.film).points(target=False) if sketch.film else ()
    titles = sketch.across, sketch.up
    return sketch_element.element_data(sketch.text, titles, sketch.x, sketch.y, unit=sketch.unit, points=points)


def _light(screen: str) -> dict[str, Any]:
    from pages.hall.light_screen import light_screen  # torch comes with the methods

    return light_screen(screen)


def _film(film: FilmOfPreset) -> dict[str, Any]:
    from pages.learn import film_element

    frames, acts = films(film)
    seen = {"numbers", "legend", "sentence"} if film.still else {"numbers", "legend", "sentence", "bar", "curve"}
    hidden = [part for part in state.FILM_PARTS if part not in seen]
    lab = frames[0].to_flat() | ({"acts": acts} if acts else {})
    lab |= {"beside": frames[1].method.name} if len(frames) > 1 else {}
    return {**film_element.element_data(frames, acts=acts, hidden=hidden), "query": lab, "still": film.still}


def run_snapshot(view: RunView) -> dict[str, Any]:
    """Write the progress of a run, or its result."""
    from da_core.events import STAGES

    curves: dict[str, list[tuple[float, float]]] = {}
    for event in view.history:
        for domain in ("source", "target"):
            if (value := getattr(event, "values", {}).get(domain)) is not None and event.phase != "oracle":
                curves.setdefault(f"{event.phase} {domain}", []).append((round(event.epoch, 2), round(value, 4)))
    snapshot: dict[str, Any] = {
        "id": view.run_id,
        "state": view.state,
        "live": view.live,
        "waits": starting.waiting_words(view) if view.state == "queued" else "",
        "stage": _(STAGES[view.stage]) if view.stage else "",
        "fraction": round(view.fraction, 3),
        "curves": {name: _thinned(points) for name, points in curves.items()},
        "query": view.experiment.to_flat(),
    }
    if view.error is not None:
        snapshot["problem"] = words.explain(view.error)
    record = store().load(view.run_id) if view.state == "done" else None
    if record is not None:
        before, after = record.result.source_only.target, record.result.adapted.target
        if before is not None and after is not None:
            snapshot["before"], snapshot["after"] = before.accuracy, after.accuracy
    return snapshot


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    step = -(-len(points) // _POINTS)
    return points if step <= 1 else [*points[:-1:step], points[-1]]


def start_run(slide: Slide, visitor: str, *, address: str = "", high_priority: bool = False) -> str:
    """Start the run of a slide and return its id. Raises `UserError` where the queue refuses it."""
    if slide.run is None:
        raise UserError("There is no run on this slide.")
    experiment = Experiment.from_flat(query_of(slide.run))
    return queue().submit(experiment, visitor, address=address, high_priority=high_priority)
