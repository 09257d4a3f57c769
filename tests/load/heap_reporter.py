"""Streamlit's command, in a process that writes down now and then what Python's objects take.

    python tests/load/heap_reporter.py FILE run app.py …

The bytes are those that `tracemalloc` counts from the start on, after a collection: what then grows is held.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import tracemalloc
from pathlib import Path


def report(file: Path) -> None:
    """Write the bytes, whole or not at all, each second or more: a collection holds all threads up."""
    while True:
        begun = time.monotonic()
        gc.collect()
        fresh = file.with_suffix(".new")
        fresh.write_text(str(tracemalloc.get_traced_memory()[0]))
        os.replace(fresh, file)
        time.sleep(max(1.0, 20 * (time.monotonic() - begun)))


if __name__ == "__main__":
    tracemalloc.start()
    threading.Thread(target=report, args=(Path(sys.argv.pop(1)),), name="heap-reporter", daemon=True).start()
    sys.path[0] = str(Path(__file__).parents[2])
    from streamlit.web.cli import main

    main()
