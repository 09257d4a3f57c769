"""The networks for texts and for sounds: what they take, and that they learn what is in it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from da_core.data.pair import SOUND_RATE
from da_core.data.readers.sounds import MELS, log_mel
from da_core.errors import UserError
from da_core.networks import networks

TEXTS = np.array(["Not bad at all :-)", "bad bad bad", "it's good", "Good, good!", "so-so :-)"])
ALL = np.arange(5)


def prepared(X: NDArray, name: str, **params: bool | float | str) -> tuple[NDArray, NDArray]:
    return networks()[name](**params).prepare(X, X[::-1], ALL[: len(X)], ALL[: len(X)])


def test_words_are_weighted_as_scikit_learn_weights_them() -> None:
    mine, turned = prepared(TEXTS, "text_mlp", size=64)
    theirs = TfidfVectorizer(token_pattern=r"\w+(?:'\w+)*|[^\w\s]+", sublinear_tf=True)
    expected = theirs.fit([*TEXTS, *TEXTS]).transform(TEXTS).toarray()
    np.testing.assert_allclose(mine / np.sqrt(mine.shape[1]), expected, atol=1e-6)
    np.testing.assert_array_equal(turned, mine[::-1])
    assert (mine**2).mean(axis=1) == pytest.approx(1)
    assert ":-)" in theirs.vocabulary_
    assert "it's" in theirs.vocabulary_


@pytest.mark.parametrize("pieces", ["words", "characters", "both"])
@pytest.mark.parametrize("vectors", ["tf-idf", "hashed"])
def test_every_kind_of_vector_has_its_size_and_goes_through(pieces: str, vectors: str) -> None:
    network = networks()["text_mlp"](pieces=pieces, vectors=vectors, size=64)
    X, _ = network.prepare(TEXTS, TEXTS, ALL, ALL)
    assert X.dtype == np.float32
    assert X.shape == (5, 64) if vectors == "hashed" else X.shape[1] <= 64
    built = network.network(X.shape[1:], 2, seed=0)
    assert built(torch.tensor(X)).shape == (5, 2)
    assert network.feature_dim(()) == built.feature_dim  # told before anything is prepared


def test_only_training_rows_make_the_vocabulary() -> None:
    network = networks()["text_mlp"]()
    X, _ = network.prepare(TEXTS, TEXTS, np.array([1]), np.array([1]))
    assert X.shape == (5, 1)  # “bad”
    assert not X[2].any()


def test_texts_without_a_word_are_explained() -> None:
    with pytest.raises(UserError, match="contain no words"):
        prepared(np.array(["", "  "]), "text_mlp")


def test_bands_are_scaled_by_their_own_domain() -> None:
    rng = np.random.default_rng(0)
    sounds = rng.integers(-9000, 9000, (5, SOUND_RATE // 4)).astype(np.int16)
    quiet = sounds // 30
    network = networks()["speech_cnn"]()
    loud_bands, quiet_bands = network.prepare(sounds, quiet, ALL, ALL)
    assert loud_bands.shape == (5, MELS, log_mel(sounds).shape[2])
    np.testing.assert_allclose(loud_bands.mean(axis=(0, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(loud_bands.std(axis=(0, 2)), 1, atol=1e-3)
    np.testing.assert_allclose(quiet_bands, loud_bands, atol=0.2)  # how loud a recording is says nothing here


@pytest.mark.parametrize("samples", [10, 1600, SOUND_RATE, 4 * SOUND_RATE])
def test_sounds_of_every_length_go_through(samples: int) -> None:
    network = networks()["speech_cnn"]()
    sounds = np.zeros((2, samples), np.int16)
    X, _ = network.prepare(sounds, sounds, np.arange(2), np.arange(2))
    built = network.network(X.shape[1:], 3, seed=0)
    assert built(torch.tensor(X)).shape == (2, 3)
    assert network.feature_dim((samples,)) == built.feature_dim
