"""A visitor's own data: brought from their machine or this one, looked at, set right, and only then used."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Lock
from typing import cast, get_args

import streamlit as st

from da_core.data.loading.inspection import Inspection, inspect_files
from da_core.data.readers.archive import OneDomainError, short_name
from da_core.data.readers.columns import Outline, Roles, join_names
from da_core.data.readers.uploads import check_allowed, keep_folder, keep_upload, resolve_place
from da_core.data.sources.own_files import Files, FilesParams
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.params import Scalar
from da_core.settings import settings
from pages.samples import pair_preview
from pages.session import access, state, words
from pages.session.words import _

SETTINGS = ("size", "max_per_class", "night", "noise", "seconds")
"""The settings of files that are no columns of a table."""
_BROUGHT = "lab.brought"
"""Session state: the places of what was uploaded, by the uploader's key, not yet in use."""
_CHOSEN = "lab.chosen"
"""Session state: what the visitor has set right, by the places that it is about."""
_CHANGED = "lab.chosen.changed"
"""Session state: whether that has changed since the page ran: a fragment runs without the page."""
_NAMES = "lab.names"
"""Session state: what a visitor called an upload, by what a sentence calls its place."""
_KEPT = 8
POLL_SECONDS = 0.4
_ENDINGS = ["zip", "npz", "csv", "tsv", "txt"]


class Readings:
    """What was understood of files, each read once by a thread of its own: reading pictures takes its time."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, Future[Inspection]] = OrderedDict()
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bring")

    def of(self, spec: DataSpec, patience: float = 0) -> Future[Inspection]:
        """What ``spec`` names, as it was understood; small files are waited for."""
        key = spec.model_dump_json()
        with self._lock:
            if key not in self._made:
                self._made[key] = self._thread.submit(inspect_files, spec)
                while len(self._made) > _KEPT:
                    self._made.popitem(last=False)
            self._made.move_to_end(key)
            found = self._made[key]
        wait([found], timeout=patience)
        return found

    def made(self) -> list[Future[Inspection]]:
        """All that has been read or is being read."""
        with self._lock:
            return list(self._made.values())

    def forget(self, spec: DataSpec) -> None:
        """Read it anew the next time: the files may have changed."""
        with self._lock:
            self._made.pop(spec.model_dump_json(), None)


@st.cache_resource
def readings() -> Readings:
    return Readings()


def with_own_names(values: Mapping[str, object]) -> dict[str, object]:
    """An upload is kept under its content's digest; whoever sent it knows it by another name."""
    names: dict[object, str] = st.session_state.get(_NAMES, {})
    return {field: names.get(value, value) for field, value in values.items()}


def with_upload_names(error: UserError) -> UserError:
    """The error with the visitor's own names of files."""
    return UserError(error.message, **with_own_names(error.values))


def section(take: Callable[[DataSpec], None]) -> bool:
    """Where the files come from, what was understood of them, and the button that makes them the experiment's data.

    ``take`` makes a pair the experiment's. True where there is one to look at that is not in use.
    """
    with st.container(border=True):
        ask = where_from("lab-own-how")
        st.caption(
            _(
                "Pictures or sounds in one folder a class, a table (CSV) with one row a sample, or an npz with X and "
                "y. The target needs no labels. Leave it empty if one place holds both domains: folders like train/day "
                "and test_night, or a table with a column that names the domain."
            )
        )
        columns = st.columns(2, gap="medium")
        found = {}
        for column, role, title in zip(columns, ("source", "target"), (_("Source"), _("Target")), strict=True):
            with column:
                found[role] = ask(role, title)
        files = found["source"] is not None and not found["source"].endswith((".csv", ".tsv", ".txt"))
        made = _instead_of_a_target() if files and not found["target"] else {}
        spec = _spec(found["source"], found["target"], made)
    if spec is None:
        return found["source"] is not None
    done = readings().of(spec, patience=0.4).done()
    st.fragment(_preview, run_every=None if done else POLL_SECONDS)(spec, done, take)
    return spec != state.experiment().data


def _instead_of_a_target() -> dict[str, str]:
    """Ask which target, if any, is to be made of the source: nights of pictures, or sounds in a loud place."""
    chosen = {}
    for name in ("night", "noise"):
        info = FilesParams.model_fields[name]
        chosen[name] = st.pills(
            _(info.title or ""),
            get_args(info.annotation),
            default=info.default,
            format_func=words.word,
            required=True,
            key=f"lab-own-{name}",
            help=_(info.description or ""),
        )
    return chosen


def _spec(source: str | None, target: str | None, made: Mapping[str, str]) -> DataSpec | None:
    """What is being brought, as far as the visitor may; else the own data in use, so that columns can be set right."""
    used = state.experiment().data
    if source is None:
        if used.name != Files.name or not used.source:
            return None
        source, target = used.source, used.target
    if not all(is_allowed(place) for place in (source, target) if place):
        return None
    same = (used.source, used.target) == (source, target)
    chosen: dict[str, Scalar] = st.session_state.get(_CHOSEN, {}).get((source, target), used.params if same else {})
    chosen = {name: value for name, value in chosen.items() if name not in made}
    chosen |= {name: value for name, value in made.items() if value != "none"}
    return DataSpec(name=Files.name, source=source, target=target, params=chosen)


# Where from ----------------------------------------------------------------------------------------------------------


def where_from(key: str) -> Callable[[str, str], str | None]:
    """A choice of ways to bring files, and the chosen one: it takes a role and its title and gives the files' place."""
    ways: dict[str, Callable[[str, str], str | None]] = {
        _("Upload a file"): _file,
        _("Upload a folder"): _folder,
        _("Folder on the server"): _path,
    }
    how = st.segmented_control(
        _("Where from"), list(ways), default=next(iter(ways)), required=True, key=key, label_visibility="collapsed"
    )
    return ways[how]


def is_allowed(place: str) -> bool:
    """Whether this visitor may read the place; says why not."""
    try:
        check_allowed(place, localhost_only=access.localhost_only())
    except UserError as error:
        st.error(words.explain(with_upload_names(error)))
        return False
    return True


def _file(role: str, title: str) -> str | None:
    most = settings().upload_megabytes
    key = f"lab-own-{role}"
    label = _("{title} (zip, CSV or npz, up to {most} MB)", title=title, most=most)
    st.file_uploader(label, type=_ENDINGS, max_upload_size=most, key=key, on_change=partial(_keep, key))
    return cast("str | None", st.session_state.get(_BROUGHT, {}).get(key))


def _folder(role: str, title: str) -> str | None:
    most = settings().upload_megabytes
    key = f"lab-own-folder-{role}"
    label = _("{title} (a folder, up to {most} MB)", title=title, most=most)
    st.file_uploader(
        label, accept_multiple_files="directory", max_upload_size=most, key=key, on_change=partial(_keep, key)
    )
    return cast("str | None", st.session_state.get(_BROUGHT, {}).get(key))


def _path(role: str, title: str) -> str | None:
    if access.localhost_only():
        hint = _("Any folder on this machine.")
    else:
        hint = _("A folder below {folder}.", folder=settings().shared_dir)
    return st.text_input(title, placeholder=hint, key=f"lab-path-{role}").strip() or None


def _keep(key: str) -> None:
    """Store what an uploader holds; a folder becomes a zip of the same layout."""
    found = st.session_state[key]
    brought = st.session_state.setdefault(_BROUGHT, {})
    brought.pop(key, None)
    if not found:
        return
    try:
        if isinstance(found, list):
            name = found[0].name.partition("/")[0]
            place = keep_folder(name, [(file.name, file) for file in found])
        else:
            name = found.name
            place = keep_upload(name, found)
    except UserError as error:
        state.report(error)
    else:
        brought[key] = place
        st.session_state.setdefault(_NAMES, {})[short_name(resolve_place(place))] = name


# What was understood -------------------------------------------------------------------------------------------------


def _preview(spec: DataSpec, was_done: bool, take: Callable[[DataSpec], None]) -> None:
    reading = readings().of(spec)
    if reading.done() != was_done or st.session_state.pop(_CHANGED, False):
        st.rerun()
    if not was_done:
        st.caption(_("Reading your files…"))
        return
    found = reading.result()
    if found.outline is not None and found.roles is not None:
        _columns(spec, found.outline, found.roles, found.domains)
    if found.problem is not None:
        readings().forget(spec)
        tell = st.info if isinstance(found.problem, OneDomainError) else st.error
        tell(words.explain(with_upload_names(found.problem)))
    if found.pair is None or spec == state.experiment().data:
        return
    st.markdown(f"**{_('What was understood')}**")
    pair_preview.facts(found.pair)
    for notice in found.pair.notices:
        st.caption(words.translate_message(notice.message, with_own_names(notice.values)))
    use = st.button(_("Use this data"), type="primary")
    pair_preview.samples(found.pair)
    if use:
        st.session_state.get(_CHOSEN, {}).pop((spec.source, spec.target), None)  # from now on the experiment says it
        take(spec)
        st.rerun()


# Columns of a table --------------------------------------------------------------------------------------------------


def _columns(spec: DataSpec, outline: Outline, roles: Roles, domains: Sequence[str]) -> None:
    """The columns' roles as they are taken, to be set right."""
    names = [column.name for column in outline.columns]
    texts = [column.name for column in outline.columns if column.cells in ("texts", "words")]
    numbers = [column.name for column in outline.columns if column.cells == "numbers"]
    cells = {"numbers": _("numbers"), "words": _("names"), "texts": _("texts"), "nothing": _("empty")}
    kinds = {column.name: cells[column.cells] for column in outline.columns}

    def called(name: str) -> str:
        return f"{name} · {kinds[name]}" if name in kinds else name or "—"

    def pick(field: str, title: str, options: Sequence[str], now: str) -> None:
        key = f"lab-column-{field}"
        st.session_state[key] = now if now in options else options[0]
        st.selectbox(
            title, options, format_func=called, key=key, on_change=lambda: _set(spec, field, st.session_state[key])
        )

    left, right = st.columns(2, gap="medium")
    with left:
        pick("label", _("Label"), names if roles.label else ["", *names], roles.label)
    with right:
        pick("text", _("Text, if a sample is one"), ["", *texts], roles.text)
    if not roles.text and numbers:
        key = "lab-column-features"
        st.session_state[key] = [name for name in roles.features if name in numbers]
        st.multiselect(
            _("Features"),
            [name for name in numbers if name != roles.label],
            key=key,
            on_change=lambda: _set(spec, "features", join_names(st.session_state[key])),
        )
    if spec.target is None:
        place, source, target = st.columns(3, gap="medium")
        with place:
            pick("domain", _("Domain"), names if roles.domain else ["", *names], roles.domain)
        if len(domains) > 1:
            params = FilesParams.model_validate(spec.params)
            with source:
                pick("source_domain", _("Source"), domains, params.source_domain or domains[0])
            others = ["", *domains]
            with target:
                pick("target_domain", _("Target (all others if empty)"), others, params.target_domain)


def _set(spec: DataSpec, field: str, value: str) -> None:
    chosen = {**spec.params, field: value}
    if field == "domain":  # its values are others
        chosen |= {"source_domain": "", "target_domain": ""}
    chosen = {name: one for name, one in chosen.items() if one != ""}
    st.session_state.setdefault(_CHOSEN, {})[spec.source, spec.target] = chosen
    st.session_state[_CHANGED] = True
