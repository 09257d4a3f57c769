"""Examples in docstrings of methods and measures: they run, and each documented function of few arrays has one."""

import doctest
import inspect
import re
from collections.abc import Callable
from operator import attrgetter
from types import ModuleType

import numpy as np
import pytest
import torch

import da_core.evaluation
import da_core.methods
from da_core.registry import modules

MODULES = [*modules(da_core.evaluation), *modules(da_core.methods)]
_ARRAYS = re.compile(r"NDArray|Tensor|ArrayLike|\b(?:Features|Labels|Points|Rows|Values)\b")
_MOST_ARGUMENTS = 3
"""With more, an example is as long as the function."""
_PLAIN = re.compile(r"(?:bool|float|int|str|Sequence\[str\]|Literal\[.*\])(?: \| None)?")


def takes_few_arrays(function: Callable[..., object]) -> bool:
    """Tell whether a function takes arrays, and beside them numbers and words only."""
    types = [str(parameter.annotation) for parameter in inspect.signature(function).parameters.values()]
    arrays = [bool(_ARRAYS.search(kind)) for kind in types]
    plain = all(is_array or _PLAIN.fullmatch(kind) for is_array, kind in zip(arrays, types, strict=True))
    return any(arrays) and plain and len(types) <= _MOST_ARGUMENTS


def functions(module: ModuleType) -> list[str]:
    return [
        name
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
        if function.__doc__ and takes_few_arrays(function)
    ]


@pytest.mark.parametrize("module", [module for module in MODULES if functions(module)], ids=attrgetter("__name__"))
def test_functions_of_arrays_show_an_example_that_runs(module: ModuleType) -> None:
    examples = doctest.DocTestFinder(exclude_empty=True).find(module, globs={**vars(module), "np": np, "torch": torch})
    named = {example.name.rpartition(".")[2] for example in examples if example.examples}
    assert not set(functions(module)) - named, "an example is missing"
    for example in examples:
        assert doctest.DocTestRunner().run(example).failed == 0
