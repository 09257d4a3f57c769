"""The trial of a hostile file: a child reads it as the app does; its answer, cost and leftovers are measured.

Nothing is limited here: a child is stopped only once it has gone far beyond what is allowed, so that the next case has
its turn.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import multiprocessing
import os
import re
import select
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import psutil

from da_core.data.loading import limited_reading
from da_core.data.loading.cache import inspect_files, load_pair
from da_core.data.loading.limited_reading import ReadingLimitError
from da_core.data.pair import DomainPair
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.settings import settings
from da_core.teaching.hall.lecture import read_lecture
from tests.load.hostile_files import Case

MOST_SECONDS, MOST_MEGABYTES = 20.0, 2048.0
"""The most that one call may take."""
_SECONDS_TO_END = 5.0
"""The time in which the app ends a reading at its limit and answers."""
_MEGABYTES_AT_FIRST = 256.0
"""Memory of a reader and its parent before they read anything."""
_STOP_SECONDS, _STOP_MEGABYTES = 3 * MOST_SECONDS, 2 * MOST_MEGABYTES
_LOOK = 0.05
_QUIET = 3.0
"""Seconds in which the app's own reader ends once its parent has."""
_LONGEST_SENTENCE = 1000
_MEGABYTE = 2**20
_PLACE = re.compile(r'File ".*?((?:da_core|pages)/[^"]+)", line (\d+)')
_SET_CHILD_SUBREAPER = 36  # of prctl(2)

Answer = Literal["pair", "sentence", "limit", "exception", "death", "stopped"]
"""A “limit” is a sentence, too: a reading reached the app's bound of time or memory, or crashed its own process."""
_ANSWERS: tuple[Answer, ...] = get_args(Answer)
"""From the best to the worst."""
_FOLDERS = ("case", "data", "temp")
_CALLS, _LOG = Path("case", "calls.json"), Path("case", "log")


class Offence(NamedTuple):
    """A fault of a reader: an exception's or a signal's name, “too slow” and the like, and where in our code."""

    kind: str
    place: str


@dataclass(frozen=True)
class Call:
    """The answer of one call; ``message`` is the sentence's key or the exception's text."""

    answer: Answer
    message: str = ""
    offence: Offence | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """The worst answer of a case's calls, its cost, and its faults."""

    case: Case
    answer: Answer
    message: str
    seconds: float
    megabytes: float
    offences: tuple[Offence, ...] = ()


def try_cases(cases: Sequence[Case], *, workers: int = 1, keep: Path | None = None) -> Iterator[Outcome]:
    """Try cases, each in a child of its own, and yield their outcomes; keep the files of those that offend."""
    fork, keep = multiprocessing.get_context("fork"), keep and keep.absolute()
    with (
        tempfile.TemporaryDirectory(prefix="hostile-") as folder,
        ProcessPoolExecutor(workers, fork, initializer=_prepare, initargs=(folder,)) as pool,
    ):
        for trial in as_completed([pool.submit(_try, case, keep) for case in cases]):
            yield trial.result()


_standing: list[psutil.Process] = []
"""The process that the app forks its readers from, which stays from case to case."""


def _prepare(folder: str) -> None:
    """Make this process a worker with folders of its own, and start the process that the app forks its readers from."""
    os.chdir(tempfile.mkdtemp(dir=folder))
    _tidy()
    os.environ |= {"DA_LAB_DATA_DIR": os.path.abspath("data"), "TMPDIR": os.path.abspath("temp")}
    tempfile.tempdir = None
    settings.cache_clear()
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until a child takes it
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)  # so that orphans of a child are found
    read_lecture("{title: x, language: en, slides: [{title: x}]}")  # imports what children then have
    limited_reading.warm()
    _standing.extend(_below())
    _wait_until_idle(_standing)


def _wait_until_idle(processes: Sequence[psutil.Process]) -> None:
    """Wait until processes have imported what they need."""
    before = -1.0
    while before != (now := sum(sum(process.cpu_times()[:2]) for process in processes)):
        before = now
        time.sleep(1)


def _tidy() -> None:
    """Empty this worker's folder, but for the folders of the next case."""
    for path in Path().iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for part in _FOLDERS:
        Path(part).mkdir()


def _try(case: Case, keep: Path | None) -> Outcome:
    _tidy()
    paths = case.write(Path("case").absolute())
    if (child := os.fork()) == 0:
        try:
            _make_calls(case, paths)
        finally:
            os._exit(0)
    outcome = _judge(case, _watch(child))
    if keep is not None and outcome.offences:
        keep.mkdir(parents=True, exist_ok=True)
        for path in paths:
            shutil.copy(path, keep / f"{case.format}-{case.number}-{case.seed}-{path.name}")
    return outcome


# In the child --------------------------------------------------------------------------------------------------------


def _make_calls(case: Case, paths: Sequence[Path]) -> None:
    """Make the calls that the app makes, and write their answers down."""
    os.setsid()
    Path("/proc/self/oom_score_adj").write_text("1000")  # where memory runs out, this is the process to end
    log = os.open(_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.enable(log)
    faulthandler.register(signal.SIGUSR1, log)
    with _CALLS.open("w") as calls:
        for call in _calls(case, paths):
            print(json.dumps(asdict(_make(call))), file=calls, flush=True)


def _calls(case: Case, paths: Sequence[Path]) -> list[Callable[[], DomainPair | None]]:
    if case.format == "lecture":
        return [lambda: _read_lecture(paths[0])]
    spec = DataSpec(name="files", source=str(paths[0]), target=str(paths[1]) if len(paths) > 1 else None)
    return [lambda: load_pair(spec), lambda: _inspect(spec)]


def _inspect(spec: DataSpec) -> DomainPair | None:
    inspection = inspect_files(spec)
    if inspection.problem is not None:
        raise inspection.problem
    return inspection.pair


def _read_lecture(path: Path) -> None:
    """Read a lecture as the lecture hall does."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError("This file is not text in UTF-8; save it as such and try again.") from None
    read_lecture(text)


def _make(call: Callable[[], DomainPair | None]) -> Call:
    """Make a call, and check that its answer can be shown."""
    began = time.monotonic()
    answer: Answer = "pair"
    message, offence = "", None
    try:
        if (pair := call()) is not None:
            offence = _find_unshown(_texts_of(pair))
    except UserError as error:
        answer = "limit" if isinstance(error, ReadingLimitError) else "sentence"
        message, offence = error.message, _find_unshown([(error.message, str(error))])
    except BaseException as error:  # an exception of any kind is what is looked for
        answer, message, offence = "exception", ascii(error)[:200], Offence(type(error).__name__, _place_of(error))
    return Call(answer, message, offence, time.monotonic() - began)


def _texts_of(pair: DomainPair) -> Iterator[tuple[str, str]]:
    """Yield the texts of a pair that a page shows, each with a name for it."""
    yield from (("a class", name) for name in pair.classes)
    yield from (("a column", name) for name in pair.columns)
    yield from ((notice.message, notice.message.format(**notice.values)) for notice in pair.notices)


def _find_unshown(texts: Iterable[tuple[str, str]]) -> Offence | None:
    """Find a text that is too long for a page, or has lone surrogates, which no page can show."""
    for name, text in texts:
        if len(text) > _LONGEST_SENTENCE:
            return Offence("too long to show", name)
        if re.search("[\ud800-\udfff]", text):
            return Offence("not to be shown", name)
    return None


def _place_of(error: BaseException) -> str:
    """Find where in our code an exception was raised or let through, else where it was raised."""
    lines = "".join(traceback.format_tb(error.__traceback__))
    return _place_in(lines, last=True) or traceback.extract_tb(error.__traceback__)[-1].filename


def _place_in(lines: str, *, last: bool = False) -> str:
    places = _PLACE.findall(lines)
    return ":".join(places[-1 if last else 0]) if places else ""


# Beside the child ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _End:
    """The end of a child: after how many seconds, by which signal, or stopped; the most memory of it and its
    descendants together; and the processes that it left.
    """

    seconds: float
    signal: int
    stopped: bool
    megabytes: float
    left_running: tuple[str, ...]


def _watch(child: int) -> _End:
    """Measure a child until it ends, or stop it where it goes far beyond what is allowed."""
    began, at_first = time.monotonic(), psutil.Process(child).memory_info().rss / _MEGABYTE
    seconds, most, stopped, has_dumped = 0.0, 0.0, False, False
    ended = os.pidfd_open(child)
    while not stopped and not select.select([ended], [], [], _LOOK)[0]:
        seconds, most = time.monotonic() - began, max(most, _megabytes_below())
        if not has_dumped and (seconds > MOST_SECONDS or most > MOST_MEGABYTES):
            os.kill(child, signal.SIGUSR1)  # it writes its stack to the log
            has_dumped = True
            time.sleep(_LOOK)
        stopped = seconds > _STOP_SECONDS or most > _STOP_MEGABYTES
    os.close(ended)
    if stopped:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    left_running = () if stopped else _wait_until_quiet()
    for process in _below():
        with suppress(psutil.Error):
            process.kill()
            process.wait()
    most = max(most, usage.ru_maxrss / 1024 - at_first)  # also what came and went between two looks
    return _End(time.monotonic() - began, os.WTERMSIG(status), stopped, most, left_running)


def _below() -> list[psutil.Process]:
    """List the child and its descendants, also those that it left."""
    return [process for process in psutil.Process().children(recursive=True) if process not in _standing]


def _megabytes_below() -> float:
    """Sum the memory of the child and its descendants; pages that several share count once."""
    total = 0.0
    for process in _below():
        with suppress(psutil.Error):
            total += process.memory_full_info().pss / _MEGABYTE
    return total


def _wait_until_quiet() -> tuple[str, ...]:
    """Wait until no descendant of the child runs; return the names of those that do not end."""
    until = time.monotonic() + _QUIET
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        running = _below()
        if not running or time.monotonic() > until:
            break
        time.sleep(_LOOK)
    names = []
    for process in running:
        with suppress(psutil.Error):
            names.append(process.name())
    return tuple(names)


def _judge(case: Case, end: _End) -> Outcome:
    """Compare a child's answers, its cost and its leftovers with what is allowed."""
    calls = [json.loads(line) for line in _text_of(_CALLS).splitlines()]
    worst: dict[str, Any] = max(calls, key=lambda call: _ANSWERS.index(call["answer"]), default={})
    seconds = max((call["seconds"] for call in calls), default=end.seconds)
    answer: Answer = worst.get("answer", "death")
    place = _place_in(_text_of(_LOG))
    offences = [Offence(*call["offence"]) for call in calls if call["offence"]]
    if end.stopped:
        answer, seconds = "stopped", end.seconds
    elif end.signal or not calls:
        answer = "death"
        offences.append(Offence(signal.Signals(end.signal).name if end.signal else "no answer", place))
    else:
        offences += [Offence("left behind", path) for path in _left_behind()]
    offences += [Offence("left running", name) for name in end.left_running]
    if seconds > MOST_SECONDS + _SECONDS_TO_END:
        offences.append(Offence("too slow", place))
    if end.megabytes > MOST_MEGABYTES + _MEGABYTES_AT_FIRST:
        offences.append(Offence("too much memory", place))
    return Outcome(case, answer, worst.get("message", ""), seconds, end.megabytes, tuple(dict.fromkeys(offences)))


def _text_of(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _left_behind() -> Iterator[str]:
    """Yield the files in the data folder that are no pairs, and all others that a child left in its folders."""
    for path in Path("data").rglob("*"):
        if path.is_file() and not (path.parent.name == "pairs" and path.suffix == ".npz" and path.stem[:1] != "."):
            yield str(path)
    yield from map(str, Path("temp").iterdir())
    yield from (path.name for path in Path().iterdir() if path.name not in _FOLDERS)
