"""Two lines that the frame puts over a screen: the way back to the lecture, and what an exercise asks."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

import streamlit as st

from da_core.errors import UserError
from da_core.jobs.store import store
from da_core.run_folder import Record
from da_core.teaching.hall.exercise import Exercise, write_code
from da_core.teaching.hall.lecture import LONGEST_LINK
from da_core.teaching.hall.room import RoomAct
from da_core.teaching.hall.rooms import room_database, rooms
from pages.session import access, keys, origin, state
from pages.session.words import _, explain, paragraph, percent, safe
from pages.shell.navigation import SCREENS, Step


def way_back(here: Step) -> None:
    """Draw the way back to the lecture that the visitor has come from."""
    room_id, _place = state.room()
    if not room_id or here == "lecture_hall":
        return
    try:
        leads = rooms().get(room_id).is_owned_by(state.owner())
    except UserError:
        return
    line = _("The class sees this screen.") if leads else _("This is your own lab; nobody sees it.")
    address = f"{origin.base_path()}/room/{room_id}" + ("/stage" if leads else "")
    with st.container(key=keys.ROOM_LINE):
        st.html(
            f'<p>{escape(line)} <a href="{escape(address)}" target="_self">{escape(_("Back to the lecture"))} →</a></p>'
        )


def lead(here: Step) -> None:
    """Show the class the screen that its instructor is on; the frame does it at the end of every run."""
    room_id, place = state.room()
    if not room_id or here == "lecture_hall":
        return
    try:
        room = rooms().get(room_id)
        if not room.is_owned_by(state.owner()) or (place is not None and place != room.state.place):
            return
        query = {name: value for name, value in state.address().items() if name not in ("room", "lang")}
        path = "" if here == "home" else SCREENS[here].path.rpartition("/")[2].removesuffix(".py")
        link = f"{path}?{urlencode(query)}" if query else path
        if len(link) > LONGEST_LINK:
            raise UserError(
                "The class cannot follow to this screen: its link is longer than {most} letters.", most=LONGEST_LINK
            )
        rooms().act(room_id, state.owner(), RoomAct(act="screen", screen=link))
    except UserError as error:
        st.warning(explain(error))


def exercise(here: Step) -> None:
    """Draw what the exercise of the link asks, and on Results whether the run has reached it, with the code."""
    task = state.exercise()
    if task is None or here == "lecture_hall":
        return
    with st.container(border=True):
        labels = "" if task.labels else _("No target labels.")
        bar = _("Goal: {share} accuracy on the target.", share=percent(task.goal, 0))
        st.markdown(f"**{_('Exercise')}** · {safe(task.task)}  \n{paragraph(bar, labels)}")
        run = state.run_id()
        record = store().load(run) if here == "results" and run else None
        if record is not None:
            _verdict(task, record)


def _verdict(task: Exercise, record: Record) -> None:
    scores = record.result.adapted.target
    accuracy = scores.accuracy if scores is not None else None
    if (refusal := task.refusal(record.experiment, accuracy)) is not None:
        st.markdown(explain(refusal))
    else:
        st.markdown(f":green[✓ {_('You have reached the goal.')}]")
    if accuracy is None or record.experiment.data != task.data or (refusal is not None and accuracy >= task.goal):
        return
    try:
        if not store().database.lists(record.run_id, access.list_owner()):
            st.caption(_("Only the person who trained a run gets its results code: train it yourself."))
            return
        key = room_database().server_key("results")
    except UserError as error:
        st.caption(explain(error))
        return
    st.caption(_("Your results code, to hand in:"))
    st.code(write_code(key, task, record.run_id, accuracy, state.owner()), language=None, wrap_lines=True)
