"""Changes that leave a sample's class alone, for the methods that ask a network to answer alike on all of them."""

from __future__ import annotations

import torch
from torch import Tensor

SHIFT = 0.125
"""Pictures move by at most this share of their side."""
COLOUR, BRIGHTNESS, CONTRAST = 0.3, 0.3, 0.4
"""How far strong changes go: each channel's gain, a common shift in shares of the picture's mean, the contrast's gain.

In shares of what is there, so that a picture taken by night does not turn black or white, and still shows its class.
"""
CUTOUT = 0.4
"""Side of the square that is painted over, as a share of the picture's."""
WEAK_NOISE, STRONG_NOISE = 0.05, 0.3
"""Deviation of the noise on features, in the column's own deviations."""
DROPOUT = 0.2
"""Share of the features that a strong change sets to their mean."""


class Augmentation:
    """Weak and strong changes of a batch, drawn on the CPU so that every device sees the same.

    Pictures (n, 3, h, w) uint8: weak is a mirror (where ``flips``) and a shift by some pixels; strong is this with
    another colour, brightness and contrast, and a square in its mean colour. Features (n, d) float: weak is a little
    Gaussian noise, strong is more of it and features set to their mean; ``X`` gives the columns' means and deviations.
    """

    def __init__(self, X: Tensor, flips: bool, generator: torch.Generator) -> None:
        self.generator, self.flips, self.device = generator, flips, X.device
        self.pictures = X.ndim == 4
        if not self.pictures:
            self.mean, self.deviation = X.mean(0), X.std(0, correction=0)

    def weak(self, x: Tensor) -> Tensor:
        return self._moved(x) if self.pictures else x + WEAK_NOISE * self.deviation * self._normal(x)

    def strong(self, x: Tensor) -> Tensor:
        if self.pictures:
            return self._cut(self._relit(self._moved(x)))
        noisy = x + STRONG_NOISE * self.deviation * self._normal(x)
        return torch.where(self._uniform(*x.shape) < DROPOUT, self.mean, noisy)

    def _moved(self, x: Tensor) -> Tensor:
        """Mirror each picture or not, and shift it; what comes in at the rim mirrors what is inside."""
        n, _, height, width = x.shape
        rows, columns = (self._places(n, side) for side in (height, width))
        if self.flips:
            columns = torch.where(self._uniform(n, 1) < 0.5, columns, width - 1 - columns)
        samples = torch.arange(n, device=x.device)[:, None, None]
        moved = x.permute(0, 2, 3, 1)[samples, rows[:, :, None], columns[:, None, :]]
        return moved.permute(0, 3, 1, 2)  # channels last in memory, as it came

    def _places(self, n: int, side: int) -> Tensor:
        """Draw where each row (or column) of the moved picture comes from: (n, side)."""
        most = round(SHIFT * side)
        by = torch.randint(-most, most + 1, (n, 1), generator=self.generator).to(self.device)
        places = torch.arange(side, device=self.device) + by
        return side - 1 - (side - 1 - places.abs()).abs()

    def _relit(self, x: Tensor) -> Tensor:
        n = len(x)
        gain = 1 + COLOUR * self._about_zero(n, 3, 1, 1)
        contrast = 1 + CONTRAST * self._about_zero(n, 1, 1, 1)
        brightness = 1 + BRIGHTNESS * self._about_zero(n, 1, 1, 1)
        relit = x * gain
        middle = relit.mean((1, 2, 3), keepdim=True)
        return ((relit - middle) * contrast + middle * brightness).round().clamp(0, 255).to(torch.uint8)

    def _cut(self, x: Tensor) -> Tensor:
        """Paint a square of each picture's mean colour at a random place, partly outside at times."""
        inside = []
        for side in x.shape[2:]:
            centre = self._uniform(len(x), 1) * side
            inside.append((torch.arange(side, device=self.device) + 0.5 - centre).abs() < CUTOUT * side / 2)
        square = inside[0][:, None, :, None] & inside[1][:, None, None, :]
        return torch.where(square, x.float().mean((2, 3), keepdim=True).round().to(torch.uint8), x)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator).to(self.device)

    def _about_zero(self, *shape: int) -> Tensor:
        """Draw uniformly from [−1, 1]."""
        return 2 * self._uniform(*shape) - 1

    def _normal(self, x: Tensor) -> Tensor:
        return torch.randn(x.shape, generator=self.generator).to(self.device)
