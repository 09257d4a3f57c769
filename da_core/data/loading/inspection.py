"""What a user's files are taken for, before a pair is used: for a screen, where it can be set right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from da_core.data.loading.cache import load_pair, resolve_place
from da_core.data.loading.limited_reading import ReadingLimitError, call_limited
from da_core.data.pair import DomainPair
from da_core.data.readers.archive import short_list
from da_core.data.readers.column_roles import Roles, assign_roles
from da_core.data.readers.columns import Outline, read_outline
from da_core.data.readers.domain_choice import plain_source
from da_core.data.readers.tables import domain_values
from da_core.data.readers.uploads import own_files_in_errors, place_name
from da_core.data.sources.own_files import Files, FilesParams, detect_kind, domains_inside
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.params import Scalar


@dataclass(frozen=True)
class Inspection:
    """The pair, or the ``problem`` with it; of a table its ``outline``, the columns' ``roles``, and the ``domains`` of
    a place that holds several. The roles are the wanted ones where they cannot be guessed.
    """

    pair: DomainPair | None
    problem: UserError | None
    outline: Outline | None = None
    roles: Roles | None = None
    domains: tuple[str, ...] = ()

    def settle(self, spec: DataSpec) -> DataSpec:
        """Write into ``spec`` what the columns and the source were taken to be, so that nothing is left to guess.

        Raises the `problem`, and `UserError` where nothing says which domain is the source.
        """
        if self.problem is not None:
            raise self.problem
        found: dict[str, Scalar] = {}
        if self.roles is not None:
            found = {"label": self.roles.label, "domain": self.roles.domain, "text": self.roles.text}
        if self.domains:
            found["source_domain"] = spec.params.get("source_domain") or self.plain_source
            if not found["source_domain"]:
                raise UserError(
                    "It is unclear which of {names} is the source; choose it.",
                    names=short_list(list(self.domains)),
                    option="source_domain",
                )
        return spec.model_copy(update={"params": spec.params | {name: each for name, each in found.items() if each}})

    @property
    def plain_source(self) -> str:
        """The domain that plainly is the source; empty where the user has to say."""
        return plain_source(self.domains)


def inspect_files(spec: DataSpec) -> Inspection:
    """Read a user's own files, which ``spec`` names. What is wrong with them is returned, not raised."""
    try:
        pair, problem = load_pair(spec), None
    except ReadingLimitError as error:  # whatever else is asked of such files would come to the same
        return Inspection(None, error)
    except UserError as error:
        pair, problem = None, error
    layout = Inspection(None, None)
    try:
        with own_files_in_errors(spec.places):
            params = Files(**spec.params).params
            place = resolve_place(spec.source or "")
            alone = spec.target in (None, spec.source) and params.simulation() is None
            layout = call_limited([place_name(spec.source or "")], _read_layout, place, params, alone)
            if layout.problem is not None:
                raise layout.problem
    except UserError as error:
        problem = problem or error
    return replace(layout, pair=pair if problem is None else None, problem=problem)


def _read_layout(place: Path, params: FilesParams, alone: bool) -> Inspection:
    """Read a table's columns and their roles, and the domains in a place, which ``alone`` may hold both."""
    outline, roles, domains = None, None, list[str]()
    try:
        if detect_kind(place) == "table":
            outline, roles = read_outline(place), params.roles()
            kinds = params.treatment().kinds
            roles = assign_roles(place, outline, roles, with_domain=alone, labelled=True, kinds=kinds)
            domains = domain_values(place, outline, roles.domain) if alone else []
        elif alone:
            domains = domains_inside(place)
    except UserError as error:
        return Inspection(None, error, outline, roles, tuple(domains))
    return Inspection(None, None, outline, roles, tuple(domains))
