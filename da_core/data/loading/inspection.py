"""What a user's files are taken for, before anything is made of them: told on a screen, so that it can be set right."""

from __future__ import annotations

from dataclasses import dataclass

from da_core.data.loading.cache import load_pair, resolve_place
from da_core.data.pair import DomainPair
from da_core.data.readers import tables
from da_core.data.sources.own_files import FilesParams, kind_of
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.params import validated


@dataclass(frozen=True)
class Understood:
    """The pair, or the ``problem`` with it; of a table its ``outline``, the columns' ``roles`` and what the domain
    column holds. The roles are the wished ones where they cannot be told."""

    pair: DomainPair | None
    problem: UserError | None
    outline: tables.Outline | None = None
    roles: tables.Roles | None = None
    domains: tuple[str, ...] = ()


def understand(spec: DataSpec) -> Understood:
    """Read what ``spec`` names, a user's own files. What is wrong with them is told, not raised."""
    pair: DomainPair | None = None
    problem: UserError | None = None
    try:
        pair = load_pair(spec)
    except UserError as error:
        problem = error
    try:
        params = validated(FilesParams, spec.params, spec.name)
        source = resolve_place(spec.source or "")
        if kind_of(source) != "table":
            return Understood(pair, problem)
        outline = tables.outline(source)
    except UserError as error:
        return Understood(None, problem or error)
    roles = params.roles()
    alone = spec.target in (None, spec.source)
    try:
        roles = tables.roles_of(source, outline, roles, with_domain=alone, labelled=True)
        domains = tables.domain_values(source, outline, roles.domain) if roles.domain else []
    except UserError as error:
        return Understood(None, problem or error, outline, roles)
    return Understood(pair, problem, outline, roles, tuple(domains))
