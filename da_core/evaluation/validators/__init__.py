"""Judge which model is better on the target without its labels: one validator, one file, found by its place."""

from __future__ import annotations

import functools
import sys

from da_core import registry
from da_core.errors import UserError
from da_core.evaluation.validators.validator import Validator


@functools.cache
def validators() -> dict[str, type[Validator]]:
    """Collect every validator by name: those that see no target label first, then a few, then all.

    Raises TypeError, as `registry.collect` does.
    """
    order = ("none", "few", "all")
    kinds = registry.collect(sys.modules[__name__], Validator)
    return dict(sorted(kinds.items(), key=lambda item: (order.index(item[1].labels), item[0])))


def pick_validator(name: str, *, unlocked: bool = False) -> type[Validator]:
    """Return the validator of this name. Raises `UserError` for an unknown one, and for one that is locked.

    The oracle is locked: ``unlocked`` confirms that its cost is known.
    """
    kind = registry.pick(validators(), name, "validator")
    if kind.cost and not unlocked:
        raise UserError(kind.cost)
    return kind
