"""What a change of a room costs the server with one follower and with many: one snapshot is written for all.

    python tests/bench/room_followers.py [--followers 250] [--changes 40]

The followers wait as phones do, through the route that they ask, in one event loop; each change is an act of the
instructor's. Told are the processor's seconds a change that go into writing the snapshot (which is what may not grow
with the class), and all that the server does for a change, handing the bytes to every follower included.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

os.environ.setdefault("DA_LAB_DATA_DIR", tempfile.mkdtemp())

from starlette.requests import Request

from da_core.jobs.scheduling.run_view import RunView
from da_core.teaching.hall.lecture import shipped
from da_core.teaching.hall.room import Room, RoomAct
from da_core.teaching.hall.rooms import rooms
from pages.hall import room_routes, room_snapshots

TEACHER = "teacher"


class Clock:
    """How long all snapshots took to write, and how many there were."""

    seconds = 0.0
    count = 0

    def written(self, room: Room, run: RunView | None, tag: str) -> bytes:
        start = time.thread_time()
        body = _written(room, run, tag)
        self.seconds += time.thread_time() - start
        self.count += 1
        return body


_written = room_snapshots.written


async def follow(room_id: str, until: int) -> None:
    """Follow a room as a phone does, until its slide is the last."""
    have = ""
    while True:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "path_params": {"room": room_id},
            "query_string": f"have={have}".encode(),
            "headers": [],
        }

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(3600)
            return {"type": "http.disconnect"}

        answer = await room_routes.state(Request(scope, receive))
        if answer.status_code == 204:
            continue
        body = bytes(answer.body)
        have = body[: body.index(b'"', 9)].rpartition(b'"')[2].decode()  # the phone's own work is not measured
        if rooms().get(room_id).state.place == until:
            return


async def lecture(followers: int, changes: int) -> tuple[float, float, int]:
    """Give a lecture; return the seconds of writing and of all work a change, and how many snapshots were written."""
    clock = Clock()
    room_snapshots.written = clock.written
    room = rooms().open(TEACHER, next(iter(shipped("en").values())))
    waiting = [asyncio.create_task(follow(room.room_id, changes)) for _ in range(followers)]
    await asyncio.sleep(2 * room_routes.LOOK)
    start, clock.seconds, clock.count = time.process_time(), 0.0, 0
    for place in range(1, changes + 1):
        rooms().act(room.room_id, TEACHER, RoomAct(act="go", place=place))
        await asyncio.sleep(2 * room_routes.LOOK)
    await asyncio.gather(*waiting)
    everything = time.process_time() - start
    rooms().close(room.room_id, TEACHER)
    return clock.seconds / changes, everything / changes, clock.count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--followers", type=int, default=250)
    parser.add_argument("--changes", type=int, default=40)
    options = parser.parse_args()
    asyncio.run(lecture(1, options.changes))  # imports and films' texts
    results = {count: asyncio.run(lecture(count, options.changes)) for count in (1, options.followers)}
    for count, (writing, everything, written) in results.items():
        print(
            f"{count:4d} followers: {1000 * writing:7.2f} ms to write, {1000 * everything:7.1f} ms in all a change; "
            f"{written} snapshots for {options.changes} changes"
        )
    print(f"writing for {options.followers} over 1: {results[options.followers][0] / results[1][0]:.2f}")


if __name__ == "__main__":
    main()
