"""What a user's files are taken for, before a pair is used: for a screen, where it can be set right."""

from __future__ import annotations

from dataclasses import dataclass

from da_core.data.loading.cache import load_pair, resolve_place
from da_core.data.pair import DomainPair
from da_core.data.readers.columns import Outline, Roles, assign_roles, read_outline
from da_core.data.readers.tables import domain_values
from da_core.data.sources.own_files import FilesParams, detect_kind
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.params import validated


@dataclass(frozen=True)
class Inspection:
    """The pair, or the ``problem`` with it; of a table its ``outline``, the columns' ``roles`` and what the domain
    column holds. The roles are the wanted ones where they cannot be guessed."""

    pair: DomainPair | None
    problem: UserError | None
    outline: Outline | None = None
    roles: Roles | None = None
    domains: tuple[str, ...] = ()


def inspect_files(spec: DataSpec) -> Inspection:
    """Read a user's own files, which ``spec`` names. What is wrong with them is returned, not raised."""
    pair: DomainPair | None = None
    problem: UserError | None = None
    try:
        pair = load_pair(spec)
    except UserError as error:
        problem = error
    try:
        params = validated(FilesParams, spec.params, spec.name)
        source = resolve_place(spec.source or "")
        if detect_kind(source) != "table":
            return Inspection(pair, problem)
        outline = read_outline(source)
    except UserError as error:
        return Inspection(None, problem or error)
    roles = params.roles()
    alone = spec.target in (None, spec.source)
    try:
        roles = assign_roles(source, outline, roles, with_domain=alone, labelled=True)
        domains = domain_values(source, outline, roles.domain) if roles.domain else []
    except UserError as error:
        return Inspection(None, problem or error, outline, roles)
    return Inspection(pair, problem, outline, roles, tuple(domains))
