"""Direct a network while it trains: let one player alone move, turn a setting, move or drop a sample.

A film that goes on from a frame is a film with the same beginning and one more act. Acts are written in the link:

    critic@120+20;weight=0@140;move 17 0.5 -1.25@140;drop 18@140;slide@0+160

from step 120 the critic alone moves, for 20 steps; at step 140 the method's weight becomes 0, sample 17 moves (rows
count from 0, source first), and sample 18 is drawn no more. With ``slide`` the target's shift does not come at once
but in small steps, from step 0 on over 160, as in gradual domain adaptation (Kumar, Ma and Liang 2020, Understanding
Self-Training for Gradual Domain Adaptation, ICML): who follows each small step arrives where one big step does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from da_core.errors import UserError, shorten
from da_core.methods.base import DeepAlignment, Part
from da_core.params import validated
from da_core.training.step import Step

Player = Literal["critic", "features"]
"""Who can be let move alone: the method's own parts; or the feature extractor and the head."""
PARTS: dict[Player, tuple[Part, ...]] = {"critic": ("own",), "features": ("extractor", "head")}
MOST_ACTS = 40
_ACT = re.compile(
    r"(?:(?P<player>critic|features)|(?P<slide>slide)|(?P<name>[a-z_]+)=(?P<value>-?[\d.]+)"
    r"|(?P<what>move|drop) (?P<row>\d+)(?: (?P<x>-?[\d.]+) (?P<y>-?[\d.]+))?)@(?P<at>\d+)(?:\+(?P<steps>\d+))?"
)


@dataclass(frozen=True)
class Act:
    """One act from step ``at`` on; one of the others is set."""

    at: int
    steps: int = 0
    player: Player | None = None
    setting: tuple[str, float] | None = None
    row: int | None = None
    place: tuple[float, float] | None = None
    slides: bool = False


def read(text: str) -> tuple[Act, ...]:
    """Read acts, in the order of their steps. Raises `UserError` for what is none."""
    acts: list[Act] = []
    for part in filter(None, text.split(";")):
        match = _ACT.fullmatch(part)
        if match is None or len(acts) == MOST_ACTS:
            raise UserError("“{act}” is nothing that can be done while a film is made; remove it.", act=shorten(part))
        act = match.groupdict()
        try:
            acts.append(
                Act(
                    at=int(act["at"]),
                    steps=int(act["steps"] or 0),
                    player=act["player"],  # type: ignore[arg-type]  # the pattern knows the players
                    setting=(act["name"], float(act["value"])) if act["name"] else None,
                    row=int(act["row"]) if act["row"] else None,
                    place=(float(act["x"]), float(act["y"])) if act["x"] else None,
                    slides=act["slide"] is not None,
                )
            )
        except ValueError:
            raise UserError(
                "“{act}” is nothing that can be done while a film is made; remove it.", act=shorten(part)
            ) from None
    return tuple(sorted(acts, key=lambda act: act.at))


class Director:
    """Carries the acts out, step by step, on the rows that are ``learned`` from.

    ``move`` brings the sample of a row to a place of the plane and gives what the network takes, ``slide`` the target
    to a share of its shift and gives the rows (n_t, …) that are learned from then.
    """

    def __init__(
        self,
        acts: tuple[Act, ...],
        learned: tuple[list[int], list[int]],
        move: Callable[[int, tuple[float, float]], torch.Tensor],
        slide: Callable[[float], torch.Tensor],
    ) -> None:
        self._acts = acts
        self._learned = learned
        self._move_row, self._slide = move, slide

    def before_step(self, step: Step, taken: int) -> None:
        """Do what is due before step ``taken``."""
        alone = next((a.player for a in self._acts if a.player and a.at <= taken < a.at + a.steps), None)
        for part, module in (("extractor", step.network.features), ("head", step.network.head), ("own", step.own)):
            if module is not None:
                module.requires_grad_(alone is None or part in PARTS[alone])
        for act in self._acts:
            if act.slides and act.at <= taken <= act.at + act.steps and step.target is not None:
                step.target.copy_(self._slide(min(1.0, (taken - act.at + 1) / max(1, act.steps))))
            if act.at == taken and act.setting is not None and isinstance(step.method, DeepAlignment):
                name, value = act.setting
                method = step.method
                changed = {**method.params.model_dump(), name: value}
                method.params = validated(method.Params, changed, method.name())
            if act.at == taken and act.row is not None and act.place is not None:
                self._move(step, act.row, act.place)
            if act.at <= taken and act.row is not None and act.place is None:
                self._drop(step, act.row)

    def _learner(self, row: int) -> tuple[bool, int | None]:
        """Tell the domain of a row, and which of the samples that are learned from it is, if it is one."""
        source, target = self._learned
        if row in source:
            return True, source.index(row)
        return False, target.index(row) if row in target else None

    def _move(self, step: Step, row: int, place: tuple[float, float]) -> None:
        moved = self._move_row(row, place)
        of_source, at = self._learner(row)
        samples = step.source.X if of_source else step.target
        if at is not None and samples is not None:
            samples[at] = moved

    def _drop(self, step: Step, row: int) -> None:
        """Have the next sample drawn wherever this one would be."""
        of_source, at = self._learner(row)
        order = step.source_order if of_source else step.target_order
        if at is not None and order is not None:
            order.rows[order.rows == at] = (at + 1) % order.count


def window(acts: tuple[Act, ...]) -> frozenset[int]:
    """List the steps of which every one is to be seen: those of a player who moves alone."""
    return frozenset(step for act in acts if act.player for step in range(act.at, act.at + min(act.steps, 60)))
