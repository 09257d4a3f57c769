"""Links and codes cannot be guessed: how many bits they have, and who tries many is asked to wait."""

from __future__ import annotations

import math
import re
import secrets
from collections import Counter
from unittest.mock import Mock

import pytest
from starlette.requests import Request
from starlette.responses import Response

from da_core.experiment import Experiment
from da_core.jobs.database import room_database
from da_core.jobs.database.room_database import RoomDatabase
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.guess_limiter import GuessLimiter
from da_core.jobs.store import RUN_ID, new_run_id
from da_core.teaching.hall.rooms import MOST_WRONG_CODES, WRONG_CODE_SECONDS
from pages.session import session_cookie
from tests.teaching.hall.conftest import Clock


def test_a_link_to_a_run_has_more_than_64_bits_from_the_systems_own_source(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = Mock(wraps=secrets.choice)
    monkeypatch.setattr(secrets, "choice", chosen)
    ids = [new_run_id(Experiment()) for _ in range(50)]
    assert sum(math.log2(len(call.args[0])) for call in chosen.call_args_list) / 50 > 64
    assert all(re.fullmatch(RUN_ID, one) and len(one) <= 32 for one in ids)
    signs = Counter("".join(one.partition("-")[2] for one in ids))
    assert len(signs) == 36, "every sign is drawn"
    assert len(set(ids)) == 50


def test_a_rooms_address_cannot_be_guessed_and_its_code_not_in_time(tmp_path, monkeypatch) -> None:
    made = Mock(wraps=secrets.token_urlsafe)
    monkeypatch.setattr(secrets, "token_urlsafe", made)
    rooms = RoomDatabase(RunDatabase(f"sqlite:///{tmp_path / 'runs.db'}"))
    room = rooms.open("teacher", {}, {})
    assert 8 * made.call_args.args[0] > 64
    assert len(room.room_id) >= 22
    codes = len(room_database._CODE_SIGNS) ** len(room.code)
    open_rooms, guesses_a_day = 50, 86_400 * MOST_WRONG_CODES / WRONG_CODE_SECONDS
    assert codes / open_rooms / guesses_a_day > 180


def test_a_visitors_cookie_cannot_be_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Mock(wraps=secrets.token_urlsafe)
    monkeypatch.setattr(secrets, "token_urlsafe", made)
    response = Response()
    session_cookie.give(Request({"type": "http", "scheme": "http", "headers": [], "path": "/"}), response, "/")
    assert 8 * made.call_args.args[0] > 128
    given = response.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert session_cookie.read({session_cookie.NAME: given}) == given


def test_who_tries_many_different_ones_waits_and_a_class_with_one_dead_link_does_not() -> None:
    clock = Clock()
    limiter = GuessLimiter(3, 60, clock)
    for _student in range(300):
        limiter.record("1.2.3.4", "the same")
    assert not limiter.is_blocked("1.2.3.4")
    limiter.record("1.2.3.4", "another")
    clock.now = 30
    limiter.record("1.2.3.4", "a third")
    assert limiter.is_blocked("1.2.3.4")
    assert not limiter.is_blocked("5.6.7.8")
    clock.now = 61
    assert not limiter.is_blocked("1.2.3.4")


def test_of_ipv6_a_whole_connection_counts_as_one() -> None:
    limiter = GuessLimiter(2, 60)
    for last in range(2):
        limiter.record(f"2001:db8::{last}", str(last))
    assert limiter.is_blocked("2001:db8::ffff")
    assert not limiter.is_blocked("2001:db8:0:1::1")


def test_a_flood_of_misses_takes_no_room() -> None:
    limiter = GuessLimiter(10, 60)
    for number in range(5000):
        limiter.record("1.2.3.4", f"{number}" + "x" * 10_000)
        limiter.record(f"10.0.{number // 256}.{number % 256}", "x")
    assert len(limiter._missed) == 1000
    assert all(len(what) <= 64 for missed in limiter._missed.values() for what in missed)
    assert max(map(len, limiter._missed.values())) <= 10
