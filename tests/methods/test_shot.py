"""SHOT: its two losses by hand, its pseudo-labels, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from da_core.methods.adaptation.shot import SHOT
from da_core.methods.base import AdaptationData
from da_core.networks.extractor import Network

CENTRES = torch.tensor([[4.0, 0.0], [0.0, 4.0], [-4.0, -4.0]])


def blobs(count: int = 90) -> tuple[torch.Tensor, torch.Tensor]:
    y = torch.arange(count) % 3
    return CENTRES[y] + 0.5 * torch.randn(count, 2, generator=torch.Generator().manual_seed(0)), y


def network() -> Network:
    """The identity as features, and a head that looks along the centres: it may be turned by a test."""
    identity = nn.Linear(2, 2)
    made = Network(identity, 2, 3)
    with torch.no_grad():
        identity.weight.copy_(torch.eye(2))
        identity.bias.zero_()
        made.head.weight.copy_(CENTRES)
        made.head.bias.zero_()
    return made.eval()


def seen(X: torch.Tensor) -> AdaptationData:
    return AdaptationData(X[:0], torch.arange(0), X, X[:0], torch.arange(0))


def test_centroids_mend_what_the_head_cuts_wrongly():
    """A head's border through the middle of a blob: the nearest centroid gives the blob one name again."""
    X, y = blobs()
    model = network()
    with torch.no_grad():
        model.head.bias[1] = 16.5  # class 1 reaches into the blob of class 0
    predicted = model(X).argmax(1)
    assert 0 < int((predicted != y).sum()) < 30
    assert torch.equal(SHOT().pseudo_labels(model, X), y)


def test_the_pseudo_labels_are_the_papers():
    """Weighted centroids, nearest by cosine, once more with hard labels: written out with loops."""
    generator = torch.Generator().manual_seed(3)
    X, model = torch.randn(60, 2, generator=generator), network()
    P = model(X).softmax(1).detach().numpy()
    F = np.c_[X.numpy(), np.ones(60)]
    F /= np.linalg.norm(F, axis=1, keepdims=True)
    weights = P
    for _ in range(2):
        centroids = [sum(w * f for w, f in zip(weights[:, k], F, strict=True)) / weights[:, k].sum() for k in range(3)]
        cosines = np.array([[f @ c / np.linalg.norm(c) for c in centroids] for f in F])
        labels = cosines.argmax(1)
        weights = np.eye(3)[labels]
    assert SHOT().pseudo_labels(model, X).tolist() == labels.tolist()


def test_a_class_that_nothing_is_predicted_as_gets_no_pseudo_label():
    X, _ = blobs()
    model = network()
    with torch.no_grad():
        model.head.bias[2] = -1000.0
    assert set(SHOT().pseudo_labels(model, X).tolist()) == {0, 1}


def test_the_head_stays_and_no_source_is_needed():
    X, y = blobs()
    X = X + torch.tensor([1.5, 0.5])
    model = network()
    head = [value.clone() for value in model.head.parameters()]
    losses = list(SHOT(epochs=5).adapt(model, seen(X)))
    assert all(torch.equal(a, b) for a, b in zip(head, model.head.parameters(), strict=True))
    assert set(losses[0]) == {"entropy", "diversity", "pseudo"}
    assert float((model(X).argmax(1) == y).float().mean()) > 0.98


def test_diversity_keeps_it_from_calling_everything_one_class():
    """The head begins by taking nearly all for class 0; the classes are equally frequent."""
    X, y = blobs()
    model = network()
    with torch.no_grad():
        model.head.weight.mul_(0.2)
        model.head.bias[0] = 3.3
    before = float((model(X).argmax(1) == y).float().mean())
    list(SHOT(epochs=20, batch_size=30).adapt(model, seen(X)))
    after = float((model(X).argmax(1) == y).float().mean())
    assert before < 0.8
    assert after > 0.95
