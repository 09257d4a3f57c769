"""Record a run: look on as it trains and choose the moments of which a frame is made, at most `MOST_FRAMES`."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from da_core.data.pair import UNKNOWN
from da_core.data.sources import sources
from da_core.data.sources.drawn_points import DrawnPoints
from da_core.errors import UserError
from da_core.evaluation.held_out import predict_held_out
from da_core.events import Phase
from da_core.methods.base import DeepAlignment, FeatureAlignment, ModelAdaptation, Reweighting
from da_core.methods.norms import measure
from da_core.networks.extractor import Network
from da_core.registry import resolve
from da_core.teaching.films import direction
from da_core.teaching.films.film import MOST_FRAMES, FilmFrame, Header, box_around
from da_core.teaching.films.frame_maker import FrameMaker
from da_core.training.model import Model
from da_core.training.observer import Observer
from da_core.training.prepared import Prepared
from da_core.training.step import Step

OF_SOURCE_ONLY = 20
"""Frames of the training on the source, before a method adapts."""


class Recorder(Observer):
    """Makes the frames of one run, which `take` hands over; of a ``still`` only those of what it comes to."""

    def __init__(self, key: str, acts: tuple[direction.Act, ...] = (), *, still: bool = False) -> None:
        self.key, self.acts, self.sees_training = key, acts, not still
        self.header: Header | None = None
        self.done = False
        self._frames: list[FilmFrame] = []
        self._due: dict[Phase, frozenset[int]] = {}
        self._source_only: Model | None = None
        self._adapts_by_steps = False
        self._stands_at: dict[Phase, tuple[int, int]] = {}

    def take(self) -> list[FilmFrame]:
        """Return the frames that were made since the last call."""
        taken, self._frames = self._frames, []
        return taken

    # ── what the run tells ────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, prepared: Prepared) -> None:
        """Write the header. Raises `UserError` where the samples are no points in the plane."""
        pair, split = prepared.pair, prepared.split
        if pair.kind != "features" or pair.sample_shape != (2,):
            raise UserError("A film shows points in the plane; choose a pair with two features.")
        self.prepared, self._maker = prepared, FrameMaker(prepared)
        given, forced = self._maker.given, self._maker.forced
        learned = (split.source_train.tolist(), (len(pair.source) + split.target_train).tolist())
        self._director = direction.Director(self.acts, learned, self._move, self._slide)
        experiment = prepared.experiment
        self.header = Header(
            key=self.key,
            experiment=experiment.to_flat(),
            method=prepared.method.name(),
            kind=prepared.method.kind,
            classes=pair.classes,
            source_count=len(pair.source),
            box=self._maker.box,
            given=given,
            label=np.concatenate([pair.source.y, pair.target.y]),
            forced=np.concatenate([forced[0], forced[1] + len(pair.source)]),
            ratio=self._maker.ratio(),
        )

    def before_step(self, phase: Phase, step: Step, taken: int) -> None:
        """Make the first frame: a network that has learned nothing."""
        if phase not in self._due:
            alone = self.prepared.method.name() == "source_only"
            most = OF_SOURCE_ONLY if phase == "source_only" and not alone else MOST_FRAMES - OF_SOURCE_ONLY - 4
            self._due[phase] = due_steps(step.steps * step.spec.epochs, most // len(step.turns))
            if phase == "adapt" and (seen := direction.window(self.acts)):
                room = max(2, most // len(step.turns) - len(seen))
                self._due[phase] = seen | due_steps(step.steps * step.spec.epochs, room)
        if taken == 0:
            self._see_training(phase, step, 0, ())
        if phase == "adapt" and self.acts:
            self._director.before_step(step, taken)

    def after_turn(self, phase: Phase, step: Step, taken: int, turn: int) -> None:
        """Make a frame after a turn of a step that is due."""
        if taken in self._due[phase]:
            self._see_training(phase, step, taken + 1, step.turns[turn].parts)

    def after_adapting_step(self, taken: int, steps: int, network: Network) -> None:
        """Make a frame after a step of a model adaptation, as many as there is room for."""
        self._adapts_by_steps = True
        if taken in due_steps(steps, MOST_FRAMES - OF_SOURCE_ONLY - 4):
            seen = copy.deepcopy(network)
            if network.training:  # its batch norm will have the target's statistics when the epoch ends
                measure(seen, self.prepared.target, torch.Generator().manual_seed(0))
            self._frames.append(self._maker.frame(Model(seen), "adapt", taken + 1, steps, ("extractor", "head"), {}))

    def after_epoch(self, epoch: float, model: Model) -> None:
        """Make a frame after an epoch of a model adaptation that takes no steps, as many as there is room for."""
        epochs = self.prepared.adaptation_epochs
        by_epochs = isinstance(self.prepared.method, ModelAdaptation) and not self._adapts_by_steps
        if self.sees_training and by_epochs and round(epoch) - 1 in due_steps(epochs, MOST_FRAMES - OF_SOURCE_ONLY - 4):
            self._frames.append(self._maker.frame(model, "adapt", round(epoch), epochs, ("extractor", "head"), {}))

    def finished(self, phase: Phase, model: Model) -> None:
        """Make the frames of what was fitted, the last with the numbers that the run's result has."""
        if phase == "source_only":
            self._source_only = model
            return
        self.done = True
        before = self._source_only
        if before is None or model is before:
            self._frames.append(self._final(model, "source_only", ("head",)))
        elif self.prepared.extractor.learns:
            self._frames.append(self._final(model, "oracle" if model.fitted_on == "target" else "adapt", ()))
        else:
            self._fixed_features(before, model)

    def _fixed_features(self, before: Model, model: Model) -> None:
        """Make three frames in one part of the plane: before, with the map or the weights, and with the new head."""
        moved = Model(before.network, before.classifier, model.map_source, model.map_target, weights=model.weights)
        changes = isinstance(self.prepared.method, FeatureAlignment | Reweighting)
        same = changes and self._maker.shapes_agree(moved)
        if same:
            with torch.inference_mode():
                Fs, Ft = (before.network.embed(X).numpy() for X in (self._maker.source, self._maker.target))
            self._maker.feature_box = box_around(np.concatenate([Fs, Ft, moved.map_source(Fs), moved.map_target(Ft)]))
        self._frames.append(self._final(before, "source_only", ("head",)))
        if same:
            who = "map" if model.weights is None else "weights"
            self._frames.append(self._maker.frame(moved, "adapt", 1, 2, (who,), self._maker.extras(moved)))
        self._frames.append(self._final(model, "adapt", ("head",), self._maker.extras(model)))

    def _slide(self, share: float) -> Tensor:
        """Bring the target to a share of its shift; return the samples that are learned from."""
        prepared = self.prepared
        source = resolve(sources(), prepared.experiment.data)
        if not isinstance(source, DrawnPoints):
            raise UserError("Only points that are drawn by hand can shift slowly; choose the data set “drawn”.")
        pair = source.partway(share).load(0)
        inputs = prepared.inputs(pair.kind, pair.source.X, pair.target.X, prepared.split)
        self._maker.share, self._maker.target = share, torch.tensor(np.asarray(inputs[1], np.float32))
        return self._maker.target[prepared.split.target_train]

    def _prepared_place(self, place: tuple[float, float], of_source: bool) -> Tensor:
        """Bring a place of the plane to what the network takes."""
        prepared, point = self.prepared, np.array([place], np.float32)
        pair, split = prepared.pair, prepared.split
        Xs, Xt = (
            np.concatenate([X, point]) if of_source == first else X
            for first, X in ((True, pair.source.X), (False, pair.target.X))
        )
        inputs = prepared.inputs(pair.kind, Xs, Xt, split)
        return torch.tensor(np.asarray(inputs[0 if of_source else 1][-1], np.float32))

    def _move(self, row: int, place: tuple[float, float]) -> Tensor:
        """Bring a sample to a place of the plane, in all that is shown from now on; return what the network takes."""
        of_source = row < len(self._maker.source)
        moved = self._prepared_place(place, of_source)
        samples, at = (self._maker.source, row) if of_source else (self._maker.target, row - len(self._maker.source))
        samples[at] = moved
        return moved

    # ── frames ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _see_training(self, phase: Phase, step: Step, taken: int, moved: tuple[Any, ...]) -> None:
        model, method = Model(step.network, source_network=step.source_network), step.method
        training = step.network.training
        extras = {} if method is None else self._maker.pulls(step, method, taken)
        with torch.random.fork_rng(devices=[]):
            frame = self._maker.frame(model, phase, taken, step.steps * step.spec.epochs, moved, extras, method)
        self._frames.append(frame)
        self._stands_at[phase] = (taken, frame.steps)
        step.network.train(training)

    def _final(
        self, model: Model, phase: Phase, moved: tuple[str, ...], extras: dict[str, Any] | None = None
    ) -> FilmFrame:
        """Make the frame of a finished model, its accuracies those of the run's result."""
        method = self.prepared.method
        seen_adapting = (
            self.sees_training and phase == "adapt"
        )  # else there may be no critic: its training was replayed
        critic = method if isinstance(method, DeepAlignment) and seen_adapting else None
        step, steps = self._stands_at.get(phase, (1, 1))
        frame = self._maker.frame(model, phase, step, steps, moved, extras or {}, critic)
        seen, pair, split = predict_held_out(model, self.prepared), self.prepared.pair, self.prepared.split
        frame.numbers["source"] = float((seen.source.predicted == pair.source.y[split.source_test]).mean())
        known = pair.target.y[split.target_test] != UNKNOWN
        if known.any():
            right = (seen.target.predicted == pair.target.y[split.target_test])[known]
            frame.numbers["target"] = float(right.mean())
        return frame


def due_steps(steps: int, most: int) -> frozenset[int]:
    """Choose which steps (from 0) to show, the last among them, closer together early, when most moves."""
    if steps <= most:
        return frozenset(range(steps))
    return frozenset(int(step) for step in np.linspace(0, 1, max(most, 2)) ** 1.5 * (steps - 1))
