"""Measure what the training of ten seeds at once costs, over that of one seed, and a study over one of its runs.

    python -m tests.bench.batched_seeds [--method source_only …] [--data moons] [--hidden 128] [--seeds 10]
        [--rounds 3] [--epochs 14] [--part training study]
    python -m tests.bench.batched_seeds --device cuda --data street --network small_cnn

Both sides are timed in one process, in turns, each with its samples' preparation; medians count. The ratio that says
something on a busy machine is that of processor time; by the wall's clock the others are measured as well. On a GPU it
is the clock's that counts, with nothing else on the card.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", nargs="+", default=["source_only", "deep_coral", "dan", "dann", "cdan", "mdd"])
    parser.add_argument("--data", default="moons")
    parser.add_argument("--network", default="mlp")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--hidden", type=int, default=128, help="size of an MLP's two hidden layers")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", nargs="+", choices=("training", "study"), default=["training", "study"])
    options = parser.parse_args()

    from da_core.experiment import Experiment
    from da_core.run import run, stage_costs
    from da_core.several_runs.study import Study, conduct
    from da_core.timing import Pace
    from da_core.training import devices, training_cache
    from da_core.training.apply import apply_method
    from da_core.training.batched import train_together
    from da_core.training.fit import train_source_only
    from da_core.training.monitor import Monitor
    from da_core.training.prepared import prepare, set_up

    def timed(work: Callable[[], object]) -> tuple[float, float]:
        """Seconds by the clock and of the processor, with nothing known of earlier trainings."""
        training_cache.trained = training_cache.TrainingCache()
        wall, processor = time.monotonic(), time.process_time()
        work()
        return time.monotonic() - wall, time.process_time() - processor

    def train_one(experiment: Experiment) -> None:
        setup = set_up(experiment)
        devices.configure(setup.device, on_points=setup.is_on_points)
        prepared, pace = prepare(setup), Pace(stage_costs(setup))
        monitor = Monitor(pace, lambda: False)

        def follow():
            pace.start("source_only")
            model = yield from train_source_only(prepared, monitor)
            if setup.adapts:
                pace.start("adapt")
                yield from apply_method(model, prepared, monitor, lambda epoch, model: None)

        for _event in follow():
            pass

    def train_all(experiments: list[Experiment]) -> None:
        for _event in train_together(experiments, training_cache.TrainingCache(), each_epoch=False):
            pass

    def whole_run(experiment: Experiment) -> None:
        for _event in run(experiment, embed=False):
            pass

    def whole_study(experiment: Experiment) -> None:
        for _event in conduct(Study.of(experiment, [experiment.method.name], options.seeds)):
            pass

    for name in options.method:
        flat = {"data": options.data, "network": options.network, "method": name, "device": options.device}
        flat |= {"training.epochs": str(options.epochs)}
        flat |= {"network.hidden": str(options.hidden)} if options.network == "mlp" else {}
        seeds = [Experiment.from_flat(flat | {"seed": str(seed)}) for seed in range(options.seeds)]
        parts: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "training": (partial(train_all, seeds), partial(train_one, seeds[0])),
            "study": (partial(whole_study, seeds[0]), partial(whole_run, seeds[0])),
        }
        for part in options.part:
            sides = parts[part]
            for work in sides:
                timed(work)  # what is loaded and compiled once
            rounds = [[timed(work) for work in sides] for _ in range(options.rounds)]
            (of_many, many), (of_one, one) = (
                [statistics.median(times[side][of] for times in rounds) for of in (0, 1)] for side in (0, 1)
            )
            print(
                f"{name}, {part}: {options.seeds} seeds {many:.2f} s, one {one:.2f} s of the processor; "
                f"ratio {many / one:.2f} (by the clock {of_many / of_one:.2f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
