"""Read a user's files for a preview, where what was read can be corrected before the pair is used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from da_core.data.layout import Layout
from da_core.data.pair import DomainPair
from da_core.data.readers.archive import short_list
from da_core.data.readers.domain_choice import plain_source
from da_core.data.readers.uploads import place_name, with_visitor_names
from da_core.data.sources.own_files import Files
from da_core.errors import UserError
from da_core.events import Notice
from da_core.experiment import DataSpec
from da_core.own_names import mark_own
from da_core.params import Scalar


@dataclass
class Inspection:
    """The pair, or the ``problem`` with it; and the ``layout`` of the source's place, as far as it was understood."""

    pair: DomainPair | None = None
    problem: UserError | None = None
    layout: Layout = field(default_factory=Layout)

    def settle(self, spec: DataSpec) -> DataSpec:
        """Write the columns and the source into ``spec``, as understood. Raises `UserError` where one is unclear."""
        if self.problem is not None:
            raise self.problem
        settled: dict[str, Scalar] = {}
        if roles := self.layout.roles:
            settled = {"label": roles.label, "domain": roles.domain, "text": roles.text}
        if self.layout.domains:
            settled["source_domain"] = spec.params.get("source_domain") or self.plain_source
            if not settled["source_domain"]:
                raise UserError(
                    "It is unclear which of {names} is the source; choose it.",
                    names=short_list(list(self.layout.domains)),
                    option="source_domain",
                )
        return spec.model_copy(update={"params": spec.params | {name: each for name, each in settled.items() if each}})

    @property
    def plain_source(self) -> str:
        """Return the domain that plainly is the source; empty where the user has to say."""
        return plain_source(self.layout.domains)


def read_places(files: Files, spec: DataSpec, places: tuple[Path, Path]) -> Inspection:
    """Read the files at ``places`` that ``spec`` names. What is wrong with them is returned, not raised."""
    inspection = Inspection()
    try:
        pair = files.load_places(*places, tuple(map(place_name, spec.places)), inspection.layout)
    except UserError as error:
        inspection.problem = error
    else:
        notices = (
            Notice(note.message, mark_own(with_visitor_names(note.values, spec.places))) for note in pair.notices
        )
        inspection.pair = replace(pair, notices=tuple(notices))
    return inspection
