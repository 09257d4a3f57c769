"""Pseudo-labels, FixMatch and mean teacher: their losses by hand, their thresholds, and the changes they make."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from da_core.methods.adaptation.fixmatch import FixMatch
from da_core.methods.adaptation.mean_teacher import MeanTeacher, follow
from da_core.methods.adaptation.pseudo_labels import PseudoLabels
from da_core.methods.adaptation.shared.augmentation import CUTOUT, SHIFT, Augmentation
from da_core.methods.adaptation.shared.distribution_alignment import DistributionAlignment, sure_cross_entropy
from da_core.methods.base import AdaptationData
from da_core.networks.extractor import Network


def network() -> Network:
    """Two classes, left and right of a line."""
    identity = nn.Linear(2, 2)
    made = Network(identity, 2, 2)
    with torch.no_grad():
        identity.weight.copy_(torch.eye(2))
        identity.bias.zero_()
        made.head.weight.copy_(torch.tensor([[-2.0, 0.0], [2.0, 0.0]]))
        made.head.bias.zero_()
    return made.eval()


def clusters(turn: float, count: int = 200, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two narrow clusters on either side of the origin, turned by so many degrees."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(count) % 2
    X = 0.4 * torch.randn(count, 2, generator=generator)
    X[:, 0] += 3.0 * y - 1.5
    angle = torch.tensor(np.deg2rad(turn))
    R = torch.stack([torch.stack([angle.cos(), angle.sin()]), torch.stack([-angle.sin(), angle.cos()])])
    return X @ R.float(), y


def seen(turn: float) -> tuple[AdaptationData, torch.Tensor]:
    (Xs, ys), (Xt, yt) = clusters(0), clusters(turn, seed=1)
    return AdaptationData(Xs, ys, Xt, Xt[:0], yt[:0]), yt


def right(model: Network, X: torch.Tensor, y: torch.Tensor) -> float:
    with torch.inference_mode():
        return float((model(X).argmax(1) == y).float().mean())


def test_only_sure_samples_count_and_no_gradient_goes_through_the_label():
    logits = torch.tensor([[4.0, 0.0], [0.2, 0.0], [0.0, 5.0]], requires_grad=True)
    p = logits.detach().softmax(1)
    loss = sure_cross_entropy(logits, p, 0.95)
    assert float(loss.detach()) == pytest.approx(float(-(p[0, 0].log() + p[2, 1].log()) / 3), rel=1e-5)
    loss.backward()
    assert logits.grad is not None
    expected = torch.stack([p[0] - torch.tensor([1.0, 0]), torch.zeros(2), p[2] - torch.tensor([0, 1.0])]) / 3
    torch.testing.assert_close(logits.grad, expected)


def test_a_threshold_that_nothing_passes_is_training_on_the_source_alone():
    data, _ = seen(20)
    with_none, alone = network(), network()
    told = list(PseudoLabels(threshold=1.0, epochs=3).adapt(with_none, data))
    list(PseudoLabels(weight=0, epochs=3).adapt(alone, data))
    assert [terms["pseudo"] for terms in told] == [0, 0, 0]
    assert all(torch.equal(a, b) for a, b in zip(with_none.parameters(), alone.parameters(), strict=True))


def test_the_pseudo_labels_weight_grows_to_its_height_at_half_time():
    data, _ = seen(0)
    still: dict[str, Any] = {"learning_rate": 1e-12, "threshold": 0.0, "epochs": 4}
    terms = [losses["pseudo"] for losses in PseudoLabels(weight=2.0, **still).adapt(network(), data)]
    # the batches differ from epoch to epoch, and leave some samples over
    assert terms[0] == pytest.approx(terms[3] / 2, rel=0.2)
    assert terms[1] == pytest.approx(terms[3], rel=0.2)


@pytest.mark.parametrize("method", [PseudoLabels, FixMatch, MeanTeacher])
def test_a_border_that_cuts_turned_clusters_moves_to_the_gap(method):
    """Turned by 65°, the clusters lie partly beyond the source's border; sure samples on either side pull it round."""
    data, yt = seen(65)
    model = network()
    before = right(model, data.Xt, yt)
    list(method(epochs=30, learning_rate=1e-2, threshold=0.8, batch_size=50).adapt(model, data))
    assert before < 0.97
    assert right(model, data.Xt, yt) > 0.98
    assert right(model, data.Xs, data.ys) > 0.95


def test_alignment_scales_classes_to_the_sources_share_of_them():
    """AdaMatch's formula by hand: the first batch is its own mean, the next moves it by a tenth."""
    align = DistributionAlignment()
    source, target = (torch.tensor(P).log() for P in ([[0.5, 0.5], [0.7, 0.3]], [[0.9, 0.1], [0.7, 0.3]]))
    q = align(source, target)
    scaled = torch.tensor([[0.9 * 0.6 / 0.8, 0.1 * 0.4 / 0.2], [0.7 * 0.6 / 0.8, 0.3 * 0.4 / 0.2]])
    torch.testing.assert_close(q, scaled / scaled.sum(1, keepdim=True))
    later = align(torch.tensor([[0.1, 0.9]]).log(), torch.tensor([[0.5, 0.5]]).log())
    p_s, p_t = torch.tensor([0.9 * 0.6 + 0.01, 0.9 * 0.4 + 0.09]), torch.tensor([0.9 * 0.8 + 0.05, 0.9 * 0.2 + 0.05])
    torch.testing.assert_close(later[0], (p_s / p_t) / (p_s / p_t).sum())


@pytest.mark.parametrize("method", [PseudoLabels, FixMatch, MeanTeacher])
def test_a_class_does_not_swallow_the_others(method):
    """The source's network calls more than four fifths of this target one class, and is sure of much of it."""
    data, yt = seen(0)
    moved = AdaptationData(data.Xs, data.ys, data.Xt + torch.tensor([1.7, 0.0]), data.Xf, data.yf)
    before = right(network(), moved.Xt, yt)

    def after(**switch: Any) -> float:
        model = network()
        list(method(epochs=20, learning_rate=1e-2, batch_size=50, threshold=0.8, **switch).adapt(model, moved))
        return right(model, moved.Xt, yt)

    with_balance, without = ({"balance": 3.0}, {"balance": 0.0}) if method is MeanTeacher else ({}, {"align": False})
    assert after(**without) < before < after(**with_balance) - 0.1


def test_the_teacher_is_the_moving_mean_of_the_student():
    teacher, student = network(), network()
    with torch.no_grad():
        for weight in student.parameters():
            weight.add_(1.0)
    start = [weight.clone() for weight in teacher.parameters()]
    for _ in range(3):
        follow(teacher, student, 0.9)
    for weight, before in zip(teacher.parameters(), start, strict=True):
        torch.testing.assert_close(weight.detach(), before + 1 - 0.9**3)


# Changes that leave the class alone


def pictures(count: int = 8, side: int = 16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    X = torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator)
    return X.permute(0, 3, 1, 2)


def augmentation(X: torch.Tensor, flips: bool = False, seed: int = 0) -> Augmentation:
    return Augmentation(X, flips, torch.Generator().manual_seed(seed))


def test_a_weak_change_of_a_picture_is_a_shift_and_a_mirror_where_allowed():
    X = pictures(40)
    most = round(SHIFT * 16)
    inner = slice(most, 16 - most)
    for flips in (False, True):
        moved = augmentation(X, flips).weak(X)
        assert moved.dtype == torch.uint8
        assert moved.is_contiguous(memory_format=torch.channels_last)
        mirrored = 0
        for old, new in zip(X, moved, strict=True):
            found = [
                turned
                for turned in (False, True)
                for dy in range(-most, most + 1)
                for dx in range(-most, most + 1)
                if torch.equal(
                    (new.flip(2) if turned else new)[:, inner, inner],
                    old.roll((dy, dx), (1, 2))[:, inner, inner],
                )
            ]
            assert found
            mirrored += found[0]
        assert (mirrored > 0) == flips


def dots(low: int, high: int, n: int = 200) -> torch.Tensor:
    """Grey pictures of dots that are either dark or bright, half of them each."""
    bright = torch.rand((n, 1, 16, 16), generator=torch.Generator().manual_seed(0)) < 0.5
    return torch.where(bright, high, low).expand(-1, 3, -1, -1).to(torch.uint8)


def test_a_strong_change_alters_light_and_hides_a_square():
    X = dots(60, 120)
    changed = augmentation(X).strong(X)
    assert changed.dtype == torch.uint8
    flat = changed.flatten(2)
    low, high = (value[:, :, None, None] for value in (flat.amin(2), flat.amax(2)))
    hidden = ((changed > low) & (changed < high)).all(1).float().mean((1, 2))  # neither a dark dot nor a bright one
    assert 0.02 < float(hidden.mean()) <= CUTOUT**2 + 0.05
    means = changed.float().mean((2, 3))
    assert means.mean(1).std() > 10  # brightness differs from picture to picture
    assert (means - means.mean(1, keepdim=True)).abs().mean() > 5  # and so does colour


def test_a_strong_change_does_not_put_out_the_night():
    X = dots(20, 50)
    changed = augmentation(X).strong(X).float()
    assert ((changed.mean((1, 2, 3)) > 35 / 2) & (changed.mean((1, 2, 3)) < 35 * 2)).all()
    assert (changed.std((2, 3)) > 15 / 3).all()  # dots are still to be told apart in each channel


def test_changes_of_features_are_noise_in_the_columns_own_scale():
    X = torch.randn(500, 3, generator=torch.Generator().manual_seed(1)) * torch.tensor([1.0, 100.0, 0.0])
    change = augmentation(X)
    weak, strong = change.weak(X) - X, change.strong(X) - X
    assert float(weak[:, 1].std() / weak[:, 0].std()) == pytest.approx(100, rel=0.2)
    assert float(strong[:, 0].std()) > 3 * float(weak[:, 0].std())
    assert torch.equal(weak[:, 2], torch.zeros(500))
    dropped = (change.strong(X)[:, 0] - X[:, 0].mean()).abs() < 1e-6
    assert 0.1 < float(dropped.float().mean()) < 0.3


def test_changes_repeat_by_their_seed():
    for X in (pictures(), torch.randn(8, 3)):
        assert torch.equal(augmentation(X, True, 4).strong(X), augmentation(X, True, 4).strong(X))
        assert not torch.equal(augmentation(X, True, 4).strong(X), augmentation(X, True, 5).strong(X))
