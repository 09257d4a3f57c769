"""Kill servers at random points, and hold what is left against what was done before.

    python -m tests.load.kill_runs [--kind training] --kills 100 [--per-run 5] [--epochs 60] [--seed 0]
    python -m tests.load.kill_runs --kind upload|shared|readonly --kills 30 [--seed 0]

- training: each run is killed ``--per-run`` times, once in each equal part of its course, and has to come to the result
  of an undisturbed run; every server is a process of its own, as below.
- upload: servers are killed while they take uploads, into a folder and into a bucket in turn.
- shared: servers on one bucket and one PostgreSQL are killed while they save runs, each on another disk or the same.
- readonly: the folder of a real server becomes read-only; it is killed and started again, and then the folder is
  writable again.

An AssertionError says what was lost.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from itertools import count
from pathlib import Path

from da_core.errors import DISK_IS_READ_ONLY
from da_core.jobs.run_bucket import RunBucket
from da_core.jobs.store import Store
from da_core.jobs.upload_list import upload_list
from da_core.object_storage import ObjectStorage
from tests.load.lab_visitor import NOT_SAVED, UPLOADED, opened, ready, train, until, upload
from tests.support import postgres, read_only, s3
from tests.support.killed_saves import KilledServers, make_ends
from tests.support.killed_server import kill_and_finish, small_run, spread
from tests.support.killed_uploads import bring_and_kill, check_left, half_written, keep, make_old, next_server
from tests.support.server import Server, serving

_MEGABYTE = 2**20
_SCREENS = ("", "data", "network", "method", "train", "features", "results", "runs", "course", "benchmarks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, default="training")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--per-run", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    KINDS[options.kind](options, random.Random(options.seed))
    print(f"{time.monotonic() - began:.0f} s")


def kill_trainings(options: argparse.Namespace, rng: random.Random) -> None:
    """Kill servers that train."""
    killed_at: list[float] = []
    went_on = runs = 0
    while len(killed_at) < options.kills:
        kills = min(options.per_run, options.kills - len(killed_at))
        with tempfile.TemporaryDirectory() as folder:
            outcome = kill_and_finish(
                Path(folder),
                small_run(seed=options.seed + runs, epochs=options.epochs),
                spread(kills, rng),
                wait=lambda: rng.uniform(0, 0.3),
            )
        killed_at += outcome.killed_at
        went_on += outcome.went_on
        runs += 1
        print(f"{len(killed_at):4} kills in {runs} runs: all came to the same result, bit for bit", flush=True)
    tenths = [sum(int(10 * share) == tenth for share in killed_at) for tenth in range(10)]
    print(f"kills by tenth of the run's course: {tenths}")
    print(f"{went_on} of {len(killed_at)} went on from a checkpoint, the others from the start")


# Uploads --------------------------------------------------------------------------------------------------------------


def kill_uploads(options: argparse.Namespace, rng: random.Random) -> None:
    """Kill servers that take uploads."""
    with s3.serving() as server:
        bucket = s3.environment(server.make_bucket("uploads"))
        for place, environment in (("folder", {}), ("bucket", bucket)):
            with tempfile.TemporaryDirectory() as folder, next_server(Path(folder), environment):
                _kill_uploads(place, Path(folder), environment, options.kills // 2, rng)


def _kill_uploads(place: str, folder: Path, environment: Mapping[str, str], kills: int, rng: random.Random) -> None:
    whole: dict[str, bytes] = {}
    killed: dict[str, bytes] = {}
    steps_hit: Counter[str] = Counter()
    for number in range(kills):
        content = rng.randbytes(rng.randint(1, 8 * _MEGABYTE))
        name = f"{number}.npz"
        most = len(content) // _MEGABYTE + 6
        steps = bring_and_kill(folder, environment, name, content, rng.randint(1, most), stays=rng.random() < 0.5)
        steps_hit[steps[-1]] += 1
        killed[name] = content
        check_left(whole, killed)
        if number % 3 == 0:
            whole[f"whole {name}"] = rng.randbytes(1000)
            keep(f"whole {name}", whole[f"whole {name}"])
    there, left = check_left(whole, killed), half_written(folder)
    for path in left:
        make_old(path)
    upload_list().sweep()
    for name, content in killed.items():
        keep(name, content)
    check_left(whole | killed, {})
    print(f"{place}: {kills} kills, by the step that was reported last: {dict(steps_hit)}")
    print(f"{place}: {there} of the killed uploads were there, whole, and the others not; {len(whole)} others stayed")
    print(
        f"{place}: {len(left)} half-written files, {len(half_written(folder))} after the sweep; all came the next time"
    )


# Runs in a bucket and PostgreSQL --------------------------------------------------------------------------------------


def kill_shared(options: argparse.Namespace, rng: random.Random) -> None:
    """Kill servers that save runs in a bucket and list them in PostgreSQL."""
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        storage = parts.enter_context(s3.serving()).make_bucket("runs")
        url = parts.enter_context(postgres.serving(folder / "pg"))
        environment = {"DA_LAB_DATABASE": url, **s3.environment(storage)}
        disks = (folder / f"disk{number}" for number in count())
        disk, kills, reported, listed, steps_hit = next(disks), 0, 0, 0, Counter[str]()
        for first in count(0, 20):
            if kills == options.kills:
                break
            servers = KilledServers(environment, make_ends(range(first, first + 20)))
            while any(servers.state(seed) is None for seed in servers.ends):
                at = rng.randint(1, 100) if kills < options.kills else None
                code = servers.serve(disk, at=at, stays=rng.random() < 0.5)
                listed += len(servers.check(_other_disk(next(disks), url, storage)))
                if code == -signal.SIGKILL:
                    kills += 1
                    steps_hit[_kind_of_step(servers.steps[-1])] += 1
                    reported += len(servers.done())
                    disk = next(disks) if rng.random() < 0.5 else disk
            assert servers.check(_other_disk(next(disks), url, storage)) == servers.done() == set(servers.ends)
            print(f"{kills:4} kills, {first + 20} runs: all were done in the end", flush=True)
        print(f"kills by the step that was reported last: {dict(steps_hit)}")
        print(f"{reported} times a run was done before a kill; each was listed and loaded the same afterwards")
        print(f"{listed} times a run was listed by a new server; each was whole")


def _other_disk(folder: Path, url: str, storage: ObjectStorage) -> Store:
    return Store(folder / "runs", database=url, bucket=RunBucket(storage, folder / "copies", 2**30))


def _kind_of_step(step: str) -> str:
    """Take the run and the attempt out of a step's name."""
    return re.sub(r"[0-9a-f]{16}-[0-9a-z]+|[0-9]+-[0-9]+", "…", step)


# A read-only folder ---------------------------------------------------------------------------------------------------


def kill_read_only(options: argparse.Namespace, rng: random.Random) -> None:
    """Have the folder of a server become read-only, kill it, start another one, and make the folder writable."""
    for number in range(options.kills):
        with tempfile.TemporaryDirectory() as made:
            data = Path(made) / "data"
            data.mkdir()
            bring_and_kill(data, {}, *UPLOADED)
            with _serving(Path(made) / "first", data) as server:
                read_only.make_writable(server.process.pid, data)
                runs = [train(server, seed).query for seed in range(2)]
                scores = [_scores(server, run) for run in runs]
                read_only.make_read_only(server.process.pid, data)
                _check_read_only(server, runs, scores, rng)
                server.process.kill()
            with _serving(Path(made) / "second", data) as server:
                _check_read_only(server, runs, scores, rng)
                read_only.make_writable(server.process.pid, data)
                until(partial(_is_ready, server))
                assert not upload(server, b"x,y\n1,3\n").says(DISK_IS_READ_ONLY)
                assert not train(server, 2).says(NOT_SAVED)
                assert opened(server, "runs").says("All runs (3)")
        print(f"{number + 1:4} kills: runs and pages were there, uploads and runs said why not, and all went on")


def _serving(folder: Path, data: Path) -> AbstractContextManager[Server]:
    return serving(folder, before=read_only.read_only(data), DA_LAB_DATA_DIR=str(data))


def _is_ready(server: Server) -> bool:
    return ready(server) == (200, "ok")


def _check_read_only(
    server: Server, runs: Sequence[Mapping[str, str]], scores: Sequence[Sequence[str]], rng: random.Random
) -> None:
    until(lambda: ready(server) == (503, "fails"))
    assert [_scores(server, run) for run in runs] == scores
    assert opened(server, "runs").says("All runs (2)")
    for screen in rng.sample(_SCREENS, len(_SCREENS)):
        opened(server, screen, **rng.choice(runs))
    assert upload(server, rng.randbytes(1000)).says(DISK_IS_READ_ONLY)
    assert train(server, rng.randrange(100, 1000)).says(NOT_SAVED)


def _scores(server: Server, run: Mapping[str, str]) -> list[str]:
    """Read the scores of a run off its results."""
    return [element.metric.body for element in opened(server, "results", **run)._of("metric")]


KINDS: dict[str, Callable[[argparse.Namespace, random.Random], None]] = {
    "training": kill_trainings,
    "upload": kill_uploads,
    "shared": kill_shared,
    "readonly": kill_read_only,
}


if __name__ == "__main__":
    main()
