"""Every process of the tests has one thread: threads that wait for a core that a neighbour has spin, for minutes.

numpy and torch read these names once, when they are imported; what a test starts inherits them. Set them to measure
something else.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
