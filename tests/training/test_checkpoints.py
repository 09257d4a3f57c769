from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from da_core.errors import UserError
from da_core.networks import networks
from da_core.training import checkpoints


def network(class_count: int = 3, seed: int = 0, **params: int):
    extractor = networks()["mlp"]
    return extractor(**params).network((4,), class_count, seed)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    saved, other = network(seed=1), network(seed=2)
    torch.save(saved.state_dict(), tmp_path / "model.pt")
    assert checkpoints.load_into(other, tmp_path / "model.pt")
    for mine, theirs in zip(saved.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_other_classes_keep_their_own_head(tmp_path: Path) -> None:
    saved, other = network(class_count=3, seed=1), network(class_count=5, seed=2)
    head = other.head.weight.detach().clone()
    torch.save(saved.state_dict(), tmp_path / "model.pt")
    assert not checkpoints.load_into(other, tmp_path / "model.pt")
    assert torch.equal(other.head.weight, head)
    assert torch.equal(next(other.features.parameters()), next(saved.features.parameters()))


def test_another_networks_checkpoint_is_refused(tmp_path: Path) -> None:
    torch.save(network(hidden=64).state_dict(), tmp_path / "model.pt")
    with pytest.raises(UserError, match="belongs to another network"):
        checkpoints.load_into(network(), tmp_path / "model.pt")


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("evil-was-here"),))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", pickle.dumps({"a": 1}), pickle.dumps(Evil())])
def test_a_file_that_is_no_checkpoint_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(UserError, match="is not a checkpoint"):
        checkpoints.load_into(network(), tmp_path / "model.pt")
    assert not (tmp_path / "evil-was-here").exists()


def test_a_pickled_object_inside_a_checkpoint_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"head.weight": Evil()}, tmp_path / "model.pt")
    with pytest.raises(UserError, match="is not a checkpoint"):
        checkpoints.load_into(network(), tmp_path / "model.pt")
    assert not (tmp_path / "evil-was-here").exists()
