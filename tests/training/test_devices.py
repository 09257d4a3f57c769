from __future__ import annotations

import os

import torch

from da_core.training import devices


def test_a_run_takes_no_more_threads_than_the_environment_grants() -> None:
    devices.configure(torch.device("cpu"))
    assert torch.get_num_threads() == int(os.environ["OMP_NUM_THREADS"])
