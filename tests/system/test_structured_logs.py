"""The log: one record a line, the run that it is about in each, and no secret in any."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from da_core.system.structured_logs import (
    LONGEST,
    JsonLines,
    LogFormat,
    TextLines,
    about_run,
    set_up,
)

log = logging.getLogger("da_core.jobs.test")


@pytest.fixture
def restored() -> Iterator[None]:
    """Give pytest its handlers back."""
    handlers, level = list(logging.root.handlers), logging.root.level
    logging.root.handlers = []
    yield
    logging.captureWarnings(False)
    logging.root.handlers = handlers
    logging.root.setLevel(level)


def written(kind: LogFormat) -> io.StringIO:
    stream = io.StringIO()
    set_up(kind, stream)
    return stream


@pytest.mark.usefixtures("restored")
def test_a_json_line_says_when_where_what_and_of_which_run() -> None:
    stream = written("json")
    with about_run("0a-1"):
        log.info("epoch %d\nof %s", 3, "夜")
        try:
            raise ValueError("no")
        except ValueError:
            log.exception("over")
    log.debug("nobody asks")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["level"], first["logger"], first["message"]) == ("INFO", "da_core.jobs.test", "epoch 3\nof 夜")
    assert first["time"].endswith("+00:00")
    assert (first["run"], second["run"]) == ("0a-1", "0a-1")
    assert "exception" not in first
    assert second["exception"].startswith("Traceback")
    assert second["exception"].endswith("ValueError: no")


@pytest.mark.usefixtures("restored")
def test_a_run_is_named_in_its_own_thread_only_and_while_it_goes_on() -> None:
    stream = written("json")
    with about_run("0a-1"):
        with about_run("0b-2"):
            log.info("inner")
        log.info("outer")
        other = threading.Thread(target=log.info, args=("elsewhere",))
        other.start()
        other.join()
    log.info("after")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line.get("run") for line in lines] == ["0b-2", "0a-1", None, None]


@pytest.mark.usefixtures("restored")
def test_no_text_poses_as_a_record_of_its_own() -> None:
    stream = written("text")
    with about_run("0a-1"):
        log.warning("a name\n2026-01-01 00:00:00 ERROR da_lab: forged")
    first, second = stream.getvalue().splitlines()
    assert first.endswith("WARNING da_core.jobs.test: a name [run 0a-1]")
    assert second.startswith("    ")


@pytest.mark.usefixtures("restored")
def test_a_logger_with_a_terminal_of_its_own_writes_as_all_do() -> None:
    library = logging.getLogger("some_library")
    library.addHandler(logging.StreamHandler(own := io.StringIO()))
    library.propagate = False
    stream = written("json")
    library.warning("once")
    assert own.getvalue() == ""
    assert json.loads(stream.getvalue())["logger"] == "some_library"


@pytest.mark.usefixtures("restored")
def test_visitors_file_names_are_no_news_for_an_operator() -> None:
    stream = written("text")
    logging.getLogger("da_core.data.readers.pictures").info("my diary.png is no picture")
    assert stream.getvalue() == ""


def fail_at_one_place(message: str) -> None:
    try:
        raise TypeError(message)
    except TypeError:
        log.exception("error on a page")


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("kind", ["json", "text"])
def test_an_error_that_comes_again_and_again_has_one_trace_and_a_count(kind: LogFormat) -> None:
    stream = written(kind)
    for number in range(100):
        fail_at_one_place(f"no {number}")
    text = stream.getvalue()
    assert text.count("error on a page") == 100
    assert text.count("Traceback") == 1
    assert "TypeError: no 99 (again, 99 times since its trace was written)" in text
    assert len(text) < 30_000
    try:
        raise KeyError("other")
    except KeyError:
        log.exception("another")
    assert stream.getvalue().count("Traceback") == 2


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("kind", ["json", "text"])
def test_what_a_visitor_sends_by_the_megabyte_is_cut(kind: LogFormat) -> None:
    stream = written(kind)
    log.warning("no fragment %s", "x" * 10**6)
    for _again in range(2):
        fail_at_one_place("y" * 10**6)
    text = stream.getvalue()
    assert len(text) < 3 * LONGEST
    assert "fail_at_one_place" in text


@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()], ids=["json", "text"])
@pytest.mark.parametrize(
    "text",
    [
        "cookie: da_lab_owner=SECRETsecretSECRET; lang=en",
        "{'da_lab_owner': 'SECRETsecretSECRET'}",
        "Authorization: Bearer SECRETsecretSECRET",
        "postgresql+psycopg://lab:SECRET@host/name",
        f"?data.source=upload:0a1b2c3d{'f' * 56}.zip/SECRET.zip&seed=1",
    ],
)
def test_secrets_are_cut_out_of_message_and_trace(formatter: logging.Formatter, text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        record = logging.LogRecord("da_lab", logging.ERROR, "", 0, "%s", (text,), (ValueError, error, None))
    line = formatter.format(record)
    assert "SECRET" not in line
    assert "f" * 56 not in line
    assert line.count("…") == 2
