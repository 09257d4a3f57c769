"""Check and run the scripts of our pages without a browser."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import playwright

ASSETS = Path(__file__).parents[2] / "assets"
NODE = Path(playwright.__file__).parent / "driver" / "node"
"""Comes with Playwright."""


def run_module(script: str, values: Any = None) -> Any:
    """Run a module on ``values``, as JSON in `values`, and return what it passes to `answer`.

    Its imports are relative to ``assets``.
    """
    head = f"const values = {json.dumps(values)}; const answer = (value) => console.log(JSON.stringify(value));\n"
    options = ["--no-warnings", "--input-type=module"]
    run = subprocess.run([NODE, *options], cwd=ASSETS, input=head + script, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
