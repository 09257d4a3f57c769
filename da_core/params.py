"""Hyperparameters: one line gives default, bounds, unit, symbol and help to the form, the command line and the link.

`hyper` declares one, `describe` lists those of a class, `validated` builds a class of them from what a user gave.
"""

from __future__ import annotations

import functools
import reprlib
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from da_core.errors import UserError, nearest, shorten

Scalar = bool | int | float | str
P = TypeVar("P", bound="Params")


class Params(BaseModel):
    """Base of every set of hyperparameters: frozen, and unknown names are refused.

    The text below a hyperparameter is its ``help``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    def overrides(self) -> dict[str, Scalar]:
        """Return the values that are not the defaults: what one has to give to get the same."""
        return self.model_dump(exclude_defaults=True)


class Spec(Params):
    """An experiment's choice of one thing, with its hyperparameters; ``what`` is what it is called in a sentence."""

    what: ClassVar[str]
    name: str
    params: dict[str, Scalar] = Field(default_factory=dict)


def _ends(value: Any) -> Any:
    """Read “0.1..0.3”, or one number for both ends, as the two ends."""
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
    help: str | None = None,
    symbol: str = "",
    unit: str = "",
    log: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    step: float | None = None,
) -> Any:
    """Declare one hyperparameter.

    ``title`` and ``help`` are English and the keys of their translations; ``help`` may stand below the hyperparameter,
    as its docstring. ``symbol`` is the paper's letter; ``log`` says that a slider should step through powers of ten;
    ``step`` is the slider's step otherwise. The bounds of a `Range` are those of its ends.
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


@dataclass(frozen=True)
class Hyper:
    """One hyperparameter, as a form, a table or a list shows it.

    ``type`` is what a value is, in the words of JSON; with ``is_range``, what each of its two ends is. ``choices`` are
    all values there are, if they can be counted. ``low`` and ``high`` are bounds (None: unbounded), ``low_open`` and
    ``high_open`` tell that the bound itself is excluded. The rest is as in `hyper`.
    """

    name: str
    title: str
    help: str
    type: Literal["boolean", "integer", "number", "string"]
    default: Any
    symbol: str
    unit: str
    log: bool
    step: float | None
    choices: tuple[Scalar, ...]
    low: float | None
    high: float | None
    low_open: bool
    high_open: bool
    is_range: bool

    @property
    def is_text(self) -> bool:
        """Tell whether any text will do."""
        return self.type == "string" and not self.choices


@functools.cache
def describe(kind: type[Params]) -> tuple[Hyper, ...]:
    """List the hyperparameters of a class in their order: for forms, tables, the command line and tests."""
    entries = properties(kind).items()
    return tuple(_described(name, kind.model_fields[name].default, entry) for name, entry in entries)


def properties(kind: type[Params]) -> dict[str, dict[str, Any]]:
    """Return pydantic's schema of each hyperparameter, its help on one line."""
    schema: dict[str, dict[str, Any]] = kind.model_json_schema().get("properties", {})
    return {
        name: entry | {"description": " ".join(entry.get("description", "").split())} for name, entry in schema.items()
    }


def _described(name: str, default: Any, entry: dict[str, Any]) -> Hyper:
    """Read pydantic's schema ``entry`` of a field; that of a range has the bounds at its ends."""
    is_range = "prefixItems" in entry
    value = entry["prefixItems"][0] if is_range else entry
    return Hyper(
        name=name,
        title=entry["title"],
        help=entry["description"],
        type=value["type"],
        default=default,
        symbol=entry.get("symbol", ""),
        unit=entry.get("unit", ""),
        log=entry.get("log", False),
        step=entry.get("step"),
        choices=tuple(value.get("enum", ())),
        low=value.get("minimum", value.get("exclusiveMinimum")),
        high=value.get("maximum", value.get("exclusiveMaximum")),
        low_open="exclusiveMinimum" in value,
        high_open="exclusiveMaximum" in value,
        is_range=is_range,
    )


def validated(kind: type[P], values: dict[str, Scalar], of: str) -> P:
    """Build ``kind`` from ``values``; raise `UserError` naming the first bad one of ``of`` (a method, a data set…)."""
    try:
        return kind(**values)
    except ValidationError as error:
        raise explained(error, of, kind) from None


_TOO_LOW = "{name} of {of} is {given}; it must be at least {low}."
_TOO_HIGH = "{name} of {of} is {given}; it must be at most {high}."
_COMPLAINTS = {
    "greater_than_equal": _TOO_LOW,
    "greater_than": _TOO_LOW,
    "less_than_equal": _TOO_HIGH,
    "less_than": _TOO_HIGH,
    "literal_error": "{name} of {of} is {given}; choose one of {choices}.",
    "value_error": "{name} of {of} is {given}; write a range as 0.1..0.3, with the smaller end first.",
}


def explained(error: ValidationError, of: str, kind: type[Params]) -> UserError:
    """Turn pydantic's first complaint about a ``kind`` that ``of`` has into one sentence."""
    first = error.errors()[0]
    path = [part for part in first["loc"] if isinstance(part, str)]  # an end of a range is its range's
    if "params" in path[:-1]:  # a setting of what an experiment names; pydantic goes on with the types that it is not
        at = path.index("params")
        of, path = ".".join(path[:at]) or of, path[at + 1 : at + 2]
    name = shorten(".".join(path)) or of
    value = first.get("input")
    value = shorten(value if isinstance(value, str) else reprlib.repr(value))
    context = first.get("ctx", {})
    if first["type"] != "extra_forbidden" and isinstance(first.get("input"), dict) and first["input"]:
        below = shorten(".".join([*path, str(next(iter(first["input"])))]))  # settings where a single value belongs
        return UserError("{of} has no setting called “{name}”; remove it.", of=of, name=below)
    if first["type"] == "extra_forbidden":
        return unknown_setting(of, path, kind)
    return UserError(
        _COMPLAINTS.get(first["type"], "{name} of {of} cannot be {given}; give it a value of the right kind."),
        name=name,
        of=of,
        given=value,
        low=context.get("ge", context.get("gt")),
        high=context.get("le", context.get("lt")),
        choices=str(context.get("expected", "")).replace("'", ""),
    )


def unknown_setting(of: str, path: list[str], kind: type[Params]) -> UserError:
    """Say that a ``kind`` has no field at ``path`` (names from the outside in), and which fields are spelt like it."""
    for group in path[:-1]:
        kind = next(
            nested
            for nested in (kind.model_fields[group].annotation, *get_args(kind.model_fields[group].annotation))
            if isinstance(nested, type) and issubclass(nested, Params)
        )
    name = shorten(".".join(path))
    near = ", ".join(".".join([*path[:-1], field]) for field in nearest(path[-1], kind.model_fields))
    if near:
        return UserError("{of} has no setting called “{name}”; did you mean {nearest}?", of=of, name=name, nearest=near)
    return UserError("{of} has no setting called “{name}”; remove it.", of=of, name=name)
