"""A network's weights on disk: a plain state dict, read with ``weights_only`` so that a file can never run code."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch

from da_core.errors import UserError
from da_core.networks.extractor import Network


def load_into(network: Network, path: Path) -> bool:
    """Load extractor and head; return whether the head fitted. Raises `UserError` for what is of another network."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError):
        state = None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise UserError(
            "“{name}” is not a checkpoint; give a file that torch.save wrote from a state dict.", name=path.name
        )
    own = network.state_dict()
    strange = [name for name in own if name not in state or state[name].shape != own[name].shape]
    head_fits = not any(name.startswith("head.") for name in strange)
    strange = [name for name in strange if not name.startswith("head.")]
    if strange:
        raise UserError(
            "“{name}” belongs to another network: its “{layer}” is missing or has another shape; choose the network "
            "and the picture size that it was saved with.",
            name=path.name,
            layer=strange[0],
        )
    taken = {name: state[name] for name in own if head_fits or not name.startswith("head.")}
    network.load_state_dict(own | taken)
    return head_fits
