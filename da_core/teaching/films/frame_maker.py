"""Make one `FilmFrame`: what can be seen of a model on a pair of points, at one moment of its run."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from da_core.data.pair import UNKNOWN
from da_core.data.sources import sources
from da_core.events import Phase
from da_core.methods.alignment.afn import AFN
from da_core.methods.alignment.gfk import GFK
from da_core.methods.alignment.shared.subspaces import principal_directions, scaling
from da_core.methods.alignment.subspace_alignment import SubspaceAlignment
from da_core.methods.base import Batch, DeepAlignment
from da_core.registry import resolve
from da_core.teaching.films.film import SIDE, SMALL_SIDE, THREADS, Box, FilmFrame, box_around, cells, packed_field
from da_core.training.model import Model
from da_core.training.prepared import Prepared
from da_core.training.step import Step

FORCED = 40
"""Samples of each domain whose forces are shown: more arrows would hide one another."""

Rows = NDArray[Any]


class FrameMaker:
    """Knows the samples of a run as its network takes them, and makes its frames.

    ``source`` and ``target`` (n, d) are what is shown from now on: a hand may move them. ``feature_box`` is the part of
    the feature plane in which all frames are drawn, None for one of its own each. ``share`` of its shift is where the
    target stands, None where it does not slide. ``forced``: the rows of each domain whose forces are shown.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        pair, split = prepared.pair, prepared.split
        self.given = np.concatenate([pair.source.X, pair.target.X])
        self.box = box_around(self.given)
        of_target = np.concatenate([pair.target.X, cells(self.box, SIDE).astype(np.float32)])
        inputs = prepared.inputs(pair.kind, pair.source.X, of_target, split)
        self.source, rest = (torch.tensor(np.asarray(X, np.float32)) for X in inputs)
        self.target, self._cells = rest[: len(pair.target)], rest[len(pair.target) :]
        rng = np.random.default_rng(0)
        forced = [np.sort(rng.permutation(len(domain))[:FORCED]) for domain in (pair.source, pair.target)]
        self.forced = (forced[0], forced[1])
        self.feature_box: Box | None = None
        self.share: float | None = None
        self._basis: NDArray[np.float64] | None = None
        self._last: NDArray[np.float64] | None = None

    def frame(
        self,
        model: Model,
        phase: Phase,
        step: int,
        steps: int,
        moved: tuple[Any, ...],
        extras: dict[str, Any],
        method: DeepAlignment | None = None,
    ) -> FilmFrame:
        """Make the frame of a model at a step: ``moved`` is what moved, ``extras`` what `pulls` or `extras` found."""
        network, feature_side = model.network.eval(), SMALL_SIDE**2
        n_t, n_g = len(self.target), len(self._cells)
        with torch.inference_mode():
            E = network.embed(torch.cat([self.target, self._cells, self.source]))
            Es = E[n_t + n_g :]
            if model.source_network is not None:
                Es = model.source_network.eval().embed(self.source)
            Ft = np.asarray(model.map_target(E[: n_t + n_g].numpy()))
            Fs = np.asarray(model.map_source(Es.numpy()))
            domain = None if method is None else self._domain(method, network, Es, E[:n_t], E[n_t : n_t + n_g])
        Fg, Ft = Ft[n_t:], Ft[:n_t]
        places, back = self._plane(np.concatenate([Fs, Ft]))
        feature_box = self.feature_box or box_around(places)
        of_plane = back(cells(feature_box, SMALL_SIDE)).astype(Fs.dtype)
        P = model.probabilities(np.concatenate([Fs, Ft, Fg, of_plane]))
        field, samples = packed_field(P[-n_g - feature_side :]), P[: -n_g - feature_side]
        predicted = samples.argmax(axis=1).astype(np.uint8)
        numbers = self._numbers(predicted, Fs, Ft) | extras.pop("numbers", {})
        if domain is not None:
            numbers["domain"] = domain[1]
        if self.share is not None:
            numbers["slide"] = self.share
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
        sides = (logits.sigmoid() * 255).round().to(torch.uint8).numpy()
        return sides & np.uint8(0xFC), right  # in 64 steps a film is smaller

    def pulls(self, step: Step, method: DeepAlignment, taken: int) -> dict[str, Any]:
        """Measure how the class loss and the method's own pull the features of some samples, and how large they are."""
        rows_s, rows_t = self.forced
        network = step.network.eval()
        with torch.no_grad():
            of_source = (step.source_network or network).embed(self.source[rows_s])
            of_target = network.embed(self.target[rows_t])
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
            extras |= strongest_threads(plan.numpy(), rows_s, rows_t)
        return extras

    def extras(self, model: Model) -> dict[str, Any]:
        """Collect what a fixed map or weights have to show."""
        method, extras = self.prepared.method, dict[str, Any]()
        if model.weights is not None:
            w = np.zeros(len(self.source))
            w[self.prepared.split.source_train] = model.weights
            extras["weights"] = w
            extras["numbers"] = {"effective": float(w.sum() ** 2 / np.square(w).sum())}
        if method.coupling is not None:
            split = self.prepared.split
            extras |= strongest_threads(method.coupling, split.source_train, split.target_train)
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

    def shapes_agree(self, moved: Model) -> bool:
        """Tell whether the head of before takes the mapped features: a map may change how many there are."""
        with torch.inference_mode():
            F = moved.network.embed(self.target[:2]).numpy()
        return bool(np.asarray(moved.map_target(F)).shape[1] == F.shape[1])

    def ratio(self) -> NDArray[np.float32] | None:
        """Compute the density ratio over the plane where the data's file knows it, and it does not depend on y."""
        source = resolve(sources(), self.prepared.experiment.data)
        grid, pair = cells(self.box, SMALL_SIDE), self.prepared.pair
        if pair.provenance.shift != "covariate":
            return None
        X = np.concatenate([pair.source.X, grid])
        ratio = source.true_weights(X, np.zeros(len(X), np.int64))
        if ratio is None:
            return None
        own = ratio[: len(pair.source)]
        relative: NDArray[np.float32] = (ratio[len(pair.source) :] / own.mean()).astype(np.float32)
        return relative


def strongest_threads(plan: Rows, source_rows: Rows, target_rows: Rows) -> dict[str, Rows]:
    """Keep the strongest `THREADS` of each source sample of a plan (n_s, n_t) between these rows, and their masses."""
    strongest = np.argsort(-plan, axis=1)[:, :THREADS]
    masses = (np.take_along_axis(plan, strongest, axis=1) * len(plan)).ravel()
    threads = np.c_[np.repeat(source_rows, strongest.shape[1]), target_rows[strongest.ravel()]]
    visible = masses > 0.02
    return {"threads": threads[visible], "masses": masses[visible]}


def linear_distance(Fs: Rows, Ft: Rows) -> float:
    """Measure 2(1 − 2ε) with the error ε of a least-squares domain classifier on every second sample (n, d).

    The proxy A-distance of `domain_distances`, with a classifier that is quick enough for every frame.
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
