"""What a class that follows costs the server, in the processor's time: one follower, and many, of the same run.

    python tests/bench/room_followers.py [--followers 250] [--slides 40]

A server of its own is asked over HTTP as phones ask it. First the run of a slide is trained in the room from start to
end; told are the seconds of processor that the whole server took meanwhile, training included: what a run costs with a
class that watches. Then the instructor turns slides; told is what one turn costs. Every answer has to be handed to
every follower, so that part grows with the class; looking at the room, its run and its snapshot does not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
os.environ["OMP_NUM_THREADS"] = "1"

import aiohttp
import psutil

from tests.support.server import Server, serving

TEACHER = {"Cookie": "da_lab_owner=teacher"}
LECTURE = """
title: Bench
language: en
slides:
{slides}
  - {{title: Run, run: data=street&data.count=400&method=dann&training.epochs=8&seed={seed}}}
"""


class Class:
    """Followers of one room, who ask again as soon as they are answered."""

    def __init__(self, session: aiohttp.ClientSession, address: str, count: int) -> None:
        self._session, self._address = session, address
        self.seen: list[dict[str, Any]] = [{} for _follower in range(count)]
        self.answers = 0
        self._tasks = [asyncio.create_task(self._follow(number)) for number in range(count)]

    async def _follow(self, number: int) -> None:
        cookie = {"Cookie": f"da_lab_owner=student-{number}"}
        while True:
            query = {"have": self.seen[number].get("tag", ""), "lang": "en"}
            async with self._session.get(f"{self._address}/state", params=query, headers=cookie) as answer:
                if answer.status == 200:
                    self.seen[number] = json.loads(await answer.read())
                    self.answers += 1

    async def wait(self, reached: Any, seconds: float = 300.0) -> None:
        """Wait until all followers have seen what is asked for."""
        until = time.monotonic() + seconds
        while not all(map(reached, self.seen)):
            if time.monotonic() > until or any(task.done() for task in self._tasks):
                raise RuntimeError(f"A follower was lost; the last saw {str(self.seen[-1])[:200]}.")
            await asyncio.sleep(0.05)

    async def leave(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def open_room(seed: int, slides: int) -> str:
    """Open a room in the server's own database and return its id."""
    from da_core.teaching.hall.lecture import read_lecture
    from da_core.teaching.hall.rooms import rooms

    lines = "\n".join(f"  - {{title: Slide {number}}}" for number in range(slides))
    return rooms().open("teacher", read_lecture(LECTURE.format(slides=lines, seed=seed))).room_id


def processor(server: Server) -> float:
    """Add up the seconds of processor that a server and its children have taken."""
    process = psutil.Process(server.process.pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


async def lecture(server: Server, followers: int, slides: int, seed: int) -> tuple[float, float, int]:
    """Return the processor's seconds of a watched run and of one turned slide, and the run's answers a follower."""
    address = f"{server.url}/room/{open_room(seed, slides)}"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as session:

        async def act(**what: Any) -> None:
            async with session.post(f"{address}/act", json=what, headers=TEACHER) as answer:
                if told := await answer.json():
                    raise RuntimeError(told)

        listeners = Class(session, address, followers)
        await listeners.wait(lambda seen: seen.get("place") == 0)
        await asyncio.sleep(1)
        start = processor(server)
        for place in range(1, slides):
            await act(act="go", place=place)
            await listeners.wait(lambda seen, place=place: seen["place"] == place)
        turned = (processor(server) - start) / (slides - 1)
        await act(act="go", place=slides)
        await listeners.wait(lambda seen: seen["place"] == slides)
        listeners.answers = 0
        start = processor(server)
        await act(act="run")
        await listeners.wait(lambda seen: bool(seen.get("run")) and not seen["run"]["live"])
        watched = processor(server) - start
        answers = listeners.answers
        await listeners.leave()
    return watched, turned, round(answers / followers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--followers", type=int, default=250)
    parser.add_argument("--slides", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DA_LAB_DATA_DIR"] = str(Path(folder) / "data")
        with serving(Path(folder)) as server:
            asyncio.run(lecture(server, 1, 3, 100))  # imports
            results = {
                count: asyncio.run(lecture(server, count, options.slides, seed))
                for seed, count in enumerate((1, options.followers), start=101)
            }
    for count, (watched, turned, answers) in results.items():
        print(
            f"{count:4d} followers: {watched:6.2f} s of processor for a run that is watched ({answers} answers each), "
            f"{1000 * turned:6.1f} ms for a turned slide"
        )
    one, many = results[1], results[options.followers]
    print(f"{options.followers} over 1: run {many[0] / one[0]:.2f}, slide {many[1] / one[1]:.1f}")


if __name__ == "__main__":
    main()
