"""The process that a `LimitedRun` starts: it drives one run after another for its parent.

python -m da_core.jobs.processes.limited_child FILE_DESCRIPTOR MEGABYTES
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from queue import SimpleQueue

from da_core.events import Finished

_MEGABYTE = 2**20


def main(descriptor: int, megabytes: int) -> None:
    """Answer the parent until it hangs up."""
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes * _MEGABYTE, megabytes * _MEGABYTE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (signal.SIGINT, signal.SIGTERM):  # what ends the server reaches its children too, and it decides
        signal.signal(number, signal.SIG_IGN)
    pipe, messages = Connection(descriptor), SimpleQueue[bytes]()
    threading.Thread(target=_listen, args=(pipe, messages), daemon=True).start()
    while True:
        _drive(pipe, messages)


def _listen(pipe: Connection, messages: SimpleQueue[bytes]) -> None:
    """Take in what the parent says, also while a run computes; end with the parent."""
    while True:
        try:
            messages.put(pipe.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


def _drive(pipe: Connection, messages: SimpleQueue[bytes]) -> None:
    """Drive one run: for every time that the parent asks, its next event, or the exception that it raised."""
    finish_early = threading.Event()
    message = messages.get()
    try:
        run, experiment, options = pickle.loads(message)
        events = run(experiment, should_stop=finish_early.is_set, **options)
        while True:
            if pickle.loads(messages.get()):
                finish_early.set()
            event = next(events, None)
            pipe.send_bytes(pickle.dumps(event))
            if event is None or isinstance(event, Finished):
                return
    except Exception as error:
        pipe.send_bytes(_pickled(error))


def _pickled(error: Exception) -> bytes:
    """Pickle an exception with its trace as a note, since frames cannot be pickled; some exceptions can neither."""
    trace = traceback.format_exc()
    error.add_note(trace)
    try:
        written = pickle.dumps(error.with_traceback(None))
        pickle.loads(written)
    except Exception:  # whatever another's exception does when it is pickled
        return pickle.dumps(RuntimeError(trace))
    return written


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
