"""The session's `Experiment`, which every screen reads and changes here, and the link that brings it back.

The link is the address's query: what differs from the default experiment, plus ``run`` (whose results to show),
``lang``, ``hide`` (parts that a teacher's link leaves out), ``view`` (“everything”: no part is folded), ``room`` (the
lecture to come back to), what an exercise asks (``task``, ``goal``, ``labels``) and, on its own screen, ``lesson``,
``chapter`` or ``row``. It is read once a session, at the first run of the script, and written back by the frame after
each run, so that a reload, a bookmark and a shared link all restore it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import streamlit as st

from da_core.errors import UserError, shorten
from da_core.experiment import DataSpec, Experiment, NetworkSpec
from da_core.i18n import LANGUAGES
from da_core.teaching.hall.exercise import FIELDS, Exercise
from pages.session import account, keys

PARTS = ("data", "network", "method", "training")
"""What a teacher's link can hide from a class."""

FILM_PARTS = ("title", "presets", "tools", "numbers", "sentence", "curve", "bar", "legend", "acts", "game", "keep")
"""What a link can hide of the playground and its films besides; those of the film are named as their classes are."""

_FIELDS_OF = {
    "lesson": ("lesson",),
    "course": ("chapter",),
    "stories": ("story",),
    "what_if": ("row",),
    "playground": ("acts", "beside", "sweep"),
}
"""What a screen's own address says besides the session's link."""
OF_A_SCREEN = frozenset(name for names in _FIELDS_OF.values() for name in names)
_SETTLED = 2.0
"""Seconds after which the browser surely knows the link that it was last given, and an older one is no straggler."""
_LONGEST_HISTORY = 100
_EVERYTHING = "everything"
MOST_IN_A_ROW = 4
"""Runs side by side: a fifth has no room."""


@dataclass
class _LinkHistory:
    """The links that one visit of a screen has had, the newest last, and when that one was written."""

    screen: str
    links: list[dict[str, str]] = field(default_factory=list)
    written: float = 0.0


def begin() -> None:
    """Read the link once a session. One that cannot be followed changes nothing and leaves a `problem`."""
    if keys.EXPERIMENT in st.session_state:
        return
    st.session_state[keys.EXPERIMENT] = Experiment()
    _follow(st.query_params.to_dict())


def arrive(screen: str) -> None:
    """Note which screen is drawn, and follow the browser's back and forward there: they undo and redo settings.

    Streamlit runs the script with the older link of the address bar then. On the way to another screen nothing is
    undone: who goes back to look at the data keeps the network just chosen.
    """
    history, query = st.session_state.get(keys.HISTORY), st.query_params.to_dict()
    entered = history is None or history.screen != screen
    if entered or screen != "playground":  # whose own fields change there, and not by its address
        own = _FIELDS_OF.get(screen, ())
        st.session_state[keys.SCREEN_FIELDS] = {name: query[name] for name in own if query.get(name)}
    if history is None or entered:
        if history is not None:
            st.session_state.pop(keys.PROBLEM, None)
        st.session_state[keys.HISTORY] = _LinkHistory(screen)
        return
    settled = time.monotonic() - history.written > _SETTLED
    if settled and history.links and history.links[-1] == address() != query and query in history.links:
        _follow(query)
        history.links.append(address())


def experiment() -> Experiment:
    """Return what this session is about to do."""
    return cast(Experiment, st.session_state.get(keys.EXPERIMENT) or Experiment())


def replace(new: Experiment) -> None:
    """Make ``new`` the session's experiment."""
    st.session_state[keys.EXPERIMENT] = new
    st.session_state.pop(keys.PROBLEM, None)


def change(**parts: Any) -> None:
    """Change named fields of the experiment: ``change(seed=3)``, ``change(training={**…, "epochs": 5})``.

    Raises `UserError` if a value is out of its bounds; the experiment is then as it was.
    """
    replace(Experiment.checked({**experiment().model_dump(), **parts}))


def run_id() -> str | None:
    """Return the id of the run whose results this session looks at, if any."""
    return cast("str | None", st.session_state.get(keys.RUN))


def set_run(run: str | None) -> None:
    """Choose another run to look at."""
    st.session_state[keys.RUN] = run


def forget_runs() -> None:
    """Look at no run, neither at one nor at several side by side."""
    set_run(None)
    screen_fields().pop("row", None)


def owner() -> str:
    """Return the name under which the visitor's runs, rooms and progress are kept; see `account`."""
    return account.owner()


def session_name() -> str:
    """Return a random name for this session, which tells two pages of one visitor apart."""
    return str(st.session_state.setdefault(keys.SESSION, secrets.token_hex(8)))


def lesson() -> str:
    """Return the method whose lesson the address asks for (``lesson=tca``), else the experiment's."""
    return screen_fields().get("lesson") or experiment().method.name


def hidden() -> tuple[str, ...]:
    """Return the parts that the link hides from a class, some of `PARTS` and `FILM_PARTS`."""
    return cast("tuple[str, ...]", st.session_state.get(keys.HIDDEN, ()))


def screen_fields() -> dict[str, str]:
    """Return the fields of the address that are the screen's own: ``lesson``, or ``acts``, ``beside`` and ``sweep``."""
    return cast("dict[str, str]", st.session_state.setdefault(keys.SCREEN_FIELDS, {}))


def change_playground(**parts: str) -> None:
    """Change what the playground's link says besides the experiment; an empty text takes a part away."""
    fields = screen_fields() | parts
    st.session_state[keys.SCREEN_FIELDS] = {name: text for name, text in fields.items() if text}


def row() -> tuple[str, ...]:
    """Return the runs that the address of “What if” names, ``row=a,b``, the first being what the others change."""
    runs = screen_fields().get("row", "").split(",")
    return tuple(dict.fromkeys(filter(None, runs)))[:MOST_IN_A_ROW]


def is_hidden(part: str) -> bool:
    """Tell whether the link hides this part from a class."""
    return part in hidden()


def room() -> tuple[str, int | None]:
    """Return the id of the room that this session has come from, "" for none, and the slide whose frame it is in."""
    room_id, _tilde, place = str(st.session_state.get(keys.ROOM) or "").partition("~")
    return room_id, int(place) if place.isdecimal() else None


def walk_with(room_id: str) -> None:
    """Have the class of a room, if it is the visitor's, see from now on where this session goes."""
    st.session_state[keys.ROOM] = room_id


def exercise() -> Exercise | None:
    """Return the exercise that the link sets, if any, with the pair that it set."""
    return cast("Exercise | None", st.session_state.get(keys.EXERCISE))


def keep(*names: str) -> None:
    """Keep what was chosen in widgets that are not drawn now: Streamlit would forget it."""
    for name in names:
        if name in st.session_state:
            st.session_state[name] = st.session_state[name]


def bound(key: str, value: Any, store: Callable[[Any], None]) -> dict[str, Any]:
    """Set a widget to ``value``, and return the arguments that have it pass what is chosen to ``store``."""
    st.session_state[key] = value
    return {"key": key, "on_change": lambda: store(st.session_state[key])}


def bound_field(key: str, name: str) -> dict[str, Any]:
    """Set a widget to a field of the experiment, and return the arguments that have it change that field."""
    return bound(key, getattr(experiment(), name), lambda value: change(**{name: value}))


def shows_everything() -> bool:
    """Tell whether the visitor wants all parts of the screens open, also those that a beginner does not need."""
    return bool(st.session_state.get(keys.EVERYTHING))


def report(error: UserError, *, of_link: bool = False) -> None:
    """Have the frame show what was wrong; for callbacks and for screens that start over after it."""
    st.session_state[keys.PROBLEM] = error, of_link


@contextmanager
def reporting() -> Iterator[None]:
    """Report the `UserError`, if any, that ends the ``with``."""
    try:
        yield
    except UserError as error:
        report(error)


def problem() -> tuple[UserError | None, bool]:
    """Return what was wrong last, until the next change, and whether with a link, none of which was taken over then."""
    return cast("tuple[UserError | None, bool]", st.session_state.get(keys.PROBLEM, (None, False)))


def link() -> dict[str, str]:
    """Return the query that brings this session back, on whatever screen."""
    query = experiment().to_flat()
    if run := run_id():
        query["run"] = run
    if chosen := st.session_state.get(keys.LANGUAGE):
        query["lang"] = chosen
    if hidden():
        query["hide"] = ",".join(hidden())
    if shows_everything():
        query["view"] = _EVERYTHING
    if came_from := st.session_state.get(keys.ROOM):
        query["room"] = came_from
    if (task := exercise()) is not None:
        query |= task.to_query()
    return query


def address() -> dict[str, str]:
    """Return the query of the screen that is drawn: the session's link and what that screen's address says besides."""
    return link() | screen_fields() | ({"row": ",".join(row())} if row() else {})


def shared(language: str, hide: Sequence[str] = ()) -> dict[str, str]:
    """Return the query to hand to others: the address with its language always, hiding the parts named in ``hide``."""
    query = {name: value for name, value in address().items() if name not in ("hide", "room")} | {"lang": language}
    return query | ({"hide": ",".join(hide)} if hide else {})


def publish() -> None:
    """Write the query into the browser's address where it differs; the frame does it at the end of every run."""
    now = address()
    history = st.session_state.setdefault(keys.HISTORY, _LinkHistory(""))
    same_screen = bool(history.links) and history.links[-1] != now  # whose links Streamlit follows without writing them
    if st.query_params.to_dict() != now or same_screen:
        st.query_params.from_dict(now)
    if not history.links or history.links[-1] != now:
        history.links = [*history.links, now][-_LONGEST_HISTORY:]
        history.written = time.monotonic()


def _follow(query: dict[str, str]) -> None:
    """Take over a link; where it cannot be followed the experiment stays and a `problem` is left."""
    fields = {name: value for name, value in query.items() if name not in OF_A_SCREEN}  # `arrive` reads those
    lang = fields.pop("lang", "")
    if lang in LANGUAGES:
        st.session_state[keys.LANGUAGE] = lang
    st.session_state[keys.RUN] = fields.pop("run", run_id())
    st.session_state[keys.EVERYTHING] = fields.pop("view", "") == _EVERYTHING
    st.session_state[keys.ROOM] = fields.pop("room", "")[:64]
    overrides = {name: fields.pop(name) for name in FIELDS if name in fields}
    missing = fields.pop("missing", "")
    hide = fields.pop("hide", "").split(",")
    st.session_state[keys.HIDDEN] = tuple(part for part in PARTS + FILM_PARTS if part in hide)
    if missing:
        report(UserError("There is no page “{name}” here; choose one from the menu.", name=shorten(missing)))
        return
    try:
        requested = Experiment.from_flat(fields)
        _vet(requested)
        if (
            requested.data != DataSpec() and not requested.data.source
        ):  # a link to files names its network; see Data for them
            requested = _with_usual(requested, fields)
    except UserError as error:
        report(error, of_link=True)
    else:
        replace(requested)
        st.session_state[keys.EXERCISE] = Exercise.of_query(overrides, requested.data)


def _with_usual(requested: Experiment, fields: Mapping[str, str]) -> Experiment:
    """Fill in what a link does not say. On pictures the default network is not named, so that one may be meant."""
    from da_core.methods.wanted_network import with_all_usual
    from da_core.networks.defaults import usual_spec, with_usual

    named = usual_spec(requested.data).network != NetworkSpec()
    return (with_all_usual if named else with_usual)(requested, fields)


def _vet(requested: Experiment) -> None:
    """Check the names and hyperparameters that a link gives against their registries, before anything uses them.

    The registries of methods and networks import torch, so they are asked only about what the link names.
    """
    from da_core.registry import resolve

    default = Experiment()
    for data in (requested.data, requested.third):
        if data is not None and data != default.data:
            from da_core.data.sources import sources

            resolve(sources(), data)
    if requested.network != default.network:
        from da_core.networks import networks

        resolve(networks(), requested.network)
    if requested.prepare:
        from da_core.networks.preparation import read

        for step in requested.prepare:
            read(step)
    if requested.head != default.head:
        from da_core.networks.head_kinds import heads

        resolve(heads(), requested.head)
    if requested.method != default.method:
        from da_core.methods import methods

        resolve(methods(), requested.method)
