"""The visitor's own files: uploaded or opened on the server, read, previewed, corrected, and only then used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import cast, get_args

import streamlit as st

from da_core.data.loading.inspection import Inspection, inspect_files
from da_core.data.readers.archive import OneDomainError, short_name
from da_core.data.readers.columns import Outline, Roles, join_names
from da_core.data.readers.uploads import keep_folder, keep_upload, resolve_place
from da_core.data.sources.own_files import Files, FilesParams
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.params import Scalar
from da_core.settings import settings
from pages.samples import pair_preview
from pages.session import access, keys, state, words
from pages.session.background import Background
from pages.session.polling import when_ready
from pages.session.words import _

SETTINGS = ("size", "max_per_class", "night", "noise", "seconds")
"""The settings of files that are no columns of a table."""
_ENDINGS = ["zip", "npz", "csv", "tsv", "txt"]

readings = Background(inspect_files, keep=8)


def read_files(spec: DataSpec) -> Future[Inspection]:
    """Read the files that ``spec`` names in the background: pictures take their time."""
    return readings.submit(spec.model_dump_json(), spec)


def read_again(spec: DataSpec) -> None:
    """Have the files read anew the next time: they may change until then."""
    readings.forget(spec.model_dump_json())


def with_visitor_names(values: Mapping[str, object]) -> dict[str, object]:
    """Replace the places of uploads, which are digests of their content, by the visitor's file names."""
    names: dict[object, str] = st.session_state.get(keys.UPLOAD_NAMES, {})
    return {field: names.get(value, value) for field, value in values.items()}


def name_uploads(error: UserError) -> UserError:
    """Return the error with the visitor's file names in place of the uploads' own."""
    return UserError(error.message, **with_visitor_names(error.values))


def section(use: Callable[[DataSpec], None]) -> bool:
    """Ask where the files come from, and show what was understood of them, with a button to use them.

    ``use`` makes a pair the experiment's. True where there is one to look at that is not in use.
    """
    with st.container(border=True):
        ask = choose_origin(keys.OWN_ORIGIN)
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
    when_ready(read_files(spec), partial(_preview, spec, use), _("Reading your files…"))
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
            key=keys.made_target(name),
            help=_(info.description or ""),
        )
    return chosen


def _spec(source: str | None, target: str | None, made: Mapping[str, str]) -> DataSpec | None:
    """Describe the chosen files, if the visitor may open them, else those in use, so that columns can be corrected."""
    used = state.experiment().data
    if source is None:
        if used.name != Files.name or not used.source:
            return None
        source, target = used.source, used.target
    if not may_open(filter(None, (source, target))):
        return None
    same = (used.source, used.target) == (source, target)
    corrected = st.session_state.get(keys.COLUMNS, {})
    chosen: dict[str, Scalar] = corrected.get((source, target), used.params if same else {})
    chosen = {name: value for name, value in chosen.items() if name not in made}
    chosen |= {name: value for name, value in made.items() if value != "none"}
    return DataSpec(name=Files.name, source=source, target=target, params=chosen)


# Where from ----------------------------------------------------------------------------------------------------------


def choose_origin(key: str) -> Callable[[str, str], str | None]:
    """Ask how the files are given, and return the function that asks for them: role and title to their place."""
    ways: dict[str, Callable[[str, str], str | None]] = {
        _("Upload a file"): _file,
        _("Upload a folder"): _folder,
        _("Folder on the server"): _path,
    }
    how = st.segmented_control(
        _("Where from"), list(ways), default=next(iter(ways)), required=True, key=key, label_visibility="collapsed"
    )
    return ways[how]


def may_open(places: Iterable[str]) -> bool:
    """Tell whether the visitor may open all of ``places``, and show why not."""
    try:
        access.check_places(places)
    except UserError as error:
        st.error(words.explain(name_uploads(error)))
        return False
    return True


def _file(role: str, title: str) -> str | None:
    most = settings().upload_megabytes
    key = keys.upload(role)
    label = _("{title} (zip, CSV or npz, up to {most} MB)", title=title, most=most)
    st.file_uploader(label, type=_ENDINGS, max_upload_size=most, key=key, on_change=partial(_store, key))
    return cast("str | None", st.session_state.get(keys.UPLOADS, {}).get(key))


def _folder(role: str, title: str) -> str | None:
    most = settings().upload_megabytes
    key = keys.folder_upload(role)
    label = _("{title} (a folder, up to {most} MB)", title=title, most=most)
    st.file_uploader(
        label, accept_multiple_files="directory", max_upload_size=most, key=key, on_change=partial(_store, key)
    )
    return cast("str | None", st.session_state.get(keys.UPLOADS, {}).get(key))


def _path(role: str, title: str) -> str | None:
    if access.localhost_only():
        hint = _("Any folder on this machine.")
    else:
        hint = _("A folder below {folder}.", folder=settings().shared_dir)
    return st.text_input(title, placeholder=hint, key=keys.server_path(role)).strip() or None


def _store(key: str) -> None:
    """Store what an uploader holds; a folder becomes a zip of the same layout."""
    files = st.session_state[key]
    uploads = st.session_state.setdefault(keys.UPLOADS, {})
    uploads.pop(key, None)
    if not files:
        return
    try:
        if isinstance(files, list):
            name = files[0].name.partition("/")[0]
            place = keep_folder(name, [(file.name, file) for file in files])
        else:
            name = files.name
            place = keep_upload(name, files)
    except UserError as error:
        state.report(error)
    else:
        uploads[key] = place
        st.session_state.setdefault(keys.UPLOAD_NAMES, {})[short_name(resolve_place(place))] = name


# What was understood -------------------------------------------------------------------------------------------------


def _preview(spec: DataSpec, use: Callable[[DataSpec], None], found: Inspection) -> None:
    if found.outline is not None and found.roles is not None:
        _columns(spec, found.outline, found.roles, found.domains)
    if found.problem is not None:
        read_again(spec)
        show = st.info if isinstance(found.problem, OneDomainError) else st.error
        show(words.explain(name_uploads(found.problem)))
    if found.pair is None or spec == state.experiment().data:
        return
    st.markdown(f"**{_('What was understood')}**")
    pair_preview.facts(found.pair)
    for notice in found.pair.notices:
        st.caption(words.translate_message(notice.message, with_visitor_names(notice.values)))
    pressed = st.button(_("Use this data"), type="primary")
    pair_preview.samples(found.pair)
    if pressed:
        st.session_state.get(keys.COLUMNS, {}).pop((spec.source, spec.target), None)  # the experiment has them now
        use(spec)
        st.rerun()


# Columns of a table --------------------------------------------------------------------------------------------------


def _columns(spec: DataSpec, outline: Outline, roles: Roles, domains: Sequence[str]) -> None:
    """Draw the roles that the columns were given, to be corrected."""
    names = [column.name for column in outline.columns]
    texts = [column.name for column in outline.columns if column.cells in ("texts", "words")]
    numbers = [column.name for column in outline.columns if column.cells == "numbers"]
    cells = {"numbers": _("numbers"), "words": _("names"), "texts": _("texts"), "nothing": _("empty")}
    kinds = {column.name: cells[column.cells] for column in outline.columns}

    def called(name: str) -> str:
        return f"{name} · {kinds[name]}" if name in kinds else name or "—"

    def pick(field: str, title: str, options: Sequence[str], now: str) -> None:
        key = keys.column(field)
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
        key = keys.column("features")
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
    chosen = {name: each for name, each in chosen.items() if each != ""}
    st.session_state.setdefault(keys.COLUMNS, {})[spec.source, spec.target] = chosen
