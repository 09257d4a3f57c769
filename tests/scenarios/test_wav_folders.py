"""From folders of WAV files to scores: sounds that a quiet room and a noisy line carry."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from da_core.cli import main
from da_core.data.pair import SOUND_RATE
from da_core.data.readers.sounds import to_wav

CALLS = {"falls": (2200.0, 500.0), "rises": (500.0, 2200.0), "stays": (1100.0, 1100.0)}
"""From which frequency a call goes to which, in Hz: over the whole call, the first two hold the same tones."""


def call(name: str, rng: np.random.Generator, noise: float) -> bytes:
    """Half a second, up to a fifth higher or lower than told."""
    first, last = np.array(CALLS[name]) * rng.uniform(0.8, 1.2)
    tone = np.linspace(first, last, SOUND_RATE // 2)
    heard = np.sin(2 * np.pi * np.cumsum(tone) / SOUND_RATE) + noise * rng.normal(size=tone.size)
    return to_wav((6000 * heard).clip(-32768, 32767).astype(np.int16))


def recorded(folder: Path, seed: int, noise: float) -> str:
    rng = np.random.default_rng(seed)
    for name in CALLS:
        (folder / name).mkdir(parents=True)
        for number in range(30):
            (folder / name / f"{number}.wav").write_bytes(call(name, rng, noise))
    return str(folder)


@pytest.mark.slow
def test_calls_in_a_quiet_room_are_known_again_on_a_noisy_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--source", recorded(tmp_path / "room", 0, 0.02), "--target", recorded(tmp_path / "line", 1, 1.0)]
    arguments = ["run", *places, "--network", "speech_cnn", "--method", "deep_coral", "--oracle", "--json"]
    assert main([*arguments, "--set", "data.seconds=0.5", "--set", "training.epochs=10", "--out", str(tmp_path)]) == 0
    result = json.loads(capsys.readouterr().out)
    for name in ("source_only", "adapted", "oracle"):
        assert result[name]["source"]["accuracy"] > 0.9
        assert result[name]["target"]["accuracy"] > 0.9, "each band is scaled by its own domain, so noise hides nothing"
    with np.load(tmp_path / "evidence.npz", allow_pickle=False) as evidence:
        assert len(evidence["target_features/after"]) == len(evidence["target_label"])
