"""What the methods share that model the density ratio as a sum of Gaussian bumps on some target samples."""

from __future__ import annotations

from da_core.params import hyper

WIDTHS = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.5)
"""What the cross-validation tries for σ, in units of the median distance."""

CENTRES = hyper(
    100,
    ge=1,
    le=2000,
    log=True,
    title="Centres",
    help="Number of random target samples that carry a kernel of the ratio; more fit finer detail.",
)
WIDTH = hyper(
    0.0,
    ge=0,
    le=100,
    step=0.1,
    symbol="σ",
    title="Kernel width",
    help="Width of the kernels in units of the median distance; 0 chooses it by cross-validation.",
)
