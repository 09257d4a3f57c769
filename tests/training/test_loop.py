from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from da_core.errors import UserError
from da_core.events import Accuracies, Event, Losses, Notice, Phase
from da_core.experiment import TrainingSpec, plan_epoch
from da_core.methods import methods
from da_core.methods.adaptation.shared.epochs import batches
from da_core.methods.alignment.dann import DANN
from da_core.methods.alignment.deep_coral import DeepCORAL
from da_core.methods.alignment.mcd import MCD
from da_core.methods.alignment.wdgrl import WDGRL
from da_core.methods.base import Batch, DeepAlignment, Turn
from da_core.networks import networks
from da_core.networks.extractor import Network
from da_core.params import describe
from da_core.training.loop import Hooks, train
from da_core.training.model import Labelled, as_inputs
from da_core.training.step import Order, Step, captured
from tests.methods.test_losses_stay_on_the_device import NoCopies

CPU = torch.device("cpu")


def points(count: int = 120, seed: int = 0) -> Labelled:
    """Two well separated classes in the plane."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 2
    return Labelled(as_inputs(rng.normal(size=(count, 2)) + 4 * y[:, None], CPU), torch.tensor(y))


def network(seed: int = 0) -> Network:
    extractor = networks()["mlp"]
    return extractor(hidden=16).network((2,), 2, seed)


def accuracy(model: Network, data: Labelled) -> float:
    return float((model(data.X).argmax(1) == data.y).float().mean())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_learns(precision: str) -> None:
    model, data = network(), points()
    spec = TrainingSpec(epochs=20, batch_size=20, precision=precision)
    events = list(train(model, data, phase="source_only", spec=spec, seed=0))
    losses = [event.terms["class"] for event in events if isinstance(event, Losses)]
    assert accuracy(model, data) > 0.95
    assert losses[-1] < 0.7 * losses[0]
    assert [event.epoch for event in events if isinstance(event, Accuracies)] == list(range(1, 21))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "annealed"])
def test_a_step_is_the_textbooks(optimizer: str, schedule: str) -> None:
    """Three steps of ours against three written out with torch's own optimiser."""
    spec = TrainingSpec(
        epochs=1, batch_size=10, optimizer=optimizer, schedule=schedule, learning_rate=0.05, least_steps=1
    )
    data, ours, theirs = points(30), network(), network()
    step = Step(ours, None, None, data, None, spec, mirrored=False)
    step.shuffle(torch.Generator().manual_seed(0))
    torch_optimizer = (
        torch.optim.Adam(theirs.parameters(), lr=0.05, betas=(0.5, 0.999))
        if optimizer == "adam"
        else torch.optim.SGD(theirs.parameters(), lr=0.05, momentum=0.9)
    )
    for at in range(3):
        step()
        if schedule == "annealed":
            torch_optimizer.param_groups[0]["lr"] = 0.05 / (1 + 10 * at / 3) ** 0.75
        rows = step.source_order.rows[at]
        torch_optimizer.zero_grad()
        cross_entropy(theirs(data.X[rows]), data.y[rows]).backward()
        torch_optimizer.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("count", "steps", "batch_size", "visits"), [(12, 3, 4, 1), (5, 2, 5, 2)])
def test_an_epoch_visits_every_row_once_before_any_comes_again(
    count: int, steps: int, batch_size: int, visits: int
) -> None:
    order = Order(count, steps, batch_size, mirrored=False, device=CPU)
    order.shuffle(torch.Generator().manual_seed(0))
    for visited in order.rows.flatten().view(visits, count):
        assert sorted(visited.tolist()) == list(range(count))


@pytest.mark.parametrize(
    ("count", "planned"),
    [(1400, (21, 64)), (5000, (78, 64)), (1300, (21, 64)), (400, (21, 50)), (95, (21, 16)), (20, (21, 16))],
)
def test_an_epoch_has_as_many_steps_on_little_data_as_on_the_street(count: int, planned: tuple[int, int]) -> None:
    assert plan_epoch(count, 64, TrainingSpec().least_steps) == planned
    assert plan_epoch(95, 32, 1) == (2, 32), "without least steps an epoch is one pass"


def test_the_batches_of_a_small_domain_pass_over_it_evenly_and_those_of_a_large_one_stay() -> None:
    X, generator = torch.zeros(96, 2), torch.Generator().manual_seed(0)
    rows = torch.cat(batches(X, 64, generator, least_steps=21))
    assert len(rows) == 21 * 16
    assert torch.bincount(rows, minlength=96).unique().tolist() == [3, 4]
    large = torch.zeros(1400, 2)
    leasts = (1, TrainingSpec().least_steps)
    once, again = (torch.cat(batches(large, 64, torch.Generator().manual_seed(0), least)) for least in leasts)
    assert torch.equal(once, again)


def test_a_picture_is_mirrored_or_not_at_each_visit_and_keeps_its_label() -> None:
    pictures = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    order = Order(count=2, steps=50, batch_size=2, mirrored=True, device=CPU)
    order.shuffle(torch.Generator().manual_seed(0))
    seen = set()
    for at in range(50):
        x, y = order.batch(torch.tensor([at]), pictures, torch.tensor([0, 1]))
        assert sorted(y.tolist()) == [0, 1]
        for picture, label in zip(x, y.tolist(), strict=True):
            whole, mirrored = torch.equal(picture, pictures[label]), torch.equal(picture, pictures[label].flip(2))
            assert whole != mirrored
            seen.add((label, mirrored))
    assert seen == {(0, False), (0, True), (1, False), (1, True)}


def test_should_stop_ends_training_and_keeps_what_was_learned() -> None:
    model, events = network(), list[Event]()
    before = model.head.weight.detach().clone()
    spec = TrainingSpec(epochs=50, batch_size=20)

    def an_epoch_is_over() -> bool:
        return any(isinstance(event, Accuracies) for event in events)

    for event in train(model, points(), phase="adapt", spec=spec, seed=0, hooks=Hooks(should_stop=an_epoch_is_over)):
        events.append(event)
    assert max(event.epoch for event in events if isinstance(event, Accuracies)) == 1
    assert not torch.equal(before, model.head.weight)


class Exploding(DeepCORAL):
    """Its loss is finite for the first share of training."""

    share = 0.0

    def losses(self, batch):  # type: ignore[no-untyped-def]
        late = torch.where(batch.progress < self.share, 0.0, float("inf"))
        return {"boom": batch.source_features.square().mean() * late}


def exploding(share: float) -> Exploding:
    method = Exploding()
    method.share = share
    return method


def test_a_loss_that_is_not_finite_is_named() -> None:
    spec, data = TrainingSpec(), points()
    with pytest.raises(UserError, match="“boom” is no longer a finite number"):
        list(train(network(), data, phase="adapt", spec=spec, seed=0, method=exploding(0.0), target=data.X))


@pytest.mark.parametrize(
    ("phase", "stage"),
    [("source_only", "Train source only"), ("adapt", "Adapt"), ("oracle", "Train oracle")],
)
def test_a_training_that_diverges_at_once_names_its_phase_and_the_setting_by_its_title(
    phase: Phase, stage: str
) -> None:
    model, data = network(), points()
    with torch.no_grad():
        model.head.weight.fill_(float("nan"))
    with pytest.raises(UserError) as failure:
        list(train(model, data, phase=phase, spec=TrainingSpec(), seed=0))
    title = next(field.title for field in describe(TrainingSpec) if field.name == "learning_rate")
    for said in (stage, title, "Network"):
        assert f"“{said}”" in str(failure.value)


def test_a_training_that_diverges_keeps_its_last_good_epoch() -> None:
    """Of five epochs three are good: the weights are those of a training that ends there."""
    data, spec = points(), TrainingSpec(epochs=5, batch_size=20, schedule="constant")
    model, short = network(), network()
    events = list(train(model, data, phase="adapt", spec=spec, seed=0, method=exploding(0.6), target=data.X))
    assert isinstance(events[-1], Notice)
    assert events[-1].values["epoch"] == 3
    assert [event.epoch for event in events if isinstance(event, Accuracies)] == [1, 2, 3]
    # the same three epochs, with losses that never explode
    whole = iter(train(short, data, phase="adapt", spec=spec, seed=0, method=exploding(2.0), target=data.X))
    next(event for event in whole if isinstance(event, Accuracies) and event.epoch == 3)
    for mine, theirs in zip(model.state_dict().values(), short.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_weights_that_are_not_finite_after_a_finite_loss_are_not_kept() -> None:
    """The loss is worked out before the step that ruins the weights, so it alone would not tell."""
    model, data = network(), points(20)
    spec = TrainingSpec(epochs=4, batch_size=20, optimizer="sgd", least_steps=1)  # one step an epoch
    ruined = itertools.count(1)

    def score() -> dict[str, float]:
        if next(ruined) == 2:
            with torch.no_grad():
                model.head.weight.grad = None
                model.head.weight.fill_(3e38)
        return {}

    events = list(train(model, data, phase="source_only", spec=spec, seed=0, hooks=Hooks(score)))
    assert isinstance(events[-1], Notice)
    assert events[-1].values["epoch"] == 2
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_a_step_that_cannot_be_captured_runs_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class NoGraph:
        def __init__(self, *_: object, **__: object) -> None: ...

        def __enter__(self) -> None:
            raise RuntimeError("operation not permitted when stream is capturing")

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(torch.cuda, "CUDAGraph", NoGraph)
    monkeypatch.setattr(torch.cuda, "graph", NoGraph)
    taken: list[int] = []
    run = captured(lambda: taken.append(1), torch.device("cuda"))
    run()
    assert taken == [1]
    assert "could not be captured" in caplog.text


DEEP = [method for method in methods().values() if issubclass(method, DeepAlignment)]


def stepping(method: DeepAlignment, source_network: Network | None = None, **spec: object) -> tuple[Step, Network]:
    """A step that is ready to be taken, and its network."""
    model = network()
    own = method.build(model.feature_dim, model.head.out_features)
    chosen = TrainingSpec(epochs=1, batch_size=10, **spec)  # type: ignore[arg-type]
    step = Step(model, method, own, points(30), points(30, seed=1).X + 1, chosen, False, source_network)
    step.shuffle(torch.Generator().manual_seed(0))
    return step, model


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("method", DEEP, ids=[method.name() for method in DEEP])
def test_a_whole_step_never_asks_the_device_for_a_number(method: type[DeepAlignment], precision: str) -> None:
    step, _ = stepping(method(), network(seed=1).eval() if method.target_encoder else None, precision=precision)
    step()
    sums = step.sums.clone()
    with NoCopies():
        step()
    assert step.sums.shape == sums.shape == (len(step.terms),)
    assert not torch.equal(step.sums, sums)
    assert len(set(step.terms)) == len(step.terms)


class Players(DeepAlignment):
    """Three turns, each of one part."""

    title, summary, paper = "Players", "Three players.", "Nobody 2000"

    def __init__(self) -> None:
        super().__init__()
        self.parts: tuple[torch.Tensor, ...] = ()
        self.states: list[list[torch.Tensor]] = []
        self.seen: list[bool] = []

    def build(self, feature_dim: int, class_count: int) -> torch.nn.Module:
        self.own = torch.nn.Linear(feature_dim, 1)
        return self.own

    def turns(self) -> tuple[Turn, ...]:
        return (
            Turn(self.losses, ("own",), times=2, with_class=False),
            Turn(self.losses, ("head",), with_class=False),
            Turn(self.losses, ("extractor",), with_class=False),
        )

    def note(self) -> None:
        self.states.append([part.detach().clone() for part in self.parts])

    def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        """It depends on all three parts; the state of each is noted."""
        self.note()
        self.seen.append(batch.target_features.requires_grad)
        return {"all": self.own(batch.target_features).mean() + batch.target_logits.square().mean()}


def test_a_turn_moves_its_parts_and_no_others_and_only_the_extractors_turn_reaches_it() -> None:
    method = Players()
    step, model = stepping(method)
    first_layer = next(iter(model.features.parameters()))
    method.parts = (method.own.weight, model.head.weight, first_layer)
    step()
    method.note()
    changed = [
        tuple(not torch.equal(new, old) for new, old in zip(after, before, strict=True))
        for before, after in itertools.pairwise(method.states)
    ]
    assert changed == [(True, False, False), (True, False, False), (False, True, False), (False, False, True)]
    assert method.seen == [False, False, False, True]


@pytest.mark.parametrize(
    ("method", "passes"),
    [(DANN(), 1), (DANN(game="reversal"), 1), (WDGRL(critic_steps=5), 1), (MCD(generator_steps=3), 1 + 3)],
)
def test_the_extractor_is_passed_only_when_its_features_are_stale(method: DeepAlignment, passes: int) -> None:
    step, model = stepping(method)
    calls: list[int] = []
    model.features.register_forward_hook(lambda *_: calls.append(1))
    step()
    assert len(calls) == passes


def test_a_detached_term_is_shown_and_changes_nothing() -> None:
    class Shown(DeepCORAL):
        def losses(self, batch):  # type: ignore[no-untyped-def]
            return {"shown": batch.target_features.detach().sum() * 0 + 7}

    step, model = stepping(Shown())
    plain, expected = stepping(DeepCORAL(weight=0))
    step()
    plain()
    assert torch.equal(model.head.weight, expected.head.weight)
    assert dict(zip(step.terms, step.sums.tolist(), strict=True))["shown"] == 7


def test_a_method_may_take_a_share_of_the_learning_rate() -> None:
    class Slow(DeepCORAL):
        def learning_rate(self, given: float) -> float:
            return given / 4

    for schedule in ("constant", "annealed"):
        step, _ = stepping(Slow(), schedule=schedule, learning_rate=0.1)
        step()
        assert float(step.rate) == pytest.approx(0.025)
