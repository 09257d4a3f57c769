"""Streamlit's command, in a process that writes down now and then what its heap holds.

    PYTHONMALLOC=malloc python -m tests.load.heap_reporter FILE run app.py …

The bytes are those that glibc's `malloc` has handed out and not got back, after a collection: what then grows is held.
With ``PYTHONMALLOC=malloc`` all of Python's objects are among them. `tracemalloc` would count them, too, and slow the
server down to a quarter.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
from pathlib import Path


class HeapInfo(ctypes.Structure):
    """What ``mallinfo2`` returns, glibc 2.33 or later."""

    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks")),
        *((name, ctypes.c_size_t) for name in ("uordblks", "fordblks", "keepcost")),
    ]


def held_bytes() -> int:
    """Count the bytes that are in use, in the arenas of all threads and in mapped blocks."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = HeapInfo
    info = mallinfo()
    return int(info.uordblks) + int(info.hblkhd)


def report(file: Path) -> None:
    """Write the bytes, whole or not at all, each second or more: a collection holds all threads up."""
    while True:
        begun = time.monotonic()
        gc.collect()
        fresh = file.with_suffix(".new")
        fresh.write_text(str(held_bytes()))
        os.replace(fresh, file)
        time.sleep(max(1.0, 20 * (time.monotonic() - begun)))


if __name__ == "__main__":
    threading.Thread(target=report, args=(Path(sys.argv.pop(1)),), name="heap-reporter", daemon=True).start()
    from streamlit.web.cli import main

    main()
