"""FDA against the paper's own recipe in NumPy, and what it keeps and swaps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from da_core.methods.adaptation.fda import restyled


def pictures(seed: int, count: int = 4, height: int = 32, width: int = 32) -> torch.Tensor:
    """Smooth pictures that stay away from 0 and 255, so that nothing is cut off."""
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.integers(90, 160, (count, 3, height, width)), dtype=torch.uint8)


def by_the_paper(source: np.ndarray, target: np.ndarray, beta: float) -> np.ndarray:
    """Shift frequency zero to the middle, copy a square of amplitudes, shift back; one picture (3, h, w)."""
    fs, ft = (np.fft.fft2(picture.astype(float), axes=(-2, -1)) for picture in (source, target))
    amplitude, style = (np.fft.fftshift(np.abs(f), axes=(-2, -1)) for f in (fs, ft))
    height, width = source.shape[-2:]
    b, row, column = max(int(np.floor(min(height, width) * beta)), 1), height // 2, width // 2
    square = np.s_[:, row - b : row + b + 1, column - b : column + b + 1]
    amplitude[square] = style[square]
    mixed = np.fft.ifftshift(amplitude, axes=(-2, -1)) * np.exp(1j * np.angle(fs))
    return np.clip(np.real(np.fft.ifft2(mixed, axes=(-2, -1))), 0, 255)


@pytest.mark.parametrize("beta", [0.0, 0.01, 0.05, 0.1, 0.3])
@pytest.mark.parametrize("shape", [(32, 32), (24, 32), (31, 33)])
def test_it_is_the_papers_recipe(beta: float, shape: tuple[int, int]) -> None:
    source, target = pictures(0, 4, *shape), pictures(1, 4, *shape)
    ours = restyled(source, target, beta)
    assert ours.dtype == torch.uint8
    for mine, s, t in zip(ours.numpy(), source.numpy(), target.numpy(), strict=True):
        assert np.abs(mine - by_the_paper(s, t, beta)).max() <= 0.51  # whole numbers
