"""Measure what checkpoints cost a training: the share of its processor time that goes into them.

    python -m tests.bench.checkpoint_cost [--count 200] [--epochs 8] [--seconds 2] [--rounds 2] [--network small_cnn]

Street scenes and DANN on the processor, with checkpoints more often than a server keeps them. Processor time is what
counts, since on a machine that is busy otherwise the wall's clock measures the others; what waits for the disk is in
the share of the clock, which is printed beside it. A minute or two on two cores.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

MOST = 0.03
"""Of a training's time, at most so much may go into its checkpoints."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="samples a domain")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2.0, help="between two checkpoints, at least (5 on a server)")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--network", default="small_cnn")
    options = parser.parse_args()

    import da_core.run as walk
    from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec, TrainingSpec
    from da_core.jobs.checkpoint_store import CheckpointPlace, CheckpointStore
    from da_core.object_storage import ObjectStorage
    from da_core.run import run
    from da_core.training import resuming, training_cache

    training_cache.trained = training_cache.TrainingCache(most_bytes=0)
    experiment = Experiment(
        data=DataSpec(name="street", params={"count": options.count}),
        network=NetworkSpec(name=options.network),
        method=MethodSpec(name="dann"),
        training=TrainingSpec(epochs=options.epochs),
        device="cpu",
    )
    spent = {"processor": 0.0, "clock": 0.0}
    sizes: list[int] = []

    class Measured(resuming.RunCheckpoint):
        def __init__(self, place, pace, snapshots) -> None:
            super().__init__(place, pace, snapshots, seconds=options.seconds)

        def _offer(self, phase, training, state) -> None:
            processor, clock = time.thread_time(), time.monotonic()
            super()._offer(phase, training, state)
            spent["processor"] += time.thread_time() - processor
            spent["clock"] += time.monotonic() - clock

    class Place(CheckpointPlace):
        def write(self, content: bytes) -> None:
            super().write(content)
            sizes.append(len(content))

    vars(walk)["RunCheckpoint"] = Measured
    shares: dict[str, list[float]] = {"processor": [], "clock": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds + 1):  # the first loads and compiles what is loaded and compiled once
            place = Place(CheckpointStore(ObjectStorage(Path(folder))), f"{number:016x}-00000000", 1)
            spent.update(processor=0.0, clock=0.0)
            before = len(sizes)
            processor, clock = time.process_time(), time.monotonic()
            for _event in run(experiment, embed=False, checkpoint=place):
                pass
            whole = {"processor": time.process_time() - processor, "clock": time.monotonic() - clock}
            if number == 0:
                sizes.clear()
                continue
            for name, share in shares.items():
                share.append(spent[name] / whole[name])
            print(
                f"round {number}: {len(sizes) - before} checkpoints in {whole['clock']:.1f} s "
                f"({whole['processor']:.1f} s of the processor): {100 * shares['processor'][-1]:.2f} % of the "
                f"processor's time, {100 * shares['clock'][-1]:.2f} % of the clock's",
                flush=True,
            )
    for name, share in shares.items():
        print(f"share of the {name}'s time that went into checkpoints: {100 * statistics.median(share):.2f} % (median)")
    if sizes:
        print(f"the largest checkpoint: {max(sizes) / 2**20:.1f} MiB")
    met = statistics.median(shares["processor"]) <= MOST
    print(f"at most {100 * MOST:.0f} %: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
