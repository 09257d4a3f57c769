"""Training samples/s of our loop against a bare hand-written one, for source only and each deep method, in one run.

    python -m tests.bench.training_speed [--precision bfloat16] [--device cuda] [--steps 150] [--rounds 3]

The bare loop is what a good tutorial writes: float tensors in memory, convolution → ReLU → pooling, Adam, one Python
step after the other. Each side runs in a process of its own, in turns, since ours changes how memory is kept.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

COUNT, BATCH, SIDE, CLASSES = 1408, 64, 32, 10


def bare(method: str, device_name: str, steps: int) -> float:
    """Seconds for ``steps`` steps of the hand-written loop."""
    import torch
    from torch import nn
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    torch.manual_seed(0)
    device = torch.device(device_name)
    extractor = nn.Sequential(
        nn.Conv2d(3, 24, 3, padding=1), nn.GroupNorm(3, 24), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(24, 48, 3, padding=1), nn.GroupNorm(6, 48), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(48, 72, 3, padding=1), nn.GroupNorm(9, 72), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1152, 128), nn.ReLU(),
    ).to(device)  # fmt: skip
    head = nn.Linear(128, CLASSES).to(device)
    critic = nn.Sequential(nn.Linear(128, 100), nn.ReLU(), nn.Linear(100, 1)).to(device)
    optimizer = torch.optim.Adam([*extractor.parameters(), *head.parameters(), *critic.parameters()], lr=1e-3)
    Xs, Xt = torch.randn(2, COUNT, 3, SIDE, SIDE, device=device)
    ys = torch.randint(CLASSES, (COUNT,), device=device)
    is_source = torch.cat([torch.ones(BATCH), torch.zeros(BATCH)]).to(device)

    class Reverse(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, lam):  # type: ignore[no-untyped-def]
            ctx.lam = lam
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):  # type: ignore[no-untyped-def]
            return -ctx.lam * gradient, None

    def step(at: int) -> None:
        rows = torch.randint(COUNT, (BATCH,), device=device)
        if method == "source_only":
            loss = cross_entropy(head(extractor(Xs[rows])), ys[rows])
        else:
            target_rows = torch.randint(COUNT, (BATCH,), device=device)
            fs, ft = extractor(Xs[rows]), extractor(Xt[target_rows])
            loss = cross_entropy(head(fs), ys[rows])
            if method == "dann":
                lam = 2 / (1 + 2.718281828 ** (-10 * at / steps)) - 1
                logits = critic(Reverse.apply(torch.cat([fs, ft]), lam)).squeeze(1)
                loss = loss + binary_cross_entropy_with_logits(logits, is_source)
            else:
                loss = loss + (torch.cov(fs.T) - torch.cov(ft.T)).square().sum() / (4 * 128**2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def go(first: int, last: int) -> None:
        for at in range(first, last):
            step(at)

    return timed(lambda: go(0, steps), lambda: go(0, 10), device_name)


def ours(method: str, device_name: str, steps: int, precision: str) -> float:
    """Seconds for ``steps`` steps of `da_core.training.loop.train`."""
    import numpy as np
    import torch

    from da_core.experiment import TrainingSpec
    from da_core.methods import methods
    from da_core.methods.base import DeepAlignment
    from da_core.networks import networks
    from da_core.training import devices
    from da_core.training.loop import train
    from da_core.training.model import Labelled, as_inputs

    device = torch.device(device_name)
    devices.configure(device)
    rng = np.random.default_rng(0)
    Xs, Xt = rng.integers(0, 256, (2, COUNT, SIDE, SIDE, 3), dtype=np.uint8)
    source = Labelled(as_inputs(Xs, device), torch.from_numpy(rng.integers(0, CLASSES, COUNT)).to(device))
    extractor = networks()["small_cnn"]
    network = extractor().network((SIDE, SIDE, 3), CLASSES, seed=0)
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    chosen = methods()[method]() if method != "source_only" else None
    target = as_inputs(Xt, device) if chosen is not None else None
    epochs = max(1, steps // (COUNT // BATCH))

    def go(epochs: int) -> None:
        assert chosen is None or isinstance(chosen, DeepAlignment)
        spec = TrainingSpec(epochs=epochs, precision=precision)  # type: ignore[arg-type]
        for _ in train(network, source, phase="adapt", spec=spec, seed=0, method=chosen, target=target, mirror=True):
            pass

    return timed(lambda: go(epochs), lambda: go(1), device_name) * steps / (epochs * (COUNT // BATCH))


def timed(work, warm_up, device_name: str) -> float:  # type: ignore[no-untyped-def]
    import torch

    warm_up()
    if device_name == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if device_name == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def in_a_process(side: str, method: str, arguments: argparse.Namespace) -> float:
    call = [sys.executable, "-m", "tests.bench.training_speed", "--side", side, "--method", method]
    call += ["--device", arguments.device, "--steps", str(arguments.steps), "--precision", arguments.precision]
    return float(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=176)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--method", choices=["source_only", "dann", "deep_coral"])
    parser.add_argument("--side", choices=["bare", "ours"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side == "bare":
        print(bare(arguments.method, arguments.device, arguments.steps))
    elif arguments.side == "ours":
        print(ours(arguments.method, arguments.device, arguments.steps, arguments.precision))
    else:
        print(f"{'method':<12} {'bare samples/s':>15} {'ours samples/s':>15} {'time ours/bare':>15}")
        for method in [arguments.method] if arguments.method else ["source_only", "dann", "deep_coral"]:
            pairs = [
                (in_a_process("bare", method, arguments), in_a_process("ours", method, arguments))
                for _ in range(arguments.rounds)
            ]
            samples = arguments.steps * BATCH * (1 if method == "source_only" else 2)
            theirs, mine = (samples / statistics.median(seconds) for seconds in zip(*pairs, strict=True))
            ratio = statistics.median(ours_ / bare_ for bare_, ours_ in pairs)
            print(f"{method:<12} {theirs:>15.0f} {mine:>15.0f} {ratio:>15.2f}")


if __name__ == "__main__":
    main()
