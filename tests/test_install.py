"""The package: what a wheel of it requires, and that its command runs and opens the app without a checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from da_core import __version__
from da_core.cli import main
from tests.load.browser_tab import Tab
from tests.support.server import start_server

ROOT = Path(__file__).parents[1]
NAME = "domain-adaptation-lab"
APART = {"PYTHONPATH": ""}
"""With this in the environment nothing leads to the checkout."""

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("install")]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a new environment, which borrows all other packages; return where its commands are."""
    folder = tmp_path_factory.mktemp("install")
    wheels, environment = folder / "wheels", folder / "environment"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(wheels), str(ROOT)]
    subprocess.run([*pip, *build], check=True)

    venv.create(environment, symlinks=os.name != "nt")
    paths = sysconfig.get_paths("venv", {"base": str(environment), "platbase": str(environment)})
    install = ["--python", str(environment), "install", "--no-deps", "--no-index", *map(str, wheels.iterdir())]
    subprocess.run([*pip, *install], check=True)
    borrowed = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    Path(paths["purelib"], "borrowed.pth").write_text("\n".join(borrowed), encoding="utf-8")
    return Path(paths["scripts"])


def run_apart(command: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the new environment in ``folder``."""
    return subprocess.run([command, *arguments], cwd=folder, env=os.environ | APART, capture_output=True, text=True)


def evaluate(scripts: Path, expression: str, *, folder: Path) -> Any:
    """Evaluate an expression in the new environment; it returns what JSON can write."""
    code = f"import json, da_core.system.app_files, importlib.metadata as metadata; print(json.dumps({expression}))"
    done = run_apart(scripts / "python", "-c", code, folder=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def normalise(requirement: str) -> str:
    """Write a requirement in one form, whatever the order of its bounds and the letters of its name."""
    parsed = Requirement(requirement)
    parsed.name, parsed.marker = parsed.name.lower(), None
    return str(parsed)


def read_requirements(file: str) -> set[str]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines())
    return {normalise(line) for line in lines if line}


def test_the_package_requires_what_is_listed_and_adds_two_names(scripts: Path, tmp_path: Path) -> None:
    files = evaluate(scripts, f"[file.parts[0] for file in metadata.files('{NAME}')]", folder=tmp_path)
    tops = {top for top in files if top != ".." and not top.endswith(".dist-info")}
    assert tops == {"da_core", "da_lab_app"}, "“pages” or “assets” another package may have, too"
    listed = [Requirement(line) for line in evaluate(scripts, f"metadata.requires('{NAME}')", folder=tmp_path)]
    required = {normalise(str(each)) for each in listed if each.marker is None}
    assert required == read_requirements("requirements.txt")

    extras = {
        name: {normalise(str(each)) for each in listed if each.marker and each.marker.evaluate({"extra": name})}
        for name in ("app", "server", "cluster", "tests")
    }
    assert extras["app"] < required
    assert extras["tests"] == read_requirements("tests/requirements.txt")
    names = {extra: {Requirement(each).name for each in extras[extra]} for extra in extras}
    assert names["app"] == {"streamlit", "starlette", "plotly", "segno"}
    assert names["server"] == {"psycopg", "s3fs", "streamlit"}
    assert names["cluster"] == {"distributed"}


def test_the_installed_command_does_what_the_checkout_does(
    scripts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Path(evaluate(scripts, "da_core.__file__", folder=tmp_path)).is_relative_to(scripts.parent)
    version = run_apart(scripts / "da-lab", "--version", folder=tmp_path).stdout
    assert version == f"Domain Adaptation Lab {__version__}\n"

    run = ["run", "--data", "moons", "--set", "data.count=60", "--method", "coral", "--json"]
    by_command = run_apart(scripts / "da-lab", *run, folder=tmp_path)
    assert by_command.returncode == main(run) == 0, by_command.stderr
    result, here = json.loads(by_command.stdout), json.loads(capsys.readouterr().out)
    assert result.keys() == here.keys()
    assert result["source_only"] == here["source_only"]

    refused = run_apart(scripts / "da-lab", "run", "--data", "mons", folder=tmp_path)
    assert refused.returncode == 2
    assert "“da-lab list data”" in refused.stderr


def test_the_app_opens_from_the_installed_files(scripts: Path, tmp_path: Path) -> None:
    assets = Path(evaluate(scripts, "str(da_core.system.app_files.ASSETS)", folder=tmp_path))
    assert assets.is_relative_to(scripts.parent)
    with (assets / "live_page.js").open("a", encoding="utf-8") as script:
        script.write("\n// the installed copy\n")

    command = [str(scripts / "da-lab"), "app", "--"]
    with start_server(command, tmp_path, **APART, STREAMLIT_SERVER_HEADLESS="true") as server:
        tab = Tab(server.url)
        try:
            for path in ("/", "/data"):
                assert b"// the installed copy" in tab.get(path)
            tab.open("/data")
            tab.expect("Street scenes")
        finally:
            tab.close()
    log = server.log.read_text(encoding="utf-8")
    assert "Network URL" not in log, "only .streamlit/config.toml closes the app to other machines"
