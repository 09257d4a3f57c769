"""How many places a process's threads take their memory from, and what becomes of it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import psutil
import pytest

from da_core.system import freed_memory

PROGRAM = """
import ctypes, sys, threading
from da_core.system import freed_memory

if sys.argv[1] == "shared":
    freed_memory.share()
all_there, told = threading.Barrier(13), threading.Event()

def work():
    held = [bytes(1000) for _ in range(1000)]
    all_there.wait()
    told.wait()

for _ in range(12):
    threading.Thread(target=work).start()
all_there.wait()
libc = ctypes.CDLL(None)
stdout = ctypes.c_void_p.in_dll(libc, "stdout")
libc.malloc_info(0, stdout)
libc.fflush(stdout)
told.set()
"""


needs_glibc = pytest.mark.skipif(
    os.name != "posix" or not hasattr(ctypes.CDLL(None), "malloc_info"), reason="needs glibc, whose arenas these are"
)


@needs_glibc
def test_threads_share_the_places_that_they_take_memory_from() -> None:
    def places(how: str) -> int:
        command = [sys.executable, "-c", PROGRAM, how]
        environment = os.environ | {"PYTHONMALLOC": "malloc"}  # else Python's own objects are mapped by itself
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        return told.count("<heap nr=")

    assert places("shared") == 2
    assert places("each its own") > 2


@needs_glibc
def test_what_is_free_between_what_is_not_is_given_back() -> None:
    def resident() -> int:
        return int(psutil.Process().memory_info().rss)

    blocks = [bytes(10_000) for _ in range(20_000)]  # 200 MB, of which every hundredth block stays
    taken = resident()
    kept = blocks[::100]
    del blocks
    freed_memory.give_back()

    assert resident() < taken - 150_000_000
    assert not any(map(any, kept))
