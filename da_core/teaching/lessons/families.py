"""The families of methods and the kinds within them: their names, what each does in a sentence, and their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from da_core.methods.base import Method


@dataclass(frozen=True)
class Family:
    """A family of methods: its name and what its methods do, both messages, and the method to begin with."""

    title: str
    idea: str
    first: str


FAMILIES = {
    "alignment": Family("Feature alignment", "Move the features so that source and target look alike.", "dann"),
    "reweighting": Family("Sample reweighting", "Weight the source samples so that they stand for the target.", "kmm"),
    "adaptation": Family("Model adaptation", "Change the trained model itself.", "fine_tuning"),
    "control": Family("Yardsticks", "Adapt nothing: the floor and the ceiling of every comparison.", "source_only"),
}
KINDS = {
    "feature alignment": "On fixed features",
    "deep alignment": "Deep, in training",
    "model adaptation": "On a trained network",
    "classifier adaptation": "On fixed features",
    "by sample": "By sample: for covariate shift",
    "by class": "By class: for label shift",
}
"""What a kind is called where its family has two of them, in the order to show them in."""


def kind_of(method: type[Method]) -> str:
    """Return the kind that a method is listed under: its own, but reweighting is divided by its purpose."""
    from da_core.methods.base import ClassBalance

    if method.kind == "reweighting":
        return "by class" if issubclass(method, ClassBalance) else "by sample"
    return method.kind


def group_methods(methods: Iterable[type[Method]]) -> dict[str, dict[str, list[type[Method]]]]:
    """Group methods by family and then by kind, all in the order to show them in; empty groups are left out."""
    kinds = [*KINDS, "control"]
    groups: dict[str, dict[str, list[type[Method]]]] = {}
    for method in sorted(methods, key=lambda m: ([*FAMILIES].index(m.family()), kinds.index(kind_of(m)))):
        groups.setdefault(method.family(), {}).setdefault(kind_of(method), []).append(method)
    return groups


def order_methods(known: Mapping[str, type[Method]]) -> list[str]:
    """List the methods' names as one reads their lessons from first to last."""
    return [m.name() for kinds in group_methods(known.values()).values() for of_kind in kinds.values() for m in of_kind]
