"""Find the app's files: beside ``da_core`` in a checkout, in ``da_lab_app`` where a wheel has installed them."""

from __future__ import annotations

from pathlib import Path

_BESIDE = Path(__file__).parents[2]
_INSTALLED = _BESIDE / "da_lab_app"

APP = (_INSTALLED if _INSTALLED.is_dir() else _BESIDE) / "app.py"
ASSETS = APP.with_name("assets")
