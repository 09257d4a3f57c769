from __future__ import annotations

from typing import Any

import pytest
import torch

from da_core.networks import networks
from da_core.training.model import Model, as_inputs


def build(name: str, shape: tuple[int, ...], seed: int = 0, **params: bool | float | str):
    extractor = networks()[name]
    return extractor(**params).network(shape, class_count=7, seed=seed)


@pytest.mark.parametrize("side", [16, 28, 32, 64, 128])
@pytest.mark.parametrize("name", ["small_cnn", "tutorial_cnn", "mlp", "resnet18"])
def test_pictures_of_every_side_pass(name: str, side: int) -> None:
    params: dict[str, Any] = {"weights": "none", "side": 32} if name == "resnet18" else {}
    network = build(name, (side, side, 3), **params).eval()
    pictures = torch.randint(0, 256, (3, side, side, 3), dtype=torch.uint8).numpy()
    inputs = as_inputs(pictures, torch.device("cpu"))
    assert network.embed(inputs).shape == (3, network.feature_dim)
    assert networks()[name](**params).feature_dim((side, side, 3)) == network.feature_dim, "known before it is built"
    assert network(inputs).shape == (3, 7)


def test_the_tutorials_layers_are_the_tutorials() -> None:
    convolutions = [m for m in build("tutorial_cnn", (32, 32, 3)).modules() if isinstance(m, torch.nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size) for c in convolutions] == [
        (3, 64, (3, 3)),
        (64, 128, (3, 3)),
    ]


def test_identity_hands_features_on_as_they_are() -> None:
    rows = torch.randn(5, 4).numpy() * 1000
    assert (Model(build("identity", (4,))).embed(as_inputs(rows, torch.device("cpu"))) == rows).all()


def test_the_seed_decides_the_start_whatever_was_drawn_before() -> None:
    first = build("small_cnn", (32, 32, 3), seed=3).head.weight
    torch.rand(100)
    assert torch.equal(first, build("small_cnn", (32, 32, 3), seed=3).head.weight)
    assert not torch.equal(first, build("small_cnn", (32, 32, 3), seed=4).head.weight)


def test_building_leaves_the_callers_random_numbers_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    build("mlp", (4,))
    assert torch.equal(torch.rand(3), expected)


def test_published_weights_that_cannot_be_had_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.error import URLError

    import torchvision.models as models

    from da_core.errors import UserError

    def no_network(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(models.ResNet18_Weights, "get_state_dict", no_network)
    with pytest.raises(UserError, match=r"could not be downloaded .* set weights to “none”"):
        build("resnet18", (32, 32, 3))


@pytest.mark.parametrize("name", ["small_cnn", "tutorial_cnn", "mlp"])
def test_each_normalisation_can_be_chosen_and_the_default_is_as_it_was(name: str) -> None:
    """Choosing one draws no other weights: all but the layers of normalisation start alike."""
    default = {"small_cnn": "group", "tutorial_cnn": "none", "mlp": "none"}[name]
    kinds: dict[str, Any] = {"group": torch.nn.GroupNorm, "batch": (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)}
    layers = (torch.nn.Conv2d, torch.nn.Linear)
    starts = []
    for norm in ("group", "batch", "none"):
        made = build(name, (32, 32, 3), norm=norm).eval()
        found = {kind for kind, types in kinds.items() if any(isinstance(m, types) for m in made.modules())}
        assert found == ({norm} if norm != "none" else set())
        assert made(torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)).shape == (2, 7)
        starts.append([m.weight for m in made.modules() if isinstance(m, layers)])
    for weights in zip(*starts, strict=True):
        assert all(torch.equal(weights[0], other) for other in weights)
    usual, chosen = build(name, (32, 32, 3)), build(name, (32, 32, 3), norm=default)
    assert usual.state_dict().keys() == chosen.state_dict().keys()
