"""Vowels: the table is the published one, and what is heard has the pitch and the resonances that it says."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.data.pair import SOUND_RATE, DomainPair
from da_core.data.sources import sources
from da_core.data.synthesis.formants import speak_vowels
from da_core.errors import UserError
from tests.support.pairs import load


@pytest.fixture(scope="module")
def pair() -> DomainPair:
    return load(sources()["vowels"], {})


@pytest.mark.slow
def test_the_table_is_whole(pair: DomainPair) -> None:
    assert (pair.kind, pair.source.name, pair.target.name) == ("features", "men", "children")
    assert np.bincount(pair.source.y).tolist() == [66] * 10  # 33 men, two each
    assert np.bincount(pair.target.y).tolist() == [30] * 10  # 15 children
    women = load(sources()["vowels"], {"source": "women"}).source
    assert len(women) == 560
    for domain in (pair.source, pair.target):
        assert domain.captions is not None
        assert domain.audio is not None
        assert len(domain.captions) == len(domain.audio) == len(domain)


def test_means_are_those_that_the_paper_prints(pair: DomainPair) -> None:
    """Table II of the paper: average F1 and F2 of “heed” and “hod”, of men and of children."""
    printed = {
        ("men", 0): (270, 2290),
        ("men", 5): (730, 1090),
        ("children", 0): (370, 3200),
        ("children", 5): (1030, 1370),
    }
    for domain in (pair.source, pair.target):
        for label in (0, 5):
            means = np.exp(domain.X[domain.y == label].astype(float)).mean(axis=0)[1:3]
            np.testing.assert_allclose(means, printed[domain.name, label], rtol=0.03)


def test_children_are_higher_by_about_the_same_factor_in_all_resonances(pair: DomainPair) -> None:
    factor = np.exp(pair.target.X.mean(0) - pair.source.X.mean(0))
    assert (factor[1:] > 1.2).all()
    assert (factor[1:] < 1.5).all()
    assert factor[0] > 1.8  # the pitch, by the vocal folds


def test_the_same_speakers_twice_are_refused() -> None:
    with pytest.raises(UserError, match="same speakers"):
        load(sources()["vowels"], {"target": "men"})


@pytest.mark.parametrize("formants", [(120.0, 700.0, 1100.0, 2450.0), (250.0, 500.0, 2500.0, 3300.0)])
def test_a_voice_has_its_pitch_and_its_resonances(formants: tuple[float, ...]) -> None:
    (sound,) = speak_vowels(np.array([formants]), seconds=0.5)
    middle = sound[2000:6096].astype(float)
    autocorrelation = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    lags = slice(SOUND_RATE // 400, SOUND_RATE // 80)
    period = lags.start + int(autocorrelation[lags].argmax())
    assert SOUND_RATE / period == pytest.approx(formants[0], rel=0.04)
    # linear prediction finds the resonances again, as phoneticians do (Markel and Gray 1976)
    emphasised = np.append(middle[0], middle[1:] - 0.97 * middle[:-1]) * np.hamming(len(middle))
    order = 14
    r = np.correlate(emphasised, emphasised, "full")[len(emphasised) - 1 :][: order + 1]
    toeplitz = r[np.abs(np.subtract.outer(np.arange(order), np.arange(order)))]
    roots = np.roots([1, *-np.linalg.solve(toeplitz, r[1:])])
    narrow = roots[(roots.imag > 0) & (np.abs(roots) > 0.9)]
    found = np.sort(np.angle(narrow) * SOUND_RATE / 2 / np.pi)
    for resonance in formants[1:]:
        assert np.abs(found - resonance).min() < 0.1 * resonance + 0.5 * formants[0]
