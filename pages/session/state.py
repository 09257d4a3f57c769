"""One `Experiment` value is the truth of a session, and a link says it: every screen reads and changes it here.

The link is the address's query: what differs from the default experiment, plus ``run`` (whose results to show),
``lang``, ``hide`` (parts that a teacher's link leaves out) and, on its own screen, ``lesson``. It is read once a
session, at the first run of the script, and written back by the frame after each run, so that reload, bookmark and a
shared link all bring it back.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment
from pages.session import words

OWNER_COOKIE = "da_lab_owner"

_EXPERIMENT = "lab.experiment"
_RUN = "lab.run"
_OWNER = "lab.owner"
_HIDDEN = "lab.hidden"
_PROBLEM = "lab.problem"
_UNFOLLOWED = "lab.problem.link"
_TRAIL = "lab.trail"
_LESSON = "lab.lesson"

_SETTLED = 2.0
"""Seconds after which the browser surely knows the link that it was last given, and an older one is no straggler."""
_LONGEST_TRAIL = 100


@dataclass
class _Trail:
    """The links that one visit of a screen has had, the newest last, and when that one was written."""

    screen: str
    links: list[dict[str, str]] = field(default_factory=list)
    written: float = 0.0


def begin() -> None:
    """Read the link, once a session. A link that cannot be followed changes nothing and leaves a `problem`."""
    if _EXPERIMENT in st.session_state:
        return
    st.session_state[_EXPERIMENT] = Experiment()
    _follow(st.query_params.to_dict())


def arrive(screen: str) -> None:
    """Tell which screen is drawn. There, the browser's back and forward undo and redo what was set.

    Streamlit runs the script with the older link of the address bar then. On the way to another screen nothing is
    undone: who goes back to look at the data keeps the network just chosen.
    """
    st.session_state[_LESSON] = st.query_params.get("lesson") if screen == "lesson" else None
    trail = st.session_state.get(_TRAIL)
    if trail is None or trail.screen != screen:
        if trail is not None:
            st.session_state.pop(_PROBLEM, None)
        st.session_state[_TRAIL] = _Trail(screen)
        return
    asked = st.query_params.to_dict()
    settled = time.monotonic() - trail.written > _SETTLED
    if settled and trail.links and trail.links[-1] == address() != asked and asked in trail.links:
        _follow(asked)
        trail.links.append(address())


def experiment() -> Experiment:
    """What this session is about to do."""
    found: Experiment = st.session_state.get(_EXPERIMENT) or Experiment()
    return found


def replace(new: Experiment) -> None:
    """Make ``new`` the session's experiment."""
    st.session_state[_EXPERIMENT] = new
    st.session_state.pop(_PROBLEM, None)


def change(**parts: Any) -> None:
    """Change named fields of the experiment: ``change(seed=3)``, ``change(training={**…, "epochs": 5})``.

    Raises `UserError` if a value is out of its bounds; the experiment is then as it was.
    """
    replace(Experiment.checked({**experiment().model_dump(), **parts}))


def run_id() -> str | None:
    """The run that this session looks at, if any."""
    found: str | None = st.session_state.get(_RUN)
    return found


def set_run(run: str | None) -> None:
    """Look at another run."""
    st.session_state[_RUN] = run


def owner() -> str:
    """Who this is: a random name that the browser keeps in a cookie, or one for the session where there is none."""
    cookie = st.context.cookies.get(OWNER_COOKIE)
    if isinstance(cookie, str) and cookie:  # AppTest has a mock there
        return cookie
    found: str = st.session_state.setdefault(_OWNER, secrets.token_urlsafe(16))
    return found


def lesson() -> str:
    """Which method's lesson the address asks for: ``lesson=tca``, else that of the experiment's method."""
    return st.session_state.get(_LESSON) or experiment().method.name


def is_hidden(part: str) -> bool:
    """Whether the link hides this part (``data``, ``network``, ``method``, ``training``) from a class."""
    return part in st.session_state.get(_HIDDEN, ())


def report(error: UserError) -> None:
    """Have the frame tell what was wrong; for callbacks and for screens that start over after it."""
    st.session_state[_PROBLEM] = error
    st.session_state[_UNFOLLOWED] = False


def unfollowed() -> bool:
    """Whether the `problem` is with a link, of which nothing was taken over then."""
    return bool(st.session_state.get(_UNFOLLOWED))


def problem() -> UserError | None:
    """What was wrong with the link or the last wish; gone with the next change."""
    found: UserError | None = st.session_state.get(_PROBLEM)
    return found


def link() -> dict[str, str]:
    """The query that brings this session back, on whatever screen."""
    query = experiment().to_flat()
    if run := run_id():
        query["run"] = run
    if chosen := st.session_state.get(words.CHOSEN):
        query["lang"] = chosen
    if hidden := st.session_state.get(_HIDDEN):
        query["hide"] = ",".join(hidden)
    return query


def address() -> dict[str, str]:
    """The query of the screen that is drawn: the session's link, and which lesson it is where it is one."""
    asked = st.session_state.get(_LESSON)
    return link() | ({"lesson": asked} if asked else {})


def publish() -> None:
    """Write the address's query where it differs; the frame does it at the end of every run."""
    now = address()
    if st.query_params.to_dict() != now:
        st.query_params.from_dict(now)
    trail = st.session_state.setdefault(_TRAIL, _Trail(""))
    if not trail.links or trail.links[-1] != now:
        trail.links = [*trail.links, now][-_LONGEST_TRAIL:]
        trail.written = time.monotonic()


def _follow(query: dict[str, str]) -> None:
    """Take over what a link says; where it cannot be followed, the experiment stays and a `problem` is left."""
    asked = dict(query)
    asked.pop("lesson", None)  # `arrive` sees to it
    lang = asked.pop("lang", "")
    if lang in words.LANGUAGES:
        st.session_state[words.CHOSEN] = lang
    st.session_state[_RUN] = asked.pop("run", run_id())
    st.session_state[_HIDDEN] = tuple(filter(None, asked.pop("hide", "").split(",")))
    try:
        found = Experiment.from_flat(asked)
        _vet(found)
        if found.data != DataSpec() and not found.data.source:  # a link to files names its network; see Data for them
            from da_core.networks.defaults import with_usual_network

            found = with_usual_network(found, asked)
    except UserError as error:
        report(error)
        st.session_state[_UNFOLLOWED] = True
    else:
        replace(found)


def _vet(found: Experiment) -> None:
    """Check names and hyperparameters that a link gives, each against its registry, before anything believes them.

    The registries of methods and networks import torch, so they are asked only about what the link names.
    """
    from da_core.params import validated
    from da_core.registry import pick

    default = Experiment()
    for data in (found.data, found.third):
        if data is not None and data != default.data:
            from da_core.data.sources import sources

            validated(pick(sources(), data.name, "data set").Params, data.params, data.name)
    if found.network != default.network:
        from da_core.networks import networks

        validated(pick(networks(), found.network.name, "network").Params, found.network.params, found.network.name)
    if found.method != default.method:
        from da_core.methods import methods

        validated(pick(methods(), found.method.name, "method").Params, found.method.params, found.method.name)
