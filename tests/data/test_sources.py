"""The catalogue of data: what there is, and that looking at it is cheap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from da_core.data import sources

ROOT = Path(__file__).parents[2]


def test_every_source_says_what_it_is() -> None:
    assert {"street", "digits_mnist", "digits_night", "mnist_m", "files"} <= set(sources())
    for source in sources().values():
        assert source.title
        assert source.summary.endswith(".")
        assert all(field.description for field in source.Params.model_fields.values())


def test_the_catalogue_imports_nothing_heavy() -> None:
    code = (
        "import sys, da_core.data.cache as cache; cache.sources();"
        "print({'torch', 'torchvision', 'sklearn', 'umap', 'mlxtend', 'streamlit'} & set(sys.modules))"
    )
    asked = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "set()"


def test_street_scenes_are_a_pair_of_different_scenes() -> None:
    pair = sources()["street"].load_from({"count": 100, "size": 48}, 5)
    assert pair.sample_shape == (48, 48, 3)
    assert (pair.source.name, pair.target.name, pair.flips, len(pair.classes)) == ("day", "night", True, 10)
    for domain in (pair.source, pair.target):
        assert np.bincount(domain.y).tolist() == [10] * 10
    assert pair.source.X.mean() > 1.5 * pair.target.X.mean()
    assert pair.source.y.tolist() != pair.target.y.tolist()  # another order: other scenes
    again = sources()["street"].load_from({"count": 100, "size": 48}, 5)
    np.testing.assert_array_equal(again.target.X, pair.target.X)
