"""The catalogue of data: what there is, and that looking at it is cheap."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from da_core.data.source import AREAS, Area
from da_core.data.sources import sources
from da_core.params import describe
from tests.support.pairs import load

ROOT = Path(__file__).parents[2]


def test_every_source_says_what_it_is() -> None:
    assert {"street", "digits_mnist", "digits_night", "mnist_m", "files"} <= set(sources())
    for source in sources().values():
        assert source.summary.endswith(".")
        assert all(hyper.help for hyper in describe(source.Params))


def test_the_areas_of_the_catalogue_are_those_that_a_source_may_declare() -> None:
    assert set(AREAS) == set(get_args(Area)) == {source.area for source in sources().values()}


def test_the_catalogue_imports_nothing_heavy() -> None:
    code = (
        "import sys, da_core.data.loading.cache as cache; cache.sources();"
        "print({'torch', 'torchvision', 'sklearn', 'umap', 'mlxtend', 'streamlit'} & set(sys.modules))"
    )
    asked = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "set()"


NEEDS_MORE = {"files", "rated_texts"}
"""What needs files of a visitor, or a package that is not among the requirements."""
BUILT_IN = [name for name, source in sources().items() if name not in NEEDS_MORE and not source().remotes()]
"""What has to load on a machine without a network."""
FEW = 200


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_pair_loads_alone_seeded_and_as_it_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("a built-in pair asked the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    source = sources()[name]
    values = {"count": FEW} if "count" in source.Params.model_fields else {}
    pair, again, other = (load(source, values, seed) for seed in (0, 0, 1))
    assert pair.provenance.title == source.title
    assert pair.provenance.shift == source.shift
    assert pair.provenance.origin.endswith(".")
    assert pair.provenance.licence.endswith(".")
    assert len(set(pair.classes)) == len(pair.classes)
    if pair.columns:
        assert pair.sample_shape == (len(pair.columns),)
    for role in ("source", "target"):
        domain, same = getattr(pair, role), getattr(again, role)
        assert len(domain.X) == len(domain.y) > 0
        assert np.bincount(domain.y, minlength=len(pair.classes)).min() > 1
        assert len(domain.y) <= FEW or not values
        np.testing.assert_array_equal(domain.X, same.X)
        np.testing.assert_array_equal(domain.y, same.y)
    assert pair.source.name != pair.target.name
    differs = [not np.array_equal(getattr(pair, role).X, getattr(other, role).X) for role in ("source", "target")]
    assert any(differs) or name in UNSEEDED


UNSEEDED = {"digits_mnist", "vowels"}
"""Pairs that are whole sets, so that no seed chooses among their samples."""
