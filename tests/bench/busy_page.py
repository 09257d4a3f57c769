"""How much a page that computes in Python slows a training thread of the same process, as ratios measured in one run.

    python -m tests.bench.busy_page [--seconds 6]

“plain thread” trains as it stands; “queue” trains through `da_core.jobs.queue`, which hands the interpreter over
sooner.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from da_core.events import Event, Notice, Progress
from da_core.experiment import Experiment, TrainingSpec
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.local_runs import LocalRuns
from da_core.jobs.store import Store
from da_core.methods.alignment.dann import DANN
from da_core.networks import networks
from da_core.training import devices
from da_core.training.loop import train
from da_core.training.model import Labelled, as_inputs


def training() -> Iterator[Event]:
    """DANN on pictures of chance, for ever."""
    device = torch.device("cpu")
    devices.configure(device)
    X = np.random.default_rng(0).integers(0, 256, (512, 32, 32, 3), dtype=np.uint8)
    source = Labelled(as_inputs(X, device), torch.arange(512) % 10)
    extractor = networks()["small_cnn"]
    network = extractor().network((32, 32, 3), 10, seed=0)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    spec = TrainingSpec(epochs=500)
    for event in train(network, source, phase="adapt", spec=spec, seed=0, method=DANN(), target=source.X, mirror=True):
        yield event
        if not isinstance(event, Notice):
            yield Progress(event.epoch / spec.epochs, None)


class Meter:
    """Counts epochs as a run tells of them."""

    def __init__(self) -> None:
        self.epoch, self.stop = 0.0, threading.Event()

    def read(self, seconds: float) -> float:
        """Epochs a second over the next ``seconds``."""
        before, start = self.epoch, time.monotonic()
        self.stop.wait(seconds)
        return (self.epoch - before) / (time.monotonic() - start)

    def told(self, _experiment: Experiment | None = None, *, should_stop: Callable[[], bool] = bool) -> Iterator[Event]:
        for event in training():
            self.epoch = max(self.epoch, getattr(event, "epoch", 0.0))
            yield event
            if self.stop.is_set() or should_stop():
                return


def busy(until: threading.Event) -> None:
    """A page that computes in pure Python without a pause."""
    total = 0
    while not until.is_set():
        for number in range(10_000):
            total += number * number


def slowed(meter: Meter, seconds: float) -> float:
    """Idle speed over speed beside a busy page."""
    meter.read(2)  # warm up
    idle = meter.read(seconds)
    quiet = threading.Event()
    page = threading.Thread(target=busy, args=(quiet,), daemon=True)
    page.start()
    meter.read(0.5)
    beside = meter.read(4 * seconds)
    quiet.set()
    page.join()
    return idle / max(beside, 1e-9)


def in_plain_thread(seconds: float) -> float:
    meter = Meter()
    thread = threading.Thread(target=lambda: list(meter.told()), daemon=True)
    thread.start()
    ratio = slowed(meter, seconds)
    meter.stop.set()
    thread.join()
    return ratio


def in_queue(seconds: float) -> float:
    meter = Meter()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        queue = Queue(store, LocalRuns(store, meter.told))
        queue.submit(Experiment(), "bench")
        ratio = slowed(meter, seconds)
        queue.close()
    return ratio


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    chosen = parser.parse_args().seconds
    print(f"a busy page slows a plain thread {in_plain_thread(chosen):5.1f} ×")
    print(f"                and the queue's  {in_queue(chosen):5.1f} ×")
