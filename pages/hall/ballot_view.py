"""Describe a vote for a room's followers: the answers once they are shown, and the right one at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from da_core.teaching.course.course_films import course_film
from da_core.teaching.hall.lecture import Sketch, Slide
from da_core.teaching.hall.room import Ballot, Room
from da_core.teaching.hall.rooms import rooms
from da_core.teaching.hall.votes import BINS, DrawnTally, Tally
from pages.session.words import _, number, percent


def ballot_snapshot(room: Room, slide: Slide) -> dict[str, Any] | None:
    """Write the vote on the slide that is shown; None where there is none."""
    ballot = room.state.ballots.get(room.state.place)
    if ballot is None:
        return None
    snapshot: dict[str, Any] = ballot.model_dump(exclude={"twin_from"})
    snapshot["again"] = ballot.round > ballot.first_round
    snapshot["twin"] = "asked" if ballot.twin_from else "there" if slide.twin is not None else ""
    if not ballot.shown:
        return snapshot
    tallies = rooms().tallies(room)
    snapshot["rounds"] = [
        {"round": tally.round - ballot.first_round + 1, "total": tally.total, **_tally_snapshot(tally)}
        for tally in tallies
        if tally.total or tally.round == ballot.round
    ]
    snapshot["bins"] = BINS
    if ballot.revealed:
        snapshot |= _revealed(slide, ballot, [tally for tally in tallies if isinstance(tally, DrawnTally)])
    return snapshot


def _tally_snapshot(tally: Tally | DrawnTally) -> dict[str, Any]:
    if isinstance(tally, Tally):
        return {"counts": tally.counts, "middle": tally.middle}
    return {"lines": [_rounded(line) for line in tally.overlaid], "middle": tally.middle and _rounded(tally.middle)}


def _rounded(line: tuple[float, ...]) -> list[float]:
    return [round(height, 2) for height in line]


def _revealed(slide: Slide, ballot: Ballot, drawn: Sequence[DrawnTally]) -> dict[str, Any]:
    """Write what came out, or what is right and why."""
    question = ballot.question(slide, ballot.round)
    if question is not None:
        right = next(place for place, choice in enumerate(question.choices) if choice.right)
        return {"right": right, "why": [choice.why for choice in question.choices]}
    if slide.prediction is not None:
        return {"answer": slide.prediction.answer}
    if slide.sketch is None:
        return {}
    return _drawn_and_came(slide.sketch, next((tally for tally in reversed(drawn) if tally.total), None))


def _drawn_and_came(sketch: Sketch, last: DrawnTally | None) -> dict[str, Any]:
    """Write what came out where a line was asked for, and how the last lines do."""
    if sketch.outcome is not None:
        off = last and number(last.off(sketch.outcome), 1) + sketch.unit
        came = _("Half of the lines are off by at most {off}, on average from left to right.", off=off) if off else ""
        return {"outcome": sketch.outcome, "came": came}
    film = course_film(sketch.film)
    source, target = film.points(target=False), film.points(target=True)
    if last is None:
        return {"points": target, "came": ""}
    on_source, on_target = (percent(share, 0) for share in last.separate(sketch, source, target))
    sentence = _(
        "Half of the lines separate at least {source} of the source and {target} of the target correctly.",
        source=on_source,
        target=on_target,
    )
    return {"points": target, "came": sentence}
