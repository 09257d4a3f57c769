"""An nginx of a test's own: the deployment's configuration with the ports and places of the test."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.server import Server, free_port, wait_until_healthy

CONFIGURATION = Path(__file__).parents[2] / "assets" / "deployment" / "nginx.conf"
_STOP_SECONDS = 20


def program() -> str:
    """Find nginx, or get it from Debian where that is allowed; skip the test where there is none."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"  # Debian keeps it off the path
    if shutil.which("nginx", path=path) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "nginx-light"]):
            subprocess.run(command, capture_output=True, check=False)
    found = shutil.which("nginx", path=path)
    if found is None:
        pytest.skip("this machine has no nginx")
    return found


@contextmanager
def serving(folder: Path, ports: Sequence[int]) -> Iterator[str]:
    """The deployment's nginx before servers at two ports; gives its address."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    text = CONFIGURATION.read_text(encoding="utf-8")
    for own, ours in {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "127.0.0.1:8501": f"127.0.0.1:{ports[0]}",
        "127.0.0.1:8502": f"127.0.0.1:{ports[1]}",
        "server_name lab.example;": "server_name localhost;",
        "/run/nginx.pid": str(folder / "nginx.pid"),
        "/var/log/nginx/error.log": str(folder / "error.log"),
        "include /etc/nginx/mime.types;": "\n    ".join(
            f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ),
    }.items():
        assert own in text, f"the configuration has no “{own}” any more"
        text = text.replace(own, ours)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [program(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until_healthy(Server(f"http://localhost:{port}", process, folder / "error.log"))
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
