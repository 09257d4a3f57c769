"""What a course of 100,000 would need, computed from what a run, a session, a page change and a watcher cost.

    python -m tests.load.course_of_100000 measure     # a few minutes; writes measured_costs.json beside this file
    python -m tests.load.course_of_100000             # the tables of assets/reference/server.md, from that file

The costs are those of one server with the shipped settings: the run is the default experiment (street scenes, DANN),
the visitors are tabs that speak Streamlit's protocol. What is assumed of the students stands in `ASSUMED`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.bench.page_speed import wait_until_warm
from tests.load.browser_tab import Tab, link
from tests.support.server import Server, serving

FILE = Path(__file__).parent / "measured_costs.json"
SCREENS = ("data", "network", "method", "train", "course", "glossary")
SESSIONS, WATCHERS, WATCH_SECONDS = 60, 10, 20.0
MB, GB, WEEK = 10**6, 10**9, 7 * 24 * 3600.0

ASSUMED = {
    "students": 100_000,
    "weeks": 10,
    "online": 0.03,  # of the students, on an average evening
    "peak": 3.0,  # the busiest minutes over such an evening
    "runs_a_week": 3.0,  # of one student; equal ones are computed once
    "equal": 0.5,  # of all runs: presets and exercises that somebody had before
    "busy_hours": 40.0,  # of the week, in which the runs are started
    "page_seconds": 20.0,  # between two changes of a page
    "watching": 0.1,  # of those online, a live run
    "process_use": 0.5,  # of one core that a web process may use before pages are slow
    "core_use": 0.7,  # of the cores for runs
    "kept": 10.0,  # runs of one student that are kept on disk
}


def processor_seconds(pid: int) -> float:
    """Seconds of processor that a process has used, those of ended threads among them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busiest_thread(pid: int) -> float:
    """Seconds of processor of the thread that has used most: where a run trains, that of its worker."""
    used = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        used.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return max(used)


def memory(pid: int) -> int:
    """Bytes that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


@contextmanager
def tabs(server: Server, count: int, path: str) -> Iterator[list[Tab]]:
    """So many visitors at ``path``."""
    opened = [Tab(server.url) for _ in range(count)]
    for tab in opened:
        tab.open(path)
    yield opened
    for tab in opened:
        tab.close()


def measure_sessions(server: Server) -> dict[str, float]:
    """What a connected visitor holds in memory, and what a first page and a change of page cost."""
    pid = server.process.pid
    with tabs(server, SESSIONS // 3, link()) as warm:
        for tab in warm:
            for screen in SCREENS:
                tab.go(screen)
        before, used = memory(pid), processor_seconds(pid)
        with tabs(server, SESSIONS, link()) as visitors:
            first = (processor_seconds(pid) - used) / SESSIONS
            used = processor_seconds(pid)
            seen = [tab.go(screen) for tab in visitors for screen in SCREENS]
            return {
                "first_page_processor_seconds": first,
                "page_processor_seconds": (processor_seconds(pid) - used) / len(seen),
                "page_bytes": statistics.fmean(one.size for one in seen),
                "page_seconds_median": statistics.median(one.seconds for one in seen),
                "session_bytes": (memory(pid) - before) / SESSIONS,
            }


def measure_run(server: Server, data: Path) -> dict[str, float]:
    """What the default experiment costs as a run, nobody but its owner looking, and what is kept of it."""
    pid = server.process.pid
    tab = Tab(server.url)
    tab.open(link("train"))
    before, used, start = memory(pid), processor_seconds(pid), time.monotonic()
    tab.press("Start training")
    finished: list[Path] = []
    peak = before
    while not finished:
        time.sleep(0.5)
        peak = max(peak, memory(pid))
        finished = list((data / "runs").glob("*-*/result.json"))
        if time.monotonic() - start > 900:
            raise TimeoutError("the run is not done after 15 minutes")
    took, spent = time.monotonic() - start, processor_seconds(pid) - used
    tab.close()
    with create_engine(f"sqlite:///{data / 'runs.db'}").connect() as connection:
        row = connection.scalar(text("SELECT length(experiment) + length(result) FROM runs"))
    return {
        "run_seconds": took,
        "run_processor_seconds": spent,
        "run_bytes_in_memory": peak - before,
        "run_bytes_on_disk": sum(file.stat().st_size for file in finished[0].parent.iterdir()),
        "run_bytes_in_database": float(row or 0),
    }


def measure_watchers(server: Server) -> dict[str, float]:
    """What one who watches a live run costs a second, beside the run itself."""
    pid = server.process.pid

    def spent(seconds: float, watching: list[Tab]) -> tuple[float, int]:
        looks: list[int] = []
        used, worker = processor_seconds(pid), busiest_thread(pid)

        def watch(tab: Tab) -> None:
            tab.watch(seconds, lambda part: looks.append(tab.look(part).size))

        threads = [threading.Thread(target=watch, args=(tab,)) for tab in watching]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        for thread in threads:
            thread.join()
        return processor_seconds(pid) - used - (busiest_thread(pid) - worker), sum(looks)

    owner = Tab(server.url)
    owner.open(link("train", seed="7", **{"training.epochs": "200"}))
    owner.press("Start training")
    end = time.monotonic() + 300
    while not owner.page.every or not owner.says("target"):  # until there are curves to draw
        owner.again()
        time.sleep(1)
        if time.monotonic() > end:
            raise TimeoutError("the run does not begin")
    time.sleep(WATCH_SECONDS)
    alone, _ = spent(WATCH_SECONDS, [])
    visitors = [Tab(server.url) for _ in range(WATCHERS)]
    for tab in visitors:
        tab.open("/train?" + owner._query)
    together, size = spent(WATCH_SECONDS, visitors)
    owner.again()
    if not owner.page.every:
        raise RuntimeError("the run was over before it had been watched for long enough")
    for tab in (owner, *visitors):
        tab.close()
    return {
        "watcher_processor_seconds_a_second": max(together - alone, 0.0) / WATCHERS / WATCH_SECONDS,
        "watcher_bytes_a_second": size / WATCHERS / WATCH_SECONDS,
    }


def measure() -> dict[str, float]:
    """Measure everything on one fresh server."""
    with tempfile.TemporaryDirectory() as made, serving(Path(made)) as server:
        wait_until_warm(server)
        costs = {"load_of_the_machine_before": os.getloadavg()[0], "process_bytes": float(memory(server.process.pid))}
        for part in (
            lambda: measure_sessions(server),
            lambda: measure_run(server, Path(made) / "data"),
            lambda: measure_watchers(server),
        ):
            found = part()
            print(json.dumps(found, indent=1), flush=True)
            costs |= found
        return costs


def needed(costs: dict[str, float], assumed: dict[str, float] = ASSUMED) -> dict[str, float]:
    """Compute what the course takes at its peak and in all."""
    students, weeks = assumed["students"], assumed["weeks"]
    online = students * assumed["online"] * assumed["peak"]
    pages = online / assumed["page_seconds"]
    watchers = online * assumed["watching"]
    web = pages * costs["page_processor_seconds"] + watchers * costs["watcher_processor_seconds_a_second"]
    runs = students * assumed["runs_a_week"] * (1 - assumed["equal"])
    runs_a_second = runs / (assumed["busy_hours"] * 3600) * assumed["peak"]
    processes = web / assumed["process_use"]
    kept = students * min(assumed["kept"], assumed["runs_a_week"] * weeks)
    return {
        "online at the peak": online,
        "page changes a second": pages,
        "watchers": watchers,
        "cores that pages and watchers use": web,
        "web processes": processes,
        "sessions a web process": online / processes,
        "memory of all web processes, GB": (processes * costs["process_bytes"] + online * costs["session_bytes"]) / GB,
        "runs a second at the peak": runs_a_second,
        "cores for runs": runs_a_second * costs["run_processor_seconds"] / assumed["core_use"],
        "rows of runs in the database": runs * weeks,
        "database, GB": runs * weeks * costs["run_bytes_in_database"] / GB,
        "disk for runs kept, GB": kept * (1 - assumed["equal"]) * costs["run_bytes_on_disk"] / GB,
        "disk were all runs kept, GB": runs * weeks * costs["run_bytes_on_disk"] / GB,
        "network at the peak, Mbit/s": 8
        / MB
        * (pages * costs["page_bytes"] + watchers * costs["watcher_bytes_a_second"]),
    }


def tables(costs: dict[str, float]) -> str:
    """Write assumptions, costs and needs in Markdown."""
    parts = []
    for head, values in (("assumed", ASSUMED), ("measured", costs), ("needed", needed(costs))):
        rows = [
            f"| {name.replace('_', ' ')} | {value:{',.0f' if value >= 100 else '.3g'}} |"
            for name, value in values.items()
        ]
        parts.append("\n".join([f"| {head} | |", "|---|---:|", *rows]))
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", nargs="?", choices=["measure"])
    if parser.parse_args().do == "measure":
        FILE.write_text(json.dumps({name: float(f"{value:.4g}") for name, value in measure().items()}, indent=1) + "\n")
    print(tables(json.loads(FILE.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
