"""Choose the device of training, and make it fast and repeatable there."""

from __future__ import annotations

import os

import torch
from threadpoolctl import threadpool_limits

from da_core.errors import UserError
from da_core.settings import settings
from da_core.system import freed_memory
from da_core.system.limited_process import IS_SUPPORTED

# cuBLAS repeats its sums only with a fixed workspace, and reads this once, at its first call
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
_THREADS = torch.get_num_threads()  # the machine's cores, or as many as OMP_NUM_THREADS grants


def choose(name: str) -> torch.device:
    """Choose the device: ``auto`` (CUDA if there is one), ``cpu`` or ``cuda``. Raises `UserError` without CUDA."""
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("This machine has no CUDA device; choose auto or cpu.")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def runs_at_once() -> int:
    """Count the runs of a study that train at once, one a core; one alone where a GPU trains."""
    return _THREADS if IS_SUPPORTED and not torch.cuda.is_available() else 1


def configure(device: torch.device, *, on_points: bool = False) -> None:
    """Configure the calling thread and the process for one run: its share of the cores, and sums that repeat.

    The share is the same however busy the machine is, since the number of threads changes the last digits of sums, and
    so a whole training. Beside other processes it costs no more all the same: OpenMP's threads sleep while they wait
    (see `da_core`), and BLAS, whose threads always spin, gets one. A run ``on_points`` in the plane has one thread: to
    wake another takes longer than what it would compute.
    """
    threads = 1 if on_points else max(1, _THREADS // settings().workers)
    threadpool_limits(threads, "openmp")
    threadpool_limits(1, "blas")
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
    else:
        freed_memory.keep()
        torch.set_num_threads(threads)
