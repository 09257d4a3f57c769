"""Child processes with limits: a file or a run that takes too much, or crashes its process, ends no other.

A `ForkServer` is a process of its own that has imported what children need; it forks one in some ten milliseconds. What
the two sides send each other is pickled: both are this program. Linux alone has all that this needs.
"""

from __future__ import annotations

import json
import logging
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from da_core.system.child_main import receive, send

IS_SUPPORTED = sys.platform.startswith("linux")

_ROOT = Path(__file__).parents[2]
_MEGABYTE = 2**20
_SOCKET_BYTES = 4 * _MEGABYTE
"""What the kernel may hold of an answer: at its default of 208 KB the two sides wait for each other all the time."""


class ChildDiedError(Exception):
    """The child has ended without an answer."""


class OutOfTimeError(Exception):
    """The child took longer than it was given, and was ended."""


class ForkServer:
    """Forks children that have imported ``modules`` already. Safe to use from many threads.

    It is started when it is first needed, and again where it has died; it ends with this process.
    """

    def __init__(self, modules: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> None:
        self._modules = modules
        self._environment = environment or {}
        self._control: socket.socket | None = None
        self._end: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Start the server, so that the first child need not wait for it."""
        with self._lock:
            self._started()

    def fork(
        self, megabytes: int | None = None, *, cpu_seconds: int | None = None, may_write: bool = True
    ) -> LimitedProcess:
        """Fork a child that may take so much memory and processor time, and write files or not.

        The memory is that of data (RLIMIT_DATA), None for any: what torch and others map without using it does not
        count. Raises `ChildDiedError` where the system has no room for one more process.
        """
        limits = {} if megabytes is None else {"RLIMIT_DATA": megabytes * _MEGABYTE}
        limits |= {} if cpu_seconds is None else {"RLIMIT_CPU": cpu_seconds}
        limits |= {} if may_write else {"RLIMIT_FSIZE": 0}
        request = json.dumps(limits).encode()
        with suppress(EOFError, OSError):  # the server has died, and is started again
            return self._fork(request)
        try:
            return self._fork(request)
        except (EOFError, OSError) as error:
            raise ChildDiedError("no child process could be forked") from error

    def _fork(self, request: bytes) -> LimitedProcess:
        channel, child_end = socket.socketpair()
        child_end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        with self._lock:
            control = self._started()
        try:
            with child_end:
                socket.send_fds(control, [request], [child_end.fileno()])
            return LimitedProcess(channel, pid=receive(channel))
        except (EOFError, OSError):
            channel.close()
            with self._lock:
                if self._control is control:
                    self._end()
                    self._control = None
            raise

    def _started(self) -> socket.socket:
        """Start the server unless it runs; return the socket to it."""
        if self._control is None:
            control, child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
            with child_end:
                process = subprocess.Popen(
                    [sys.executable, "-m", "da_core.system.child_main", str(child_end.fileno()), *self._modules],
                    stdin=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": path, **self._environment},
                    pass_fds=[child_end.fileno()],
                )
            self._control, self._end = control, weakref.finalize(self, _end_server, control, process)
        return self._control


class LimitedProcess:
    """A child process and the socket to it, ended with this object; ``is_free``: it has nothing to do."""

    def __init__(self, channel: socket.socket, pid: int) -> None:
        self.pid = pid
        self.is_free = True
        self._channel = channel
        self._handle = os.pidfd_open(pid)  # stands for this very process, also when its number has come round
        self.end = weakref.finalize(self, _end, self._handle, channel)

    def call(self, function: Callable[..., Any], *args: Any, seconds: float) -> Any:
        """Call a function there and return its result. Raises its errors, `OutOfTimeError`, `ChildDiedError`."""
        self._send((function, args, {}, False))
        return self._answer(seconds)

    def begin(self, function: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Call a function there that returns an iterator; it also gets ``should_stop``. Raises `ChildDiedError`."""
        self._send((function, args, options, True))
        self.is_free = False

    def next_value(self, finish_early: bool) -> Any:
        """Ask for the iterator's next value and wait for it; None once it is over. Raises what the iterator raises."""
        if self.is_free:
            return None
        self._send(finish_early)
        return self._answer(None)

    def lives(self) -> bool:
        """Tell whether nothing has ended the process."""
        return not select.select([self._handle], [], [], 0)[0]

    def megabytes(self) -> int:
        """Return what the process holds of what is limited."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        match = re.search(r"VmData:\s*(\d+) kB", status)
        return int(match[1]) // 1024 if match else 0

    def _send(self, message: Any) -> None:
        try:
            send(self._channel, message)
        except ConnectionError as error:
            raise ChildDiedError("the child process has ended") from error

    def _answer(self, seconds: float | None) -> Any:
        self._channel.settimeout(seconds)
        try:
            kind, value, records = receive(self._channel)
        except TimeoutError:
            self.end()
            raise OutOfTimeError(f"the child took more than {seconds} seconds") from None
        except (EOFError, ConnectionError) as error:
            raise ChildDiedError("the child process has ended without an answer") from error
        for name, level, text in records:
            logging.getLogger(name).log(level, "%s", text)
        self.is_free = kind != "value"
        if kind == "error":
            raise value
        return value


def _end(handle: int, channel: socket.socket) -> None:
    """End a child at once, and wait until it has."""
    channel.close()
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    select.select([handle], [], [])
    os.close(handle)


def _end_server(control: socket.socket, process: subprocess.Popen[bytes]) -> None:
    """End a fork server at once; children that are left end when their own sockets close."""
    control.close()
    process.kill()
    process.wait()
