from __future__ import annotations

import os
import subprocess
import sys

import torch
from threadpoolctl import threadpool_info

from da_core.training import devices


def test_a_run_takes_no_more_threads_than_the_environment_grants() -> None:
    devices.configure(torch.device("cpu"))
    granted = int(os.environ["OMP_NUM_THREADS"])
    assert torch.get_num_threads() == granted
    pools = threadpool_info()
    assert {pool["num_threads"] for pool in pools if pool["user_api"] == "openmp"} == {granted}
    assert {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"} == {1}


def test_points_in_the_plane_take_one_thread() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import torch\n"
            "from da_core.experiment import DataSpec, Experiment\n"
            "from da_core.run import run\n"
            "for name in ('moons', 'street'):\n"
            "    next(run(Experiment(data=DataSpec(name=name), device='cpu')))\n"
            "    print(torch.get_num_threads())",
        ],
        env=os.environ | {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.split() == ["1", "2"]


def test_threads_that_wait_sleep_unless_somebody_wants_them_to_spin() -> None:
    """At its start libgomp prints its settings."""
    told = "OMP_WAIT_POLICY = "
    for wanted in ("PASSIVE", "ACTIVE"):
        environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        environment |= {"OMP_DISPLAY_ENV": "true"} | ({"OMP_WAIT_POLICY": "active"} if wanted == "ACTIVE" else {})
        load = [sys.executable, "-c", "import da_core, torch"]
        said = subprocess.run(load, env=environment, capture_output=True, text=True, check=True).stderr
        assert f"{told}'{wanted}'" in said
