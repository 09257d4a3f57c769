"""Find methods, networks and data sets: each is one file, and no list has to be edited.

`methods()`, `networks()` and `sources()` import every module of their package and collect the classes that derive from
`Method`, `Extractor` or `DataSource`. A method is called as its file, and its family as the file's folder.

Each declares what these bases annotate as ``ClassVar`` without a value, and may declare ``Params``, its hyperparameters
(see `da_core.params.hyper`). One that lacks an attribute, or gives one a value that does not exist, is refused by a
TypeError that names file, class and attribute. A class that only others derive from says ``abstract=True``. A renamed
class keeps its old links by a line in `Experiment.replaces`.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from da_core.errors import UnknownNameError, nearest, shorten
from da_core.params import Params, Scalar, Spec, unknown_setting, validated

T = TypeVar("T")
R = TypeVar("R", bound="Registered")


class Registered:
    """Base of `Method`, `Extractor` and `DataSource`.

    What these annotate as ``ClassVar``, without a value, each of their concrete subclasses has to declare or inherit.
    """

    title: ClassVar[str]
    summary: ClassVar[str]
    abstract: ClassVar[bool] = True
    params: Params
    Params: ClassVar[type[Params]] = Params

    def __init__(self, **hyperparameters: Scalar) -> None:
        self.params = validated(self.Params, hyperparameters, name_of(type(self)))

    def __init_subclass__(cls, *, abstract: bool = False, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.abstract = abstract
        if not abstract and (problems := "; ".join(_problems(cls))):
            raise TypeError(f"{file_of(cls)}: class {cls.__name__} {problems}.")


def _problems(cls: type[Registered]) -> Iterator[str]:
    required = _required(next(base for base in cls.__mro__ if Registered in base.__bases__))
    lacking = [name for name in required if not hasattr(cls, name)]
    if lacking:
        yield f"does not declare {', '.join(lacking)}"
    for name, kind in required.items():
        if name not in lacking:
            try:
                kind.validate_python(getattr(cls, name), strict=True)
            except ValidationError as error:
                yield f"declares {name} = {getattr(cls, name)!r} ({error.errors()[0]['msg']})"


@functools.cache
def _required(contract: type[Registered]) -> dict[str, TypeAdapter[Any]]:
    """Class variables that are annotated and have no value, each with the check of its type."""
    return {
        name: TypeAdapter(get_args(hint)[0])
        for name, hint in get_type_hints(contract).items()
        if get_origin(hint) is ClassVar and not hasattr(contract, name)
    }


def name_of(kind: type[Registered]) -> str:
    """Return the name that links, files and the command line know a kind by: the one it declares, or its module's."""
    name = getattr(kind, "name", None)
    return name if isinstance(name, str) else kind.__module__.rpartition(".")[2]


def collect(package: ModuleType, base: type[R]) -> dict[str, type[R]]:
    """Import every module below ``package`` and return the concrete subclasses of ``base`` in them by name.

    They come in the order of their modules' names. Raises TypeError where one is not complete, or where two have the
    same name or title.
    """
    classes: dict[str, type[R]] = {}
    for module in modules(package):
        for value in vars(module).values():
            if not (isinstance(value, type) and issubclass(value, base)) or value.__module__ != module.__name__:
                continue
            if value.abstract:
                continue
            name = name_of(value)
            for other, kind in classes.items():
                if other == name or kind.title == value.title:
                    raise TypeError(
                        f"{file_of(kind)}, {file_of(value)}: {kind.__name__} and {value.__name__} have the same name "
                        f"or title: “{name}”, “{value.title}”."
                    )
            classes[name] = value
    return classes


def file_of(kind: type) -> str:
    """Return the path of the file that defines a class, or its module's name where there is no file (a notebook)."""
    return getattr(sys.modules.get(kind.__module__), "__file__", None) or kind.__module__


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Import and yield every module below ``package``, in the order of their names."""
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.ispkg:
            yield importlib.import_module(module.name)


def pick(known: dict[str, T], name: str, kind: str) -> T:
    """Return ``known[name]``, or raise `UserError` with the three nearest names. ``kind`` is what it is: “method”."""
    if name in known:
        return known[name]
    if near := ", ".join(nearest(name, known)):
        raise UnknownNameError(
            "There is no {kind} “{name}”; did you mean {nearest}?", kind=kind, name=shorten(name), nearest=near
        )
    raise UnknownNameError("There is no {kind} “{name}”; choose one from the list.", kind=kind, name=shorten(name))


def resolve(known: dict[str, type[R]], spec: Spec, **options: Any) -> R:
    """Build what ``spec`` names among ``known``, with its hyperparameters and what else its kind takes (a seed).

    Raises `UserError` for a name that does not exist, a setting that does not exist, or a value out of its bounds.
    """
    kind = pick(known, spec.name, spec.what)
    for name in spec.params:
        if name not in kind.Params.model_fields:
            raise unknown_setting(spec.name, [name], kind.Params)
    return kind(**spec.params, **options)
