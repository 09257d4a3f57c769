"""Load a user's own samples from folders, zips, arrays and tables, read with distrust and good will."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path, PurePath
from typing import Literal

from da_core.data.layout import CellKind, Layout, Roles
from da_core.data.pair import DomainPair, Provenance, kind_of_samples
from da_core.data.readers.archive import NOT_READ, SingleDomainError, open_archive, open_listing, read_head, short_name
from da_core.data.readers.arrays import read_arrays, read_both_domains
from da_core.data.readers.class_folders import FileOptions, read_class_folders
from da_core.data.readers.columns import split_names
from da_core.data.readers.csv_dialect import is_csv
from da_core.data.readers.folder_layout import domain_folders, split_domains
from da_core.data.readers.pictures import begins_as_picture, is_picture, resize_pictures
from da_core.data.readers.raw_domain import RawDomain, common_classes
from da_core.data.readers.sounds import is_sound
from da_core.data.readers.stored_arrays import is_mat
from da_core.data.readers.svmlight import is_svmlight, read_svmlight, to_same_width
from da_core.data.readers.table_features import Missing, Treatment
from da_core.data.readers.tables import read_mixed_table, read_two_tables
from da_core.data.readers.workbooks import is_parquet, is_workbook
from da_core.data.source import DataSource
from da_core.data.synthesis.night_conditions import NightName
from da_core.data.synthesis.simulated_target import Simulation, night_simulation, noise_simulation, simulate_target
from da_core.errors import UserError
from da_core.own_names import OwnName, mark_own
from da_core.params import Params, hyper

PlaceKind = Literal["files", "arrays", "svmlight", "table"]

_READY_SIDES = range(8, 129)


class FilesParams(Params):
    """Settings that bring samples to one shape and say which columns of a table are what."""

    size: int = hyper(32, ge=16, le=128, step=16, unit="px", title="Side")
    """Width and height that pictures are scaled to. At 32, arrays of square pictures that share one size in both
    domains (8 to 128 px) stay as they are."""
    max_per_class: int = hyper(2000, ge=2, le=50_000, log=True, title="Files per class")
    """Maximum files read per class."""
    night: Literal["none", NightName] = hyper("none", title="Simulated night")
    """Without a target, every second picture of a class becomes a night picture, by the same model as the street
    scenes."""
    noise: Literal["none", "20 dB", "10 dB", "5 dB", "0 dB", "-5 dB"] = hyper("none", title="Background noise")
    """Without a target, every second sound of a class gets background noise. The value is the level of the sound above
    the noise; lower values mean more noise."""
    seconds: float = hyper(1.0, ge=0.25, le=4, step=0.25, unit="s", title="Sound length")
    """Length of all sounds: longer ones keep their middle, shorter ones are padded with silence."""
    label: str = hyper("", title="Label", help="Column with each row's class.")
    features: str = hyper("", title="Features")
    """Columns that make up a sample, separated by commas; empty uses all columns of numbers, dates and few words."""
    text: str = hyper("", title="Text", help="Column of texts, if a sample is a text.")
    domain: str = hyper("", title="Domain", help="Column with the domain of each row, if there is one table only.")
    source_domain: str = hyper("", title="Source", help="Value of the domain column, or outer folder, of the source.")
    target_domain: str = hyper("", title="Target")
    """Value of the domain column, or outer folder, of the target; empty uses all others."""
    missing: Missing = hyper("median", title="Missing cells")
    """Fill in the source's median, with a column of 0 and 1 that marks the place (a missing word becomes “?”); fill in
    the source's most frequent value; or leave the rows out."""
    categories: Literal["one column each", "left out"] = hyper("one column each", title="Columns of words")
    """Turns a column with at most 20 different words into one column of 0 and 1 per word, or leaves it out."""
    dates: Literal["days", "left out"] = hyper("days", title="Dates")
    """Turns a date into the number of days since 2000, or leaves such columns out."""

    def roles(self) -> Roles:
        """Return the columns as they were chosen."""
        return Roles(self.label, self.domain, self.text, split_names(self.features))

    def files(self) -> FileOptions:
        """Return how pictures and sounds are to be read."""
        return FileOptions(self.size, self.seconds, self.max_per_class)

    def treatment(self) -> Treatment:
        """Return how the cells of a table become numbers."""
        left_out = {"words": self.categories == "left out", "dates": self.dates == "left out"}
        kinds: tuple[CellKind, ...] = ("numbers", "words", "dates")
        return Treatment(self.missing, tuple(kind for kind in kinds if not left_out.get(kind)))

    def simulation(self) -> Simulation | None:
        """Return how a target is to be made of the source, if it is."""
        if self.night != "none":
            return night_simulation(self.night)
        return noise_simulation(float(self.noise.removesuffix(" dB"))) if self.noise != "none" else None


class Files(DataSource):
    """Pictures or sounds in class folders (a folder or a zip), arrays, or tables; see `load_places`."""

    name = "files"
    title = "Your own files"
    summary = (
        "Pictures or sounds in one folder per class, tables (CSV, Excel, Parquet) or arrays (npz, mat, svmlight). "
        "Target labels may be missing."
    )
    area = "own"
    shift = "unknown"
    kind = None
    origin = "Files that you provided."
    licence = "The files' own licence applies. Anyone with the link of a run on them can see its samples."
    Params = FilesParams
    params: FilesParams

    def load(self, seed: int) -> DomainPair:
        raise UserError("Your own files need a source: choose a folder, a zip, a table or an npz file.")

    def load_places(
        self,
        source: Path,
        target: Path | None,
        names: tuple[str, ...] = (),
        layout: Layout | None = None,
    ) -> DomainPair:
        """Read both domains; without a target, or with the same place twice, both come from the source.

        Then they are looked for in it, or the target is simulated where the settings say so. A target's own place may
        lack labels: files that lie in no class folders, arrays without ``y``, a table without the label's column or
        with empty cells in it. Pictures become (n, size, size, 3) uint8. The pair's ``notices`` say what was left out
        and what was filled in. ``names`` are what the user calls the places, if not by their paths; ``layout`` gets
        what is understood on the way. Raises `UserError`.
        """
        names = names or tuple(place.name for place in dict.fromkeys((source, target)) if place is not None)
        called, layout = _domain_names(names), layout or Layout()
        simulation = None
        if target not in (None, source):
            first, second = _read_two_places(source, target, self.params, called, layout)
        elif simulation := self.params.simulation():
            first, second = _simulate(source, simulation, self.params)
        else:
            first, second = _read_pair(source, self.params, layout)
        _check_alike(first, second)
        classes = common_classes(first, second)
        _to_same_size(self.params.size, first, second)
        return DomainPair(
            source=first.to_domain(classes),
            target=second.to_domain(classes),
            classes=mark_own(tuple(classes)),
            provenance=Provenance(
                title=OwnName(" → ".join(dict.fromkeys(names))),
                origin=self.origin,
                licence=self.licence,
                shift="unknown" if simulation is None else "appearance",
            ),
            columns=first.columns,
            notices=(*first.notices, *second.notices),
            reading=first.reading,
            layout=layout,
        )


def detect_kind(place: Path) -> PlaceKind:
    """Detect by its content what a place holds. Raises `UserError` for what is not read here."""
    if place.is_dir():
        return "files"
    head = read_head(place, 12)
    if is_mat(place):
        return "arrays"
    if head[:2] == b"PK":
        with open_archive(place) as archive:
            members = archive.namelist()
        if is_workbook(members):
            return "table"
        arrays = place.suffix.lower() == ".npz" or (bool(members) and all(name.endswith(".npy") for name in members))
        return "arrays" if arrays else "files"
    if is_sound(head) or (begins_as_picture(head) and is_picture(place)):
        return "files"
    if is_svmlight(place):
        return "svmlight"
    if is_parquet(place) or is_csv(place):
        return "table"
    raise UserError(NOT_READ, place=short_name(place))


def _domain_names(names: tuple[str, ...]) -> tuple[str, str]:
    """Name source and target that are places of their own by their files, where those names differ.

    A long name is that of an upload whose sender's name for it is not known.
    """
    stems = [PurePath(name).stem if re.search("[A-Za-z]", PurePath(name).suffix) else name for name in names]
    if len(set(stems)) < 2:
        return "source", "target"
    first, second = (
        OwnName(name) if 0 < len(name) <= 40 else role for name, role in zip(stems, ("source", "target"), strict=True)
    )
    return first, second


def _read_two_places(
    source: Path, target: Path, params: FilesParams, names: tuple[str, str], layout: Layout
) -> tuple[RawDomain, RawDomain]:
    kinds = [detect_kind(source), detect_kind(target)]
    if kinds == ["table", "table"]:
        return read_two_tables(source, target, names, params.roles(), params.treatment(), layout)
    if "table" in kinds:
        raise UserError("One of the two is a table, the other is not; choose two of the same kind.")
    first = _read_place(names[0], source, params)
    second = _read_place(names[1], target, params, set(first.labels))
    if kinds == ["svmlight", "svmlight"]:
        to_same_width(first, second)
    return first, second


def _read_place(name: str, place: Path, params: FilesParams, known: Collection[str | None] = ()) -> RawDomain:
    """Read one domain. With the classes ``known`` from the source, it is the target, whose labels may be missing."""
    match detect_kind(place):
        case "arrays":
            return RawDomain(name, *read_arrays(place, labelled=not known))
        case "svmlight":
            return RawDomain(name, *read_svmlight(place))
        case _:
            with open_listing(place) as listing:
                return read_class_folders(name, listing, params.files(), known)


def _check_alike(first: RawDomain, second: RawDomain) -> None:
    """Refuse sounds beside pictures: that their classes differ, or their shapes, is not what is wrong."""
    kinds = [kind_of_samples(domain.X) for domain in (first, second)]
    if kinds[0] != kinds[1]:
        raise UserError(
            "The source holds {source}, the target {target}; choose two of the same kind.",
            source=kinds[0],
            target=kinds[1],
        )


def _read_pair(place: Path, params: FilesParams, layout: Layout) -> tuple[RawDomain, RawDomain]:
    domains = params.source_domain, params.target_domain
    match detect_kind(place):
        case "table":
            return read_mixed_table(place, params.roles(), *domains, params.treatment(), layout)
        case "arrays":
            return read_both_domains(place, *domains, layout)
        case "svmlight":
            raise SingleDomainError(
                "A file in svmlight’s form holds one domain, “{place}”; bring another as the target.",
                place=short_name(place),
            )
        case "files":
            with open_listing(place) as listing:
                layout.domains = tuple(domain_folders(listing))
                (source, day), (target, night) = split_domains(listing, *domains)
                first = read_class_folders(source, day, params.files())
                second = read_class_folders(target, night, params.files(), set(first.labels))
            first.reading = {"source": source, "target": target} if layout.domains else {}
            return first, second


def _simulate(place: Path, simulation: Simulation, params: FilesParams) -> tuple[RawDomain, RawDomain]:
    if detect_kind(place) == "table":
        raise UserError(simulation.refusal, place=short_name(place))
    samples = _read_place(simulation.source_name, place, params)
    _to_same_size(params.size, samples)
    return simulate_target(samples, place, simulation)


def _to_same_size(size: int, *domains: RawDomain) -> None:
    """Bring pictures to ``size``, but for ready-made arrays that nobody asked to change (see ``FilesParams.size``)."""
    if any(domain.X.ndim != 4 for domain in domains):
        return
    height, width = domains[0].X.shape[1:3]
    alike = all(domain.X.shape[1:3] == (height, width) for domain in domains)
    if height == width and height in _READY_SIDES and alike and size == FilesParams().size:
        return
    for domain in domains:
        domain.X = resize_pictures(domain.X, size)
