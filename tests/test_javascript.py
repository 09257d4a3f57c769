"""The scripts of our pages: modules that TypeScript finds no mistake in, and bundles that a browser can read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pages.shell.scripts import bundle
from tests.support.javascript import ASSETS, NODE

MODULES = sorted(str(file) for file in ASSETS.rglob("*.js"))
ENTRIES = ("page", "players", "playground/playground", "scatter/scatter", "sketch/sketch", "hall/room")


def test_typescript_finds_no_mistake(tmp_path: Path) -> None:
    """As “tsc --noEmit --checkJs” looks for them, without the network."""
    from deno import find_deno_bin

    options = ["--config", str(Path(__file__).with_name("deno.json")), "--no-lock", "--no-remote", "--no-npm"]
    environment = os.environ | {"DENO_DIR": str(tmp_path), "NO_COLOR": "1"}
    command = [find_deno_bin(), "check", "-q", *options, *MODULES]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_bundle_is_one_module_without_imports(entry: str, tmp_path: Path) -> None:
    script = bundle(f"{entry}.js")
    assert "\nimport " not in script
    assert script.count("\nexport ") == (entry not in ("page", "hall/room")), "what its page mounts"
    assert "</script" not in script
    (tmp_path / "bundle.mjs").write_text(script)
    subprocess.run([NODE, "--check", tmp_path / "bundle.mjs"], check=True)
