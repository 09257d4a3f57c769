"""The app as people run it: `streamlit run app.py` in a process of its own, with a data folder of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_START_SECONDS = 120
_STOP_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A running server: its address without a slash at the end, its process, and the file of what it says."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


def free_port() -> int:
    """A port of localhost that nobody listens at just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def serving(
    folder: Path, *, before: Sequence[str] = (), program: Sequence[str] = ("-m", "streamlit"), **environment: str
) -> Iterator[Server]:
    """A fresh server that keeps its data in ``folder`` and is started from there, not from the repository.

    ``before`` stands before the command, as a shell that sets a limit does; ``program`` is what Python runs;
    ``environment`` are settings beside the usual ones.
    """
    command = [*before, sys.executable, *program, "run", str(ROOT / "app.py")]
    with start_server(command, folder, **environment) as server:
        yield server


@contextmanager
def start_server(command: Sequence[str], folder: Path, **environment: str) -> Iterator[Server]:
    """Start a server by a command that takes Streamlit's options, in ``folder``, and wait until it is healthy."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--server.port", str(port)],
            cwd=folder,
            env={**os.environ, "DA_LAB_DATA_DIR": str(folder / "data"), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://localhost:{port}", process, log)
    try:
        wait_until_healthy(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_healthy(server: Server) -> None:
    """Wait until the app answers at the server's address."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    said = server.log.read_text(errors="replace") if server.log.exists() else ""
    raise AssertionError(f"The server did not start; it said:\n{said}")
