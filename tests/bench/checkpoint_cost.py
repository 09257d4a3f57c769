"""Measure what checkpoints cost a training: their share of its time, and its processor time over that of one without.

    python tests/bench/checkpoint_cost.py [--epochs 14] [--seconds 5] [--rounds 3] [--network small_cnn]

Both sides train on the same street scenes in one process, in turns; medians are what counts. The ratio is of processor
time, since on a machine that is busy otherwise the wall's clock measures the others.
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

    import da_core.run as walk
    from da_core.experiment import Experiment, NetworkSpec, TrainingSpec
    from da_core.jobs.checkpoint_store import CheckpointFolder, CheckpointPlace
    from da_core.run import run
    from da_core.training import resuming, training_cache

    training_cache.trained = training_cache.TrainingCache(most_bytes=0)
    experiment = Experiment(
        network=NetworkSpec(name=options.network), training=TrainingSpec(epochs=options.epochs), device="cpu"
    )
    written: list[tuple[float, int]] = []

    class Measured(resuming.RunCheckpoint):
        def __init__(self, place, pace, snapshots) -> None:
            super().__init__(place, pace, snapshots, seconds=options.seconds)

        def _offer(self, phase, training, state) -> None:
            began, before = time.monotonic(), place.writes
            super()._offer(phase, training, state)
            if place.writes != before:
                written.append((time.monotonic() - began, place.size))

    class Place(CheckpointPlace):
        writes = size = 0

        def write(self, content: bytes) -> None:
            super().write(content)
            vars(self).update(size=len(content), writes=self.writes + 1)

    vars(walk)["RunCheckpoint"] = Measured

    def trained(place: CheckpointPlace | None) -> tuple[float, float]:
        """Seconds by the clock and of the processor."""
        wall, processor = time.monotonic(), time.process_time()
        for _event in run(experiment, embed=False, checkpoint=place):
            pass
        return time.monotonic() - wall, time.process_time() - processor

    shares, ratios = [], []
    with tempfile.TemporaryDirectory() as folder:
        trained(None)  # what is loaded and compiled once
        for number in range(options.rounds):
            place = Place(CheckpointFolder(Path(folder)), f"{number:016x}-00000000", 1)
            (_, without), first = trained(None), len(written)
            wall, processor = trained(place)
            here = written[first:]
            shares.append(sum(took for took, _size in here) / wall)
            ratios.append(processor / without)
            print(f"round {number + 1}: {len(here)} checkpoints in {wall:.1f} s, {100 * shares[-1]:.2f} % of it")
    print(f"share of the time that went into checkpoints: {100 * statistics.median(shares):.2f} % (median)")
    print(f"processor time with checkpoints over without: {statistics.median(ratios):.3f} (median)")
    if written:
        took = statistics.median(took for took, _size in written)
        print(f"a checkpoint: {max(size for _took, size in written) / 2**20:.1f} MiB, {1000 * took:.0f} ms")


if __name__ == "__main__":
    main()
