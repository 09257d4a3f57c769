"""Upload the visitor's files or open them on the server, preview and correct what was read, and then use it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import PurePath
from typing import BinaryIO, Literal, cast

import streamlit as st

from da_core.data.layout import Outline, Roles
from da_core.data.loading import limited_reading
from da_core.data.loading.cache import inspect_files
from da_core.data.loading.example_files import EXAMPLE_FILES, ExampleFile
from da_core.data.loading.inspection import Inspection
from da_core.data.loading.limited_reading import AT_ONCE
from da_core.data.readers.archive import SingleDomainError
from da_core.data.readers.columns import join_names
from da_core.data.readers.pictures import begins_as_picture
from da_core.data.readers.sounds import is_sound
from da_core.data.sources.own_files import Files, FilesParams
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.params import Scalar, describe
from da_core.settings import settings
from pages.own_data import own_uploads
from pages.samples import pair_preview
from pages.session import access, keys, state, words
from pages.session.background import Background
from pages.session.polling import when_ready
from pages.session.words import _, number
from pages.shell import cards

SETTINGS = ("size", "max_per_class", "night", "noise", "seconds")
"""The settings of files that are no columns of a table."""
_ROWS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".mat", ".svm", ".libsvm")
"""How files end that hold neither pictures nor sounds."""
_SETTINGS = {setting.name: setting for setting in describe(FilesParams)}
_TREATMENT = ("missing", "categories", "dates")
"""The settings of how a table's cells become numbers."""

readings = Background(inspect_files, keep=32, threads=AT_ONCE)


def read_files(spec: DataSpec) -> Future[Inspection]:
    """Read the files that ``spec`` names in the background, one of a visitor's at a time: pictures take their time."""
    return readings.submit_in_lane(state.owner(), spec.model_dump_json(), spec)


def when_read(spec: DataSpec, draw: Callable[[Inspection], None]) -> None:
    """Draw what was found in the files that ``spec`` names; until they are read, how long that has taken."""
    reading = read_files(spec)
    when_ready(reading, draw, partial(_draw_progress, reading))


def _draw_progress(reading: Future[Inspection]) -> None:
    seconds, most = readings.seconds(reading), settings().reading_seconds
    if seconds is None:
        st.caption(_("Other files are being read; yours are next."))
        return
    text = _("Reading your files: {seconds} of at most {most} seconds", seconds=number(int(seconds)), most=number(most))
    st.progress(min(seconds / most, 1.0), text=text)


def read_again(spec: DataSpec) -> None:
    """Read the files again the next time: they may change until then."""
    readings.forget(spec.model_dump_json())


def section(use: Callable[[DataSpec], None]) -> bool:
    """Ask where the files come from, and show what was understood of them, with a button to use them.

    ``use`` makes a pair the experiment's. True while that is not so: nothing has been brought yet, it is being read, or
    something is wrong with it.
    """
    limited_reading.warm()
    with st.container(border=True):
        ask = choose_origin(keys.OWN_ORIGIN)
        st.caption(
            _(
                "Pictures or sounds: one folder per class (zip), or several files with the class in their names. "
                "Tables (CSV, Excel, Parquet): one row per sample. Arrays: X and y (npz, mat, svmlight). The target "
                "needs no labels. Leave it empty if one place holds both domains: two folders with the same class "
                "folders, a table with a domain column, or arrays Xs, ys, Xt and yt."
            )
        )
        columns = st.columns(2, gap="medium")
        places = {}
        for column, role, title in zip(columns, ("source", "target"), (_("Source"), _("Target")), strict=True):
            with column:
                places[role] = ask(role, title)
        alone = places["source"] if not places["target"] else None
        simulation = _instead_of_a_target() if alone and not alone.lower().endswith(_ROWS) else {}
        spec = _spec(places["source"], places["target"], simulation)
    own_uploads.section()
    if spec is None:
        if places["source"] is None:
            _examples()
        return True
    reading = read_files(spec)
    when_read(spec, partial(_preview, spec, use))
    is_in_use = spec == state.experiment().data and reading.done() and reading.result().problem is None
    return not is_in_use


def _examples() -> None:
    """Draw what files may look like, each with the ways to try it and to have it."""
    st.markdown(f"**{_('No files yet. Try an example to see what they look like:')}**")
    columns = st.columns(len(EXAMPLE_FILES), gap="medium", border=True)
    for column, example in zip(columns, EXAMPLE_FILES, strict=True):
        with column:
            st.markdown(_(example.summary))
            st.code(example.layout(words.language()), language=None)
            with st.container(horizontal=True):
                st.button(
                    _("Try {file}", file=example.name),
                    key=keys.example_file(example.name),
                    on_click=partial(_bring_example, example),
                )
                st.download_button(
                    _("Download"),
                    partial(example.make, words.language()),
                    example.name,
                    on_click="ignore",
                    key=keys.download(example.name),
                )


def _bring_example(example: ExampleFile) -> None:
    """Bring an example as if it had been uploaded."""
    st.session_state.pop(keys.OWN_ORIGIN, None)
    try:
        place = own_uploads.keep(example.name, example.make(words.language()))
    except UserError as error:
        state.report(error)
        return
    st.session_state.setdefault(keys.UPLOADS, {})[keys.upload("source")] = place


def _instead_of_a_target() -> dict[str, str]:
    """Ask which target, if any, is to be made of the source: nights of pictures, or sounds in a loud place."""
    chosen = {}
    for name in ("night", "noise"):
        setting = _SETTINGS[name]
        chosen[name] = st.pills(
            _(setting.title),
            [str(choice) for choice in setting.choices],
            default=setting.default,
            format_func=words.word,
            required=True,
            key=keys.simulation(name),
            help=_(setting.help),
        )
    return chosen


def _spec(source: str | None, target: str | None, simulation: Mapping[str, str]) -> DataSpec | None:
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
    chosen = {name: value for name, value in chosen.items() if name not in simulation}
    chosen |= {name: value for name, value in simulation.items() if value != "none"}
    return DataSpec(name=Files.name, source=source, target=target, params=chosen)


# Where from ----------------------------------------------------------------------------------------------------------


def choose_origin(key: str) -> Callable[[str, str], str | None]:
    """Ask how the files are given, and return the function that asks for them: role and title to their place."""
    ways: dict[str, Callable[[str, str], str | None]] = {
        _("Upload a file"): _file,
        _("Upload a folder"): _folder,
        _("Folder on the server"): _path,
    }
    return ways[cards.segments(_("Origin of the files"), {name: name for name in ways}, key)]


def may_open(places: Iterable[str]) -> bool:
    """Tell whether the visitor may open all of ``places``, and show why not."""
    try:
        access.check_places(places)
    except UserError as error:
        st.error(words.explain(error))
        return False
    return True


def _file(role: str, title: str) -> str | None:
    most = settings().upload_megabytes
    label = _("{title} (one file, or many pictures or sounds, up to {most} MB)", title=title, most=most)
    return _uploaded(label, keys.upload(role), True)


def _folder(role: str, title: str) -> str | None:
    label = _("{title} (a folder, up to {most} MB)", title=title, most=settings().upload_megabytes)
    return _uploaded(label, keys.folder_upload(role), "directory")


def _uploaded(label: str, key: str, several: Literal[True, "directory"]) -> str | None:
    """Draw an uploader, and return the place of what it holds."""
    most = settings().upload_megabytes
    st.file_uploader(
        label, accept_multiple_files=several, max_upload_size=most, key=key, on_change=partial(_store, key)
    )
    return cast("str | None", st.session_state.get(keys.UPLOADS, {}).get(key))


def _path(role: str, title: str) -> str | None:
    if access.localhost_only():
        hint = _("Any folder on this machine.")
    else:
        hint = _("A folder inside {folder}.", folder=settings().shared_dir)
    return st.text_input(title, placeholder=hint, key=keys.server_path(role)).strip() or None


def _store(key: str) -> None:
    """Store what an uploader holds; a folder becomes a zip of the same layout, and so do several files."""
    files = st.session_state[key]
    uploads = st.session_state.setdefault(keys.UPLOADS, {})
    uploads.pop(key, None)
    if not files:
        return
    try:
        folder, slash, _rest = files[0].name.partition("/")
        if len(files) == 1 and not slash:
            uploads[key] = own_uploads.keep(files[0].name, files[0])
        else:
            _check_samples(files)
            name = folder if slash else f"{PurePath(folder).stem}…"
            uploads[key] = own_uploads.keep_folder(name, [(file.name, file) for file in files])
    except UserError as error:
        state.report(error)


def _check_samples(files: Iterable[BinaryIO]) -> None:
    """Refuse several files of which none is a sample: two tables, say, are not one domain."""
    for file in files:
        head = file.read(12)
        file.seek(0)
        if is_sound(head) or begins_as_picture(head):
            return
    raise UserError("Choose several files at once only if they are pictures or sounds; add other files one by one.")


# What was understood -------------------------------------------------------------------------------------------------


def _preview(spec: DataSpec, use: Callable[[DataSpec], None], inspection: Inspection) -> None:
    layout = inspection.layout
    if layout.outline is not None and layout.roles is not None:
        _columns(spec, layout.outline, layout.roles)
    if len(layout.domains) > 1:
        _domains(spec, inspection)
    in_use = spec == state.experiment().data
    try:
        settled = spec if in_use and inspection.problem is None else inspection.settle(spec)
    except UserError as error:
        read_again(spec)
        is_question = isinstance(error, SingleDomainError) or "option" in error.values
        (st.info if is_question else st.error)(words.explain(error))
        return
    if inspection.pair is None or in_use:
        return
    st.markdown(f"**{_('How your files were read')}**")
    pair_preview.facts(inspection.pair)
    for notice in inspection.pair.notices:
        st.caption(words.translate_message(notice.message, notice.values))
    if layout.outline is not None and inspection.pair.kind != "texts":
        _treatment(spec, layout.outline)
    st.caption(_("These files are not in use yet. Check them, then press “Use this data”."))
    pressed = st.button(_("Use this data"), type="primary")
    pair_preview.samples(inspection.pair)
    if pressed:
        st.session_state.get(keys.COLUMNS, {}).pop((spec.source, spec.target), None)  # the experiment has them now
        use(settled)
        st.rerun()


# Columns of a table, domains of one place ----------------------------------------------------------------------------


def _columns(spec: DataSpec, outline: Outline, roles: Roles) -> None:
    """Draw the roles that the columns were given, to be corrected."""
    names = [column.name for column in outline.columns]
    texts = [column.name for column in outline.columns if column.cells in ("texts", "words")]
    usable = [column.name for column in outline.columns if column.cells in ("numbers", "words", "dates")]
    cells = {
        "numbers": _("numbers"),
        "words": _("names"),
        "dates": _("dates"),
        "texts": _("texts"),
        "nothing": _("empty"),
    }
    kinds = {column.name: cells[column.cells] for column in outline.columns}

    def called(name: str) -> str:
        return f"{name} · {kinds[name]}" if name in kinds else name or "—"

    fields = [
        ("label", _("Label"), names if roles.label else ["", *names], roles.label),
        ("text", _("Text (if samples are texts)"), ["", *texts], roles.text),
        ("domain", _("Domain"), names if roles.domain else ["", *names], roles.domain),
    ]
    for place, field in zip(st.columns(3 if spec.target is None else 2, gap="medium"), fields, strict=False):
        with place:
            _pick(spec, *field, called=called)
    if not roles.text and usable:
        features = [name for name in roles.features if name in usable]
        st.multiselect(
            _("Features"),
            [name for name in usable if name not in (roles.label, roles.domain)],
            placeholder=_("Choose"),
            **state.bound(keys.column("features"), features, lambda names: _set(spec, "features", join_names(names))),
        )


def _domains(spec: DataSpec, inspection: Inspection) -> None:
    """Ask which of the domains that one place holds is the source, and which the target."""
    params = FilesParams.model_validate(spec.params)
    pair, domains = inspection.pair, inspection.layout.domains
    used = pair.reading.get("source") if pair is not None and spec == state.experiment().data else None
    source, target = st.columns(2, gap="medium")
    with source:
        _pick(spec, "source_domain", _("Source"), domains, params.source_domain or inspection.plain_source or used)
    with target:
        _pick(spec, "target_domain", _("Target (all others if empty)"), ["", *domains], params.target_domain)


def _treatment(spec: DataSpec, outline: Outline) -> None:
    """Ask what is to become of cells that are no numbers, as far as the table has such."""
    there = {
        "missing": any(column.missing for column in outline.columns),
        "categories": any(column.has_few_words for column in outline.columns),
        "dates": any(column.cells == "dates" for column in outline.columns),
    }
    fields = [name for name in _TREATMENT if there[name] or name in spec.params]
    for place, name in zip(st.columns(max(len(fields), 1), gap="medium"), fields, strict=False):
        setting = _SETTINGS[name]
        called = {choice: words.word(choice) for choice in map(str, setting.choices)}
        now = str(spec.params.get(name, setting.default))
        with place:
            _pick(spec, name, _(setting.title), list(called), now, called.__getitem__, _(setting.help))


def _pick(
    spec: DataSpec,
    field: str,
    title: str,
    options: Sequence[str],
    now: str | None,
    called: Callable[[str], str] = lambda name: name or "—",
    help: str | None = None,
) -> None:
    """Draw the choice of one setting; without ``now`` nothing is chosen yet, and the visitor has to."""
    empty = None if not now and "" not in options else options[0]
    chosen = now if now in options else empty
    st.selectbox(
        title,
        options,
        format_func=called,
        index=None if chosen is None else 0,
        placeholder=_("Choose"),
        help=help,
        **state.bound(keys.column(field), chosen, lambda name: _set(spec, field, name or "")),
    )


def _set(spec: DataSpec, field: str, value: str) -> None:
    chosen = {**spec.params, field: value}
    if field == "domain":  # its values are others
        chosen |= {"source_domain": "", "target_domain": ""}
    chosen = {name: each for name, each in chosen.items() if each != ""}
    st.session_state.setdefault(keys.COLUMNS, {})[spec.source, spec.target] = chosen
