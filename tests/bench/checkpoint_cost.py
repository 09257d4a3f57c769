"""Time of a training with checkpoints over that of the same one without, and what one checkpoint takes.

    python tests/bench/checkpoint_cost.py [--epochs 14] [--seconds 5] [--rounds 3] [--network small_cnn]

Both sides train on the same street scenes in one process, in turns; the median of the rounds' ratios is what counts.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--network", default="small_cnn")
    options = parser.parse_args()

    from da_core.experiment import Experiment, NetworkSpec, TrainingSpec
    from da_core.jobs.checkpoint_store import CheckpointFolder, CheckpointPlace
    from da_core.run import run
    from da_core.training import resuming, training_cache

    training_cache.trained = training_cache.TrainingCache(most=0)
    experiment = Experiment(
        network=NetworkSpec(name=options.network), training=TrainingSpec(epochs=options.epochs), device="cpu"
    )
    written: list[tuple[float, int]] = []

    class Timed(resuming.RunCheckpoint):
        def __init__(self, place, pace, snapshots) -> None:
            super().__init__(place, pace, snapshots, seconds=options.seconds)

    class Place(CheckpointPlace):
        def write(self, content: bytes) -> None:
            began = time.perf_counter()
            super().write(content)
            written.append((time.perf_counter() - began, len(content)))

    import da_core.run as walk

    walk.RunCheckpoint = Timed  # type: ignore[misc]

    def seconds(place: CheckpointPlace | None) -> float:
        began = time.perf_counter()
        for _event in run(experiment, embed=False, checkpoint=place):
            pass
        return time.perf_counter() - began

    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        seconds(None)  # what is loaded and compiled once
        for number in range(options.rounds):
            place = Place(CheckpointFolder(Path(folder)), f"{number:016x}-00000000", 1)
            before, count = seconds(None), len(written)
            ratios.append(seconds(place) / before)
            print(f"round {number + 1}: {ratios[-1]:.3f} × of {before:.1f} s, {len(written) - count} checkpoints")
    print(f"with checkpoints over without: {statistics.median(ratios):.3f} (median)")
    if written:
        took = statistics.median(took for took, _size in written)
        print(f"a checkpoint: {max(size for _took, size in written) / 2**20:.1f} MiB, {1000 * took:.0f} ms to write")


if __name__ == "__main__":
    main()
