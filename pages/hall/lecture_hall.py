"""The lecture hall: open a room for a lecture, set an exercise, check the codes that students hand in."""

from __future__ import annotations

from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from da_core.errors import UserError
from da_core.jobs.store import store
from da_core.teaching.hall import lecture as lectures
from da_core.teaching.hall.exercise import LONGEST_TASK, Exercise, exercise_of_link, read_code
from da_core.teaching.hall.lecture import Lecture
from da_core.teaching.hall.room import Room
from da_core.teaching.hall.rooms import room_database, rooms
from pages.run import run_row
from pages.session import access, keys, origin, state
from pages.session.words import _, explain, language, number, percent, safe
from pages.shell import class_link, navigation

_OWN = "own"
MOST_CODES = 500


def choose_lecture() -> Lecture | None:
    """Draw the supplied lectures and the upload of an own file; return the chosen lecture."""
    shipped = lectures.shipped(language().code)
    names = [*shipped, _OWN]
    chosen = st.radio(
        _("Lecture"),
        names,
        format_func=lambda name: shipped[name].title if name in shipped else _("My own file (YAML)"),
        key=keys.LECTURE,
    )
    if chosen in shipped:
        return shipped[chosen]
    for name in list(shipped)[:1]:
        text = lectures.shipped_text(name, language().code)
        label = _("Download an example lecture")
        st.download_button(label, text, f"{name}.yaml", "application/yaml", type="tertiary")
    brought = st.file_uploader(_("Lecture"), type=["yaml", "yml"], key=keys.LECTURE_FILE, max_upload_size=1)
    if brought is None:
        return None
    try:
        return lectures.read_lecture(brought.getvalue().decode("utf-8-sig"))
    except UnicodeDecodeError:
        st.error(_("This file is not UTF-8 text; save it as UTF-8 and try again."))
    except UserError as error:
        st.error(explain(error))
    return None


def give_lecture() -> None:
    """Draw the choice of a lecture and the button that opens a room for it."""
    lecture = choose_lecture()
    if lecture is None:
        return
    if lecture.summary:
        st.markdown(safe(lecture.summary))
    st.caption(_("{count} slides, {minutes} minutes", count=len(lecture.slides), minutes=number(lecture.minutes)))
    if st.button(_("Open a room"), type="primary", key=keys.ROOM_OPEN):
        with state.reporting():
            rooms().open(state.owner(), lecture, access.address())
        st.rerun()


def draw_room(room: Room) -> None:
    """Draw one of the visitor's rooms with the ways into it."""
    path = f"{origin.base_path()}/room/{room.room_id}"
    st.markdown(f"**{safe(room.lecture.title)}** · {_('Code')} `{room.code}`")
    with st.container(horizontal=True):
        st.link_button(_("Projector"), f"{path}/stage", type="primary")
        st.link_button(_("My notes"), f"{path}/notes")
        st.link_button(_("Hand-out to print"), f"{path}/handout")
        st.link_button(_("Answers (CSV)"), f"{path}/votes.csv")
        with st.popover(_("How students join")):
            page = urlsplit(st.context.url or "")
            address = f"{page.scheme}://{page.netloc}{origin.base_path()}/r/{room.code}"
            class_link.show_address(address, code=True)
        with st.popover(_("Close the room")):
            st.markdown(_("This closes the room and deletes all answers. Download the CSV first."))
            if st.button(_("Close it"), key=keys.close_room(room.room_id)):
                rooms().close(room.room_id, state.owner())
                st.rerun()
    if st.button(_("Walk through the app with the class") + " →", key=keys.walk_with(room.room_id)):
        state.walk_with(room.room_id)
        navigation.switch_to("home")


def set_exercise() -> None:
    """Draw the form of an exercise and its link."""
    st.markdown(
        _(
            "The link contains your six steps as they are now; students cannot change the hidden steps. The data are "
            "fixed."
        )
    )
    task = st.text_input(_("Task"), key=keys.EXERCISE_TASK, max_chars=LONGEST_TASK)
    left, right = st.columns(2)
    goal = left.number_input(
        _("Goal: accuracy on the target, in %"), min_value=1, max_value=100, value=75, key=keys.EXERCISE_GOAL
    )
    labels = right.toggle(
        _("Target labels allowed"),
        key=keys.EXERCISE_LABELS,
        help=_("Fine-tuning and similar methods learn from a few target labels."),
    )
    hide = class_link.choose_hidden(state.PARTS[1:], keys.EXERCISE_HIDES)
    if not task.strip():
        return
    exercise = Exercise(" ".join(task.split()), goal / 100, labels, state.experiment().data)
    query = state.shared(language().code, ["data", *hide]) | exercise.to_query()
    query = {name: value for name, value in query.items() if name not in ("run", "seed")}
    class_link.show(query, code=True, screen="data")


def check_codes() -> None:
    """Draw the place for an exercise's link and the codes handed in, and what they say."""
    link = st.text_input(_("Link of the exercise"), key=keys.CODES_LINK)
    codes = st.text_area(_("Results codes, one per line"), key=keys.CODES)
    if not link.strip() or not codes.strip():
        return
    try:
        exercise = exercise_of_link(link)
        key = room_database().server_key("results")
    except UserError as error:
        st.error(explain(error))
        return
    lines = [line for line in codes.splitlines() if line.strip()][:MOST_CODES]
    rows = [_checked(key, exercise, line) for line in lines]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption(_("Two codes with the same mark were read in the same browser."))


def _checked(key: bytes, exercise: Exercise, code: str) -> dict[str, str]:
    """Say what a code proves, as a row."""
    try:
        read = read_code(key, exercise, code)
    except UserError as error:
        return dict.fromkeys((_("Verdict"), _("Accuracy"), _("Method"), _("Seed"), _("Mark")), "") | {
            _("Results code"): code.strip()[:60],
            _("Verdict"): explain(error),
        }
    record = store().load(read.run_id)
    reached = read.accuracy >= exercise.goal
    return {
        _("Verdict"): _("reached") if reached else _("not reached"),
        _("Accuracy"): percent(read.accuracy),
        _("Method"): run_row.method_title(record.experiment.method.name) if record else "",
        _("Seed"): str(record.experiment.seed) if record else "",
        _("Mark"): read.mark,
        _("Results code"): code.strip(),
    }


navigation.header("lecture_hall")
lecture_tab, exercise_tab, codes_tab = st.tabs([_("Lecture"), _("Exercise"), _("Results codes")])
with lecture_tab:
    give_lecture()
    for own_room in rooms().of_owner(state.owner()):
        with st.container(border=True):
            draw_room(own_room)
with exercise_tab:
    set_exercise()
with codes_tab:
    check_codes()
