"""The processes behind `da_core.system.limited_process`: a fork server, and the children that it forks.

python -m da_core.system.child_main CONTROL_SOCKET MODULE…
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import pickle
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import numpy as np

log = logging.getLogger(__name__)

_REQUEST_BYTES = 1000
_SIZE = struct.Struct("<Q")
_MOST_RECORDS = 100


def send(channel: socket.socket, value: Any) -> None:
    """Send a value; the memory of arrays goes as it is, without a copy."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(head), *(buffer.raw() for buffer in buffers)]
    channel.sendall(b"".join(_SIZE.pack(size) for size in (len(parts), *(part.nbytes for part in parts))))
    for part in parts:
        channel.sendall(part)


def receive(channel: socket.socket) -> Any:
    """Receive a value. Raises `EOFError` where the other side has ended."""
    (count,) = _SIZE.unpack(_read(channel, _SIZE.size))
    sizes = [_SIZE.unpack(_read(channel, _SIZE.size))[0] for _ in range(count)]
    head, *buffers = [_read(channel, size) for size in sizes]
    return pickle.loads(head, buffers=buffers)  # both sides are this program


def _read(channel: socket.socket, size: int) -> memoryview:
    view = content = np.empty(size, np.uint8).data  # a bytearray would be filled with zeros first
    while view:
        count = channel.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return content


def main(control: socket.socket, modules: list[str]) -> None:
    """Import ``modules``, then fork a child for each socket that the parent sends, until it hangs up."""
    for number in (signal.SIGINT, signal.SIGTERM):  # what ends the parent reaches its children too, and it decides
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects children that have ended
    for name in modules:
        importlib.import_module(name)
    gc.freeze()  # what is shared with the children stays shared
    while True:
        request, sockets, _flags, _address = socket.recv_fds(control, _REQUEST_BYTES, 1)
        if not request:
            return
        with socket.socket(fileno=sockets[0]) as channel:
            try:
                is_child = os.fork() == 0
            except OSError:  # the parent sees the socket closed
                log.exception("no child process can be forked now")
                continue
            if is_child:
                control.close()
                _serve(channel, json.loads(request))


def _serve(channel: socket.socket, limits: dict[str, int]) -> None:
    """Answer the parent until it hangs up, within limits by the names that `resource` has for them."""
    import resource  # there is none on Windows

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for name, most in {"RLIMIT_CORE": 0, **limits}.items():
        _soft, hard = resource.getrlimit(number := getattr(resource, name))
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (most, most))
    records = _RecordList()
    logging.basicConfig(handlers=[records], level=logging.WARNING, force=True)
    messages = SimpleQueue[Any]()
    threading.Thread(target=_listen, args=(channel, messages), daemon=True).start()
    send(channel, os.getpid())
    while True:
        for answer in _answers(messages):
            try:
                send(channel, (*answer, records.take()))
            except OSError:  # the parent has hung up
                os._exit(0)


def _listen(channel: socket.socket, messages: SimpleQueue[Any]) -> None:
    """Receive messages, also while something computes; end with the parent."""
    while True:
        try:
            messages.put(receive(channel))
        except (EOFError, OSError):
            os._exit(0)


def _answers(messages: SimpleQueue[Any]) -> Iterator[tuple[str, Any]]:
    """Call a function at the parent's request: each answer is a kind and a value.

    Of a function that returns an iterator, one value for each further message, which says whether to finish early.
    """
    finish_early = threading.Event()
    function, args, options, takes_stop = messages.get()
    try:
        result = function(*args, **options, **({"should_stop": finish_early.is_set} if takes_stop else {}))
        if not isinstance(result, Iterator):
            yield "result", result
            return
        while True:
            if messages.get():
                finish_early.set()
            try:
                value = next(result)
            except StopIteration:
                yield "end", None
                return
            yield "value", value
    except Exception as error:
        yield "error", portable(error)


def portable(error: Exception) -> Exception:
    """Make an exception that can be pickled, with its trace as a note, since frames cannot."""
    trace = traceback.format_exc()
    error.add_note(trace)
    try:
        pickle.loads(pickle.dumps(error.with_traceback(None)))
    except Exception:  # whatever an exception of another library does when it is pickled
        return RuntimeError(trace)
    return error


class _RecordList(logging.Handler):
    """Collect log records for the parent to log."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._records) < _MOST_RECORDS:
            self._records.append((record.name, record.levelno, self.format(record)))

    def take(self) -> list[tuple[str, int, str]]:
        """Return what was logged since the last time."""
        taken, self._records = self._records, []
        return taken


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
