"""What the lab takes for granted of other projects' insides: each assumption, and the place that rests on it.

A new version of one of them may break it without a word. Then a test here fails, and says which file to look into;
`requirements.txt` bounds the versions.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

STREAMLIT = "app.py changes Streamlit's page"
SIGN_IN = "pages/session/account.py reads Streamlit's cookie of who signed in"
METRICS = "pages/operations/metrics_route.py counts Streamlit's sessions"


@pytest.fixture(scope="module")
def streamlit_files() -> Path:
    import streamlit

    return Path(streamlit.__file__).parent / "static"


@pytest.mark.parametrize("replaced", ["<title>Streamlit</title>", "</body>", '<html lang="en">'])
def test_streamlits_page_has_what_is_replaced_in_it_once(streamlit_files: Path, replaced: str) -> None:
    page = (streamlit_files / "index.html").read_text(encoding="utf-8")
    assert page.count(replaced) == 1, f"{STREAMLIT}: {replaced}"


def test_streamlits_page_asks_the_window_where_its_server_is(streamlit_files: Path) -> None:
    scripts = "".join(file.read_text(encoding="utf-8") for file in streamlit_files.rglob("*.js"))
    for name in ("__streamlit", "BACKEND_BASE_URL", "MAIN_PAGE_BASE_URL"):
        assert name in scripts, f"{STREAMLIT}: window.__streamlit.{name} sets the address of the server"


def test_streamlit_says_of_itself_what_is_translated(streamlit_files: Path) -> None:
    from app import STREAMLITS_OWN, TEXTS

    scripts = "".join(file.read_text(encoding="utf-8") for file in streamlit_files.rglob("*.js"))
    fixed = {phrase: phrase.replace("{name}", "{}").split("{}")[0].strip() for phrase in (*STREAMLITS_OWN, *TEXTS)}
    missing = [phrase for phrase, part in fixed.items() if part not in scripts]
    assert not missing, f"app.py translates what Streamlit does not say any more: {missing}"


def test_streamlit_signs_its_cookie_with_the_secret_that_it_gives() -> None:
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value, decode_signed_value
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

    assert USER_COOKIE_NAME == "_streamlit_user", SIGN_IN
    assert not inspect.signature(get_cookie_secret).parameters, SIGN_IN
    signed = create_signed_value("secret", USER_COOKIE_NAME, "ann")
    assert decode_signed_value("secret", USER_COOKIE_NAME, signed) == b"ann", SIGN_IN
    assert decode_signed_value("another", USER_COOKIE_NAME, signed) is None, SIGN_IN


def test_streamlit_counts_its_sessions() -> None:
    from streamlit.runtime import Runtime
    from streamlit.runtime.stats import ACTIVE_SESSIONS_FAMILY

    assert ACTIVE_SESSIONS_FAMILY, METRICS
    assert isinstance(Runtime.stats_mgr, property), METRICS


def test_streamlit_takes_what_an_app_is_made_with() -> None:
    import streamlit as st

    given = {"lifespan", "on_script_error", "routes", "middleware"}
    assert given <= inspect.signature(st.App).parameters.keys(), "app.py: st.App(…)"


def test_psycopg_waits_in_a_method_that_can_be_given_an_end() -> None:
    psycopg = pytest.importorskip("psycopg")
    where = "da_core/jobs/database/postgres_timeouts.py gives up on a server that hangs"
    assert issubclass(psycopg.errors._WaitTimeout, Exception), where
    assert {"gen", "interval", "timeout"} <= inspect.signature(psycopg.Connection.wait).parameters.keys(), where


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere nothing of malloc is changed")
def test_malloc_takes_the_settings_that_it_is_given() -> None:
    import platform

    from da_core.system import freed_memory

    if platform.libc_ver()[0] != "glibc":
        pytest.skip("another C library")
    for name in ("mallopt", "malloc_trim"):
        assert freed_memory._of_glibc(name) is not None, f"da_core/system/freed_memory.py calls {name}"


def test_threads_can_change_more_often() -> None:
    usual = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-4)
        assert sys.getswitchinterval() == pytest.approx(1e-4), "da_core/jobs/scheduling/workers.py, while a run trains"
    finally:
        sys.setswitchinterval(usual)


def test_dask_calls_actors_by_name_and_knows_their_workers() -> None:
    distributed = pytest.importorskip("distributed")
    where = "da_core/jobs/processes/cluster.py drives a run as an actor"
    assert {"actor", "workers", "allow_other_workers", "pure"} <= inspect.signature(
        distributed.Client.submit
    ).parameters.keys(), where
    assert "timeout" in inspect.signature(distributed.ActorFuture.result).parameters, where
    assert callable(distributed.Client.as_current), where


def _private_functions() -> list[tuple[str, Callable[..., object]]]:
    import torch
    from numpy.lib import format as npy

    return [
        ("da_core/methods/adaptation/mean_teacher.py and alignment/feature_gan.py average", torch._foreach_lerp_),
        ("da_core/data/readers/stored_arrays.py reads an array's head", npy.read_array_header_1_0),
        ("da_core/data/readers/stored_arrays.py reads an array's head", npy.read_array_header_2_0),
    ]


def test_functions_that_no_one_promises_are_there() -> None:
    assert all(callable(function) for _where, function in _private_functions())


def test_torch_averages_many_tensors_in_place() -> None:
    import torch

    mine, others = [torch.zeros(3), torch.ones(2)], [torch.ones(3), torch.ones(2)]
    torch._foreach_lerp_(mine, others, 0.25)
    assert [one.tolist() for one in mine] == [[0.25] * 3, [1.0] * 2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="own files are read in child processes on Linux alone")
def test_memory_that_is_not_there_raises_in_a_limited_process() -> None:
    """`da_core/system/child_main.py` limits data, which the kernel counts since version 4.7."""
    from da_core.system.limited_process import ForkServer

    child = ForkServer().fork(200)
    with pytest.raises(MemoryError):
        child.call(bytes, 10**9, seconds=60)
    child.end()
