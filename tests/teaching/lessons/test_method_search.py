"""Methods are found by what people type, in either language."""

from __future__ import annotations

import pytest

from da_core.methods import methods
from da_core.teaching.lessons.method_search import search


@pytest.mark.parametrize(
    ("typed", "method"),
    [
        ("dann", "dann"),
        ("optimal transport", "sinkhorn"),
        ("域判别器", "dann"),
        ("少量标注", "fine_tuning"),  # “少量” and “标注” stand in its lesson, but nowhere beside each other
        ("重加权", "kliep"),  # the app says “加权”
    ],
)
def test_what_people_type_finds_the_method(typed: str, method: str) -> None:
    assert method in [found.name() for found in search(methods().values(), typed)]


@pytest.mark.parametrize("typed", ["zzz", "时钟", "重金属"])
def test_what_no_method_has_finds_none(typed: str) -> None:
    assert search(methods().values(), typed) == []
