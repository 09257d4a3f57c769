"""Hyperparameters: one line gives default, bounds, unit, symbol and help to the form, the command line and the link."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from da_core.errors import UserError

Scalar = bool | int | float | str
P = TypeVar("P", bound="Params")


class Params(BaseModel):
    """Base of every set of hyperparameters: frozen, and unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def hyper(
    default: Any,
    *,
    title: str,
    help: str,
    symbol: str = "",
    unit: str = "",
    log: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    step: float | None = None,
) -> Any:
    """Declare one hyperparameter.

    ``title`` and ``help`` are English and the keys of their translations; ``symbol`` is the paper's letter; ``log``
    says that a slider should step through powers of ten; ``step`` is the slider's step otherwise.
    """
    return Field(
        default,
        title=title,
        description=help,
        ge=ge,
        gt=gt,
        le=le,
        json_schema_extra={"symbol": symbol, "unit": unit, "log": log, "step": step},
    )


def validated(kind: type[P], values: dict[str, Scalar], of: str) -> P:
    """Build ``kind`` from ``values``; raise `UserError` naming the first bad one of ``of`` (a method, a data set…)."""
    try:
        return kind(**values)
    except ValidationError as error:
        raise explained(error, of) from None


def explained(error: ValidationError, of: str) -> UserError:
    """Turn pydantic's first complaint into one sentence."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or of
    given = first.get("input")
    context = first.get("ctx", {})
    match first["type"]:
        case "extra_forbidden":
            return UserError("{of} has no setting called “{name}”; remove it.", of=of, name=name)
        case "greater_than_equal" | "greater_than":
            low = context.get("ge", context.get("gt"))
            return UserError(
                "{name} of {of} is {given}; it must be at least {low}.", name=name, of=of, given=given, low=low
            )
        case "less_than_equal" | "less_than":
            high = context.get("le", context.get("lt"))
            return UserError(
                "{name} of {of} is {given}; it must be at most {high}.", name=name, of=of, given=given, high=high
            )
        case "literal_error":
            choices = str(context.get("expected", "")).replace("'", "")
            return UserError(
                "{name} of {of} is {given}; choose one of {choices}.", name=name, of=of, given=given, choices=choices
            )
        case _:
            return UserError(
                "{name} of {of} cannot be {given}; give it a value of the right kind.", name=name, of=of, given=given
            )
