"""A recipe holds keys; whoever reads it in a report is told what they mean, in either language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from da_core.events import Finished
from da_core.experiment import Experiment
from da_core.export.recipe_sentences import preprocessing_sentence, recipe_sentences
from da_core.i18n import Language, missing
from da_core.networks import networks
from da_core.run import run

EARLIER = Path(__file__).parents[1] / "earlier_versions" / "november_2026" / "out" / "result.json"
EN, ZH = Language("en"), Language("zh")


@pytest.fixture(autouse=True)
def nothing_missing_yet() -> None:
    missing.clear()


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    """That of a small run, as it lies on disk."""
    flat = {"data": "moons", "data.count": "60", "network": "identity", "method": "source_only"}
    *_, finished = run(Experiment.from_flat(flat), embed=False)
    assert isinstance(finished, Finished)
    held: dict[str, Any] = json.loads(finished.result.model_dump_json())["recipe"]
    return held


def test_a_recipe_holds_keys_that_are_said_in_the_readers_language(recipe: dict[str, Any]) -> None:
    assert recipe["selection"] == "last_epoch"
    assert recipe["preprocessing"] == {"kind": "none"}
    assert recipe["intervals"]["accuracy"] == "wilson"
    english, chinese = recipe_sentences(recipe, EN), recipe_sentences(recipe, ZH)
    assert english["Preprocessing"] == "none"
    assert english["Intervals"].startswith("95%: Wilson")
    assert "MOVER" in english["Intervals"]
    assert len(chinese) == len(english) == 3
    assert not set(chinese.values()) & set(english.values())
    assert not missing


@pytest.mark.parametrize("language", [EN, ZH])
@pytest.mark.parametrize(
    ("network", "settings", "kind", "english"),
    [
        ("small_cnn", {}, "pictures", "(x / 255 − (0.5, 0.5, 0.5)) / (0.25, 0.25, 0.25) in each channel"),
        ("resnet18", {}, "pictures", "(0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225) in each channel"),
        ("mlp", {}, "features", "none"),
        ("identity", {}, "features", "none"),
        ("pixels", {}, "pictures", "pixels, in colour, averaged down to 16 × 16"),
        ("pixels", {"channels": "brightness"}, "pictures", "pixels, brightness alone"),
        ("hog", {}, "pictures", "edges of the square root of light in 9 directions over 6 × 6 cells"),
        ("hog", {"root": False}, "pictures", "histograms of edges in 9 directions"),
        ("log_edges", {}, "pictures", "below 2 of 255 all is equally dark"),
        ("mfcc", {}, "sounds", "13 mel-frequency cepstral coefficients (deltas: first and second)"),
        ("speech_cnn", {}, "sounds", "log-mel spectrograms of 40 bands"),
        ("text_mlp", {}, "texts", "tf-idf vectors of whole words"),
        ("text_mlp", {"pieces": "both"}, "texts", "whole words and runs of characters"),
    ],
)
def test_every_networks_preprocessing_has_a_sentence(
    network: str, settings: dict[str, Any], kind: str, english: str, language: Language
) -> None:
    keys = json.loads(json.dumps(networks()[network](**settings).preprocessing(kind)))
    sentence = preprocessing_sentence({"preprocessing": keys}, language)
    assert sentence
    assert (english in sentence) == (language == EN)
    assert not missing


def test_steps_of_preparation_are_said_in_their_order_with_their_settings() -> None:
    recipe = {"preprocessing": {"kind": "none"}, "prepare": ["unit_rows", "pca:0.9:each", "of_tomorrow"]}
    assert preprocessing_sentence(recipe, EN) == "Rows of unit length → PCA (0.9, each) → of_tomorrow"
    assert preprocessing_sentence(recipe, ZH) == "每行缩放到单位长度 → PCA (0.9, 每域各自) → of_tomorrow"
    assert not missing
    scaled = {"preprocessing": {"kind": "standardised", "by": "domain"}}  # of an earlier version
    assert preprocessing_sentence(scaled, EN) == "each domain scaled by its own mean and deviation"


def test_the_prose_of_an_earlier_versions_recipe_is_shown_as_it_is() -> None:
    earlier = json.loads(EARLIER.read_text(encoding="utf-8"))["recipe"]
    sentences = recipe_sentences(earlier, ZH)
    assert list(sentences.values()) == [earlier["preprocessing"], earlier["selection"], earlier["intervals"]]
    assert recipe_sentences({}, EN) == {}
