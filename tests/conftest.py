"""Every process of the tests has one thread: threads that wait for a core that a neighbour has spin, for minutes.

numpy and torch read these names once, when they are imported; what a test starts inherits them. Set them to measure
something else.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import postgres

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Three processes for all tests; none beside this one for a few that are named: it starts sooner, and can debug.

    Tests in a browser wait a third of their time, so two cores have room for three. ``-n`` on the command line says
    otherwise; each process takes more than a gigabyte.
    """
    named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS or config.option.keyword
    return 0 if named else 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have several processes begin with what takes long, so that they end together."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL, where the machine has one."""
    if postgres.programs() is None:
        pytest.skip("this machine has no PostgreSQL")
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to another user
        Path(folder).chmod(0o755)
        with postgres.serving(Path(folder) / "pg") as url:
            yield url
