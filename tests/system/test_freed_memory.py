"""Memory that is free goes back to the system."""

from __future__ import annotations

import ctypes
import os

import psutil
import pytest

from da_core.system import freed_memory


@pytest.mark.skipif(os.name != "posix" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc")
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
