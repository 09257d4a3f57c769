"""What a class that follows costs the server, in the processor's time: one follower, and many, of the same run.

    python -m tests.bench.room_followers [--followers 250] [--slides 40]

A server of its own is asked over HTTP as phones ask it. First the run of a slide is trained in the room from start to
end; told are the seconds of processor that the whole server took meanwhile, training included: what a run costs with a
class that watches. Then the instructor turns slides; told is what one turn costs, and after how long by the clock the
last follower has seen it, the slowest of all turns. Every answer has to be handed to
every follower, so that part grows with the class; looking at the room, its run and its snapshot does not. On a busy
machine a run lasts longer and is told of more often, so the ratio is given for an idle one as well.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"

import psutil

from pages.hall.room_snapshots import RUN_SECONDS
from tests.support.server import Server, serving

LECTURE = """
title: Bench
language: en
slides:
{slides}
  - {{title: Run, run: data=street&data.count=400&method=dann&training.epochs=8&seed={seed}}}
"""


class Browser:
    """One visitor's connection to the server, kept open as browsers keep it."""

    def __init__(self, server: Server, visitor: str) -> None:
        host, _colon, port = server.url.removeprefix("http://").partition(":")
        self._at, self._host, self._visitor = (host, int(port)), f"{host}:{port}", visitor
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask for what is at a path; None where there is nothing new."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._at, limit=2**22)
        reader, writer = self._streams
        sent = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{'GET' if body is None else 'POST'} {path} HTTP/1.1",
            f"Host: {self._host}",
            f"Cookie: da_lab_owner={self._visitor}",
            "Accept-Encoding: gzip",
            f"Content-Length: {len(sent)}",
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode() + sent)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if " 204 " in head.partition("\r\n")[0]:
            return None
        answer = await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
        return json.loads(gzip.decompress(answer) if "content-encoding: gzip" in head else answer)

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()


class Class:
    """Followers of one room, who ask again as soon as they are answered."""

    def __init__(self, server: Server, room: str, count: int) -> None:
        self._room = room
        self.seen: list[dict[str, Any]] = [{} for _follower in range(count)]
        self.answers = 0
        self._browsers = [Browser(server, f"student-{number}") for number in range(count)]
        self._tasks = [asyncio.create_task(self._follow(number)) for number in range(count)]

    async def _follow(self, number: int) -> None:
        while True:
            have = self.seen[number].get("tag", "")
            told = await self._browsers[number].ask(f"{self._room}/state?lang=en&have={have}")
            if told is not None:
                self.seen[number] = told
                self.answers += 1

    async def wait(self, reached: Callable[[dict[str, Any]], bool], seconds: float = 300.0) -> None:
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
        for browser in self._browsers:
            browser.close()


class Lecture(NamedTuple):
    """Seconds of the processor of a ``watched`` run and of one ``turned`` slide, and by the clock until all saw one.

    ``answers`` is how often each follower was told of the run.
    """

    watched: float
    turned: float
    delay: float
    answers: int


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


async def lecture(server: Server, followers: int, slides: int, seed: int) -> Lecture:
    """Hold a lecture before so many followers, and measure it."""
    room = f"/room/{open_room(seed, slides)}"
    teacher, listeners = Browser(server, "teacher"), Class(server, room, followers)
    await listeners.wait(lambda seen: seen.get("place") == 0)
    await asyncio.sleep(1)
    start, delays = processor(server), []
    for place in range(1, slides):
        turned_at = time.monotonic()
        await teacher.ask(f"{room}/act", {"act": "go", "place": place})
        await listeners.wait(lambda seen, place=place: seen["place"] == place)  # type: ignore[misc]
        delays.append(time.monotonic() - turned_at)
    turned = (processor(server) - start) / (slides - 1)
    await teacher.ask(f"{room}/act", {"act": "go", "place": slides})
    await listeners.wait(lambda seen: bool(seen["place"] == slides))
    listeners.answers, start = 0, processor(server)
    await teacher.ask(f"{room}/act", {"act": "run"})
    await listeners.wait(lambda seen: bool(seen.get("run")) and not seen["run"]["live"])
    watched, answers = processor(server) - start, listeners.answers
    await listeners.leave()
    teacher.close()
    return Lecture(watched, turned, max(delays), round(answers / followers))


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
    for count, of in results.items():
        print(
            f"{count:4d} followers: {of.watched:6.2f} s of processor for a run that is watched ({of.answers} answers "
            f"each), {1000 * of.turned:6.1f} ms for a turned slide, which all have seen after {of.delay:.2f} s"
        )
    one, many = results[1], results[options.followers]
    print(f"{options.followers} over 1: run {many.watched / one.watched:.2f}, slide {many.turned / one.turned:.1f}")
    told = (many.watched - one.watched) / many.answers
    print(
        f"To tell {options.followers} how the run goes takes {1000 * told:.0f} ms of processor each {RUN_SECONDS:g} s: "
        f"where training has a core to itself, a run costs {1 + told / RUN_SECONDS:.2f} times what it costs with one."
    )


if __name__ == "__main__":
    main()
