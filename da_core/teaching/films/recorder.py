"""Record a run: look on as it trains and make a `FilmFrame` of what can be seen, at most `MOST_FRAMES` of them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from da_core.data.pair import UNKNOWN
from da_core.data.sources import sources
from da_core.data.sources.drawn_points import DrawnPoints, partway
from da_core.errors import UserError
from da_core.evaluation.held_out import predict_held_out
from da_core.events import Phase
from da_core.methods.alignment.afn import AFN
from da_core.methods.alignment.gfk import GFK
from da_core.methods.alignment.shared.subspaces import principal_directions, scaling
from da_core.methods.alignment.subspace_alignment import SubspaceAlignment
from da_core.methods.base import Batch, DeepAlignment, FeatureAlignment, ModelAdaptation, Reweighting
from da_core.methods.norms import measure
from da_core.networks.extractor import Network
from da_core.registry import resolve
from da_core.teaching.films import direction
from da_core.teaching.films.film import (
    MOST_FRAMES,
    SIDE,
    SMALL_SIDE,
    THREADS,
    Box,
    FilmFrame,
    Header,
    box_around,
    cells,
    packed_field,
)
from da_core.training.model import Model
from da_core.training.observer import Observer
from da_core.training.prepared import Prepared
from da_core.training.step import Step

OF_SOURCE_ONLY = 20
"""Frames of the training on the source, before a method adapts."""
FORCED = 40
"""Samples of each domain whose forces are shown: more arrows would hide one another."""

Rows = NDArray[Any]


class Recorder(Observer):
    """Makes the frames of one run, which `take` hands over."""

    def __init__(self, key: str, acts: tuple[direction.Act, ...] = ()) -> None:
        self.key, self.acts = key, acts
        self.header: Header | None = None
        self.done = False
        self._frames: list[FilmFrame] = []
        self._basis: NDArray[np.float64] | None = None
        self._last: NDArray[np.float64] | None = None
        self._due: dict[Phase, frozenset[int]] = {}
        self._source_only: Model | None = None
        self._adapts_by_steps = False
        self._feature_box: Box | None = None
        self._share: float | None = None
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
        self.prepared = prepared
        given = np.concatenate([pair.source.X, pair.target.X])
        box = box_around(given)
        self._grid = cells(box, SIDE)
        of_target = np.concatenate([pair.target.X, self._grid.astype(np.float32)])
        inputs = prepared.inputs(pair.kind, pair.source.X, of_target, split)
        self._source, rest = (torch.tensor(np.asarray(X, np.float32)) for X in inputs)
        self._target, self._cells = rest[: len(pair.target)], rest[len(pair.target) :]
        held_out = np.zeros(len(given), np.bool_)
        if not prepared.nothing_held_out:
            held_out[split.source_test] = True
            held_out[len(pair.source) + split.target_test] = True
        rng = np.random.default_rng(0)
        forced = [np.sort(rng.permutation(len(domain))[:FORCED]) for domain in (pair.source, pair.target)]
        self._forced = (forced[0], forced[1])
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
            box=box,
            given=given,
            label=np.concatenate([pair.source.y, pair.target.y]).astype(np.int8),
            held_out=held_out,
            forced=np.concatenate([forced[0], forced[1] + len(pair.source)]).astype(np.int16),
            ratio=self._ratio(box),
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
            shown = copy.deepcopy(network)
            if network.training:  # its batch norm will have the target's statistics when the epoch ends
                measure(shown, self.prepared.target, torch.Generator().manual_seed(0))
            self._frames.append(self._frame(Model(shown), "adapt", taken + 1, steps, ("extractor", "head"), {}))

    def after_epoch(self, epoch: float, model: Model) -> None:
        """Make a frame after an epoch of a model adaptation that takes no steps, as many as there is room for."""
        epochs = self.prepared.adaptation_epochs
        by_epochs = isinstance(self.prepared.method, ModelAdaptation) and not self._adapts_by_steps
        if by_epochs and round(epoch) - 1 in due_steps(epochs, MOST_FRAMES - OF_SOURCE_ONLY - 4):
            self._frames.append(self._frame(model, "adapt", round(epoch), epochs, ("extractor", "head"), {}))

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
        same = changes and self._shapes_agree(moved)
        if same:
            with torch.inference_mode():
                Fs, Ft = (before.network.embed(X).numpy() for X in (self._source, self._target))
            self._feature_box = box_around(np.concatenate([Fs, Ft, moved.map_source(Fs), moved.map_target(Ft)]))
        self._frames.append(self._final(before, "source_only", ("head",)))
        if same:
            who = "map" if model.weights is None else "weights"
            self._frames.append(self._frame(moved, "adapt", 1, 2, (who,), self._extras(moved)))
        self._frames.append(self._final(model, "adapt", ("head",), self._extras(model)))

    def _slide(self, share: float) -> Tensor:
        """Bring the target to a share of its shift; return the samples that are learned from."""
        prepared = self.prepared
        source, params = resolve(sources(), prepared.experiment.data)
        if not isinstance(source, DrawnPoints):
            raise UserError("Only points that are drawn by hand can shift slowly; choose the data set “drawn”.")
        pair = source.load(partway(params, share), 0)
        inputs = prepared.inputs(pair.kind, pair.source.X, pair.target.X, prepared.split)
        self._share, self._target = share, torch.tensor(np.asarray(inputs[1], np.float32))
        return self._target[prepared.split.target_train]

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
        of_source = row < len(self._source)
        moved = self._prepared_place(place, of_source)
        samples, at = (self._source, row) if of_source else (self._target, row - len(self._source))
        samples[at] = moved
        return moved

    # ── a frame ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _see_training(self, phase: Phase, step: Step, taken: int, moved: tuple[Any, ...]) -> None:
        model, method = Model(step.network, source_network=step.source_network), step.method
        training = step.network.training
        extras = {} if method is None else self._of_deep(step, method, taken)
        with torch.random.fork_rng(devices=[]):
            frame = self._frame(model, phase, taken, step.steps * step.spec.epochs, moved, extras, method)
        self._frames.append(frame)
        self._stands_at[phase] = (taken, frame.steps)
        step.network.train(training)

    def _final(
        self, model: Model, phase: Phase, moved: tuple[str, ...], extras: dict[str, Any] | None = None
    ) -> FilmFrame:
        """Make the frame of a finished model, its accuracies those of the run's result."""
        method = self.prepared.method
        critic = method if isinstance(method, DeepAlignment) and phase == "adapt" else None
        step, steps = self._stands_at.get(phase, (1, 1))
        frame = self._frame(model, phase, step, steps, moved, extras or {}, critic)
        seen, pair, split = predict_held_out(model, self.prepared), self.prepared.pair, self.prepared.split
        frame.numbers["source"] = float((seen.source_predicted == pair.source.y[split.source_test]).mean())
        known = pair.target.y[split.target_test] != UNKNOWN
        if known.any():
            right = (seen.target_predicted == pair.target.y[split.target_test])[known]
            frame.numbers["target"] = float(right.mean())
        return frame

    def _frame(
        self,
        model: Model,
        phase: Phase,
        step: int,
        steps: int,
        moved: tuple[Any, ...],
        extras: dict[str, Any],
        method: DeepAlignment | None = None,
    ) -> FilmFrame:
        network, feature_side = model.network.eval(), SMALL_SIDE**2
        n_t, n_g = len(self._target), len(self._cells)
        with torch.inference_mode():
            E = network.embed(torch.cat([self._target, self._cells, self._source]))
            Es = E[n_t + n_g :]
            if model.source_network is not None:
                Es = model.source_network.eval().embed(self._source)
            Ft = np.asarray(model.map_target(E[: n_t + n_g].numpy()))
            Fs = np.asarray(model.map_source(Es.numpy()))
            domain = None if method is None else self._domain(method, network, Es, E[:n_t], E[n_t : n_t + n_g])
        Fg, Ft = Ft[n_t:], Ft[:n_t]
        places, back = self._plane(np.concatenate([Fs, Ft]))
        feature_box = self._feature_box or box_around(places)
        of_plane = back(cells(feature_box, SMALL_SIDE)).astype(Fs.dtype)
        P = model.probabilities(np.concatenate([Fs, Ft, Fg, of_plane]))
        field, shown = packed_field(P[-n_g - feature_side :]), P[: -n_g - feature_side]
        predicted = shown.argmax(axis=1).astype(np.uint8)
        numbers = self._numbers(predicted, Fs, Ft) | extras.pop("numbers", {})
        if domain is not None:
            numbers["domain"] = domain[1]
        if self._share is not None:
            numbers["slide"] = self._share
        return FilmFrame(
            phase=phase,
            step=step,
            steps=steps,
            moved=moved,
            numbers=numbers,
            field=field[:n_g],
            places=places,
            predicted=predicted,
            feature_field=field[n_g:],
            feature_box=feature_box,
            dimensions=Fs.shape[1],
            domain=None if domain is None else domain[0],
            **self._projected(extras),
        )

    def _plane(self, F: Rows) -> tuple[NDArray[np.float64], Any]:
        """Show features (n, d) in the plane, and tell how a place leads back: as they are, or in their best plane.

        The best plane is that of the first two principal components, turned onto that of the frame before.
        """
        F = F.astype(np.float64)
        self._basis = None
        if F.shape[1] == 1:
            aside = np.random.default_rng(0).uniform(-1, 1, len(F)) * max(float(F.std()), 1e-6) / 2
            return np.c_[F, aside], lambda Z: Z[:, :1]
        if F.shape[1] == 2:
            return F, lambda Z: Z
        mean = F.mean(axis=0)
        centred = F - mean
        basis = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]
        places = centred @ basis
        if self._last is not None:
            U, _, Vh = np.linalg.svd(places.T @ self._last)
            basis = basis @ (U @ Vh)
            places = centred @ basis
        self._basis, self._last = basis, places
        return places, lambda Z: mean + Z @ basis.T

    def _numbers(self, predicted: Rows, Fs: Rows, Ft: Rows) -> dict[str, float]:
        pair, split = self.prepared.pair, self.prepared.split
        numbers = {"source": float((predicted[split.source_test] == pair.source.y[split.source_test]).mean())}
        yt = pair.target.y[split.target_test]
        right = predicted[len(pair.source) + split.target_test] == yt
        if (yt != UNKNOWN).any():
            numbers["target"] = float(right[yt != UNKNOWN].mean())
        numbers["distance"] = linear_distance(Fs, Ft)
        if isinstance(self.prepared.method, AFN):  # the picture is fitted to features and hides their length
            for name, F in (("sourceNorm", Fs), ("targetNorm", Ft)):
                numbers[name] = float(np.linalg.norm(F, axis=1).mean())
        return numbers

    def _domain(
        self, method: DeepAlignment, network: Any, Es: Tensor, Et: Tensor, Eg: Tensor
    ) -> tuple[NDArray[np.uint8], float] | None:
        """Ask the domain classifier over the plane, and how often it is right on the samples that are scored."""
        coarse = Eg.view(SIDE, SIDE, -1)[:: SIDE // SMALL_SIDE, :: SIDE // SMALL_SIDE].reshape(SMALL_SIDE**2, -1)
        split = self.prepared.split
        E = torch.cat([coarse, Es[split.source_test], Et[split.target_test]])
        logits = method.domain_logits(E, network.head(E))
        if logits is None:
            return None
        logits, scored = logits[: SMALL_SIDE**2], logits[SMALL_SIDE**2 :]
        count = len(split.source_test)
        right = float(((scored[:count] > 0).float().mean() + (scored[count:] <= 0).float().mean()) / 2)
        return (logits.sigmoid() * 255).round().to(torch.uint8).numpy(), right

    # ── what only some kinds of method have ───────────────────────────────────────────────────────────────────────

    def _of_deep(self, step: Step, method: DeepAlignment, taken: int) -> dict[str, Any]:
        """Measure how the class loss and the method's own pull the features of some samples, and how large they are."""
        rows_s, rows_t = self._forced
        network = step.network.eval()
        with torch.no_grad():
            of_source = (step.source_network or network).embed(self._source[rows_s])
            of_target = network.embed(self._target[rows_t])
        F = torch.cat([of_source, of_target]).requires_grad_()
        logits, count = network.head(F), len(rows_s)
        y = torch.tensor(self.prepared.pair.source.y[rows_s])
        progress = torch.tensor(min(1.0, taken / (step.steps * step.spec.epochs)))
        batch = Batch(F[:count], F[count:], logits[:count], logits[count:], y, progress)
        of_class, of_method = cross_entropy(batch.source_logits, y), torch.zeros(())
        numbers = {"loss class": float(of_class.detach())}
        with torch.random.fork_rng(devices=[]):
            for turn in step.turns:
                for name, loss in turn.losses(batch).items():
                    numbers[f"loss {name}"] = float(loss.detach())
                    if "extractor" in turn.parts:
                        of_method = of_method + loss
        forces = [
            -torch.autograd.grad(loss, F, retain_graph=True, allow_unused=True)[0] if loss.requires_grad else None
            for loss in (of_class, of_method)
        ]
        pulls = np.stack([np.zeros(F.shape) if f is None else f.double().numpy() for f in forces])
        extras: dict[str, Any] = {"forces": pulls, "numbers": numbers}
        if (plan := method.plan(batch)) is not None:
            extras["threads"] = strongest_threads(plan.numpy(), rows_s, rows_t)
        return extras

    def _extras(self, model: Model) -> dict[str, Any]:
        """Collect what a fixed map or weights have to show."""
        method, extras = self.prepared.method, dict[str, Any]()
        if model.weights is not None:
            w = np.zeros(len(self._source))
            w[self.prepared.split.source_train] = model.weights
            extras["weights"] = w
            extras["numbers"] = {"effective": float(w.sum() ** 2 / np.square(w).sum())}
        if method.coupling is not None:
            split = self.prepared.split
            extras["threads"] = strongest_threads(method.coupling, split.source_train, split.target_train)
        if isinstance(method, SubspaceAlignment | GFK) and method.params.dimensions == 1:
            extras["lines"] = self._lines(method)
        return extras

    def _lines(self, method: SubspaceAlignment | GFK) -> NDArray[np.float64]:
        """Draw each domain's first principal direction through its mean, two deviations long on either side."""
        lines = []
        for domain in (self.prepared.pair.source, self.prepared.pair.target):
            X = domain.X.astype(np.float64)
            scale = scaling(X, method.params.standardise)
            along = principal_directions(scale(X), 1)[:, 0] * scale.deviation
            reach = 2 * along * float(np.std((X - scale.mean) @ along) / (along @ along))
            lines.append([*(scale.mean - reach), *(scale.mean + reach)])
        return np.array(lines)

    def _projected(self, extras: dict[str, Any]) -> dict[str, Any]:
        """Bring the forces into the plane in which the features are shown."""
        if "forces" in extras and self._basis is not None:
            extras["forces"] = extras["forces"] @ self._basis
        elif "forces" in extras and extras["forces"].shape[2] != 2:
            del extras["forces"]
        return extras

    def _shapes_agree(self, moved: Model) -> bool:
        """Tell whether the head of before takes the mapped features: a map may change how many there are."""
        with torch.inference_mode():
            F = moved.network.embed(self._target[:2]).numpy()
        return bool(np.asarray(moved.map_target(F)).shape[1] == F.shape[1])

    def _ratio(self, box: Box) -> NDArray[np.float32] | None:
        """Compute the density ratio over the plane where the data's file knows it, and it does not depend on y."""
        source, params = resolve(sources(), self.prepared.experiment.data)
        grid, pair = cells(box, SMALL_SIDE), self.prepared.pair
        if pair.provenance.shift != "covariate":
            return None
        X = np.concatenate([pair.source.X, grid])
        ratio = source.true_weights(params, X, np.zeros(len(X), np.int64))
        if ratio is None:
            return None
        own = ratio[: len(pair.source)]
        found: NDArray[np.float32] = (ratio[len(pair.source) :] / own.mean()).astype(np.float32)
        return found


def due_steps(steps: int, most: int) -> frozenset[int]:
    """Choose which of so many steps (from 0) to show, the last among them, closer together early, when most moves."""
    if steps <= most:
        return frozenset(range(steps))
    return frozenset(int(step) for step in np.linspace(0, 1, max(most, 2)) ** 1.5 * (steps - 1))


def strongest_threads(plan: Rows, source_rows: Rows, target_rows: Rows) -> NDArray[np.float64]:
    """Keep the strongest `THREADS` of each source sample of a plan (n_s, n_t) between these rows."""
    strongest = np.argsort(-plan, axis=1)[:, :THREADS]
    mass = np.take_along_axis(plan, strongest, axis=1) * len(plan)
    found = np.c_[np.repeat(source_rows, strongest.shape[1]), target_rows[strongest.ravel()], mass.ravel()]
    visible: NDArray[np.float64] = found[found[:, 2] > 0.02]
    return visible


def linear_distance(Fs: Rows, Ft: Rows) -> float:
    """Measure 2(1 − 2ε) with the error ε of a least-squares domain classifier on every second sample (n, d).

    The proxy A-distance of `da_core.evaluation.shift` with a classifier that is quick enough for every frame.
    """
    F = np.concatenate([Fs, Ft]).astype(np.float64)
    F -= F.mean(axis=0)
    F /= np.maximum(np.sqrt(np.square(F).mean(axis=0)), 1e-9)
    F = np.c_[F, np.ones(len(F))]
    side = np.concatenate([np.full(len(Fs), 1 / len(Fs)), np.full(len(Ft), -1 / len(Ft))])
    share = np.abs(side)
    A, held_out = F[::2], slice(1, None, 2)
    G = (A.T * share[::2]) @ A + 1e-3 * np.eye(F.shape[1])
    w = np.linalg.solve(G, A.T @ side[::2])
    right = F[held_out] @ w * side[held_out] > 0
    accuracy = float(share[held_out][right].sum() / share[held_out].sum())
    return float(np.clip(2 * (2 * accuracy - 1), 0, 2))
