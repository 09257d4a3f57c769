"""Hyperparameters: one line gives default, bounds, unit, symbol and help to the form, the command line and the link."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from da_core.errors import UserError

Scalar = bool | int | float | str
P = TypeVar("P", bound="Params")


class Params(BaseModel):
    """Base of every set of hyperparameters: frozen, and unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def overrides(self) -> dict[str, Scalar]:
        """What one has to say to get these values: those that are not the defaults."""
        return self.model_dump(exclude_defaults=True)


def _ends(value: Any) -> Any:
    """“0.1..0.3”, or one number for both ends, → the two ends."""
    if isinstance(value, str):
        low, dots, high = value.partition("..")
        return (low, high) if dots else (low, low)
    return (value, value) if isinstance(value, int | float) else value


def _ordered(ends: tuple[Any, Any]) -> tuple[Any, Any]:
    if ends[0] > ends[1]:
        raise ValueError("the larger end comes first")
    return ends


def _written(ends: tuple[Any, Any]) -> str:
    return "..".join(repr(end).removesuffix(".0") for end in ends)


End = TypeVar("End")
Range = Annotated[
    tuple[End, End], BeforeValidator(_ends), AfterValidator(_ordered), PlainSerializer(_written, return_type=str)
]
"""Two ends, from between which each sample draws its own value. ``Range[Share]`` bounds both; in a link, a file and on
the command line it is written 0.1..0.3."""


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
    says that a slider should step through powers of ten; ``step`` is the slider's step otherwise. The bounds of a
    `Range` are those of its ends.
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
    name = ".".join(part for part in first["loc"] if isinstance(part, str)) or of  # an end of a range is its range's
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
        case "value_error":
            return UserError(
                "{name} of {of} is {given}; a range is written 0.1..0.3, its smaller end first.",
                name=name,
                of=of,
                given=given,
            )
        case _:
            return UserError(
                "{name} of {of} cannot be {given}; give it a value of the right kind.", name=name, of=of, given=given
            )
