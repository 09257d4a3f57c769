"""Read the style sheets of our own elements, and bundle their ES modules into the one script that a page takes."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import streamlit as st

from da_core.system.app_files import ASSETS

_IMPORT = re.compile(r'^import \{[^}]+\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default .*;\n", re.MULTILINE)


@functools.cache
def read_asset(name: str) -> str:
    """Read a text file of ``assets``."""
    return (ASSETS / name).read_text(encoding="utf-8")


@functools.cache
def bundle(entry: str) -> str:
    """Join a module of ``assets`` and all that it imports, each behind its own imports; they share one scope.

    Streamlit mounts a script as a string, from which no relative import leads anywhere.
    """
    seen: set[Path] = set()

    def joined(path: Path) -> str:
        if path in seen:
            return ""
        seen.add(path)
        text = path.read_text(encoding="utf-8")
        imported = [_DEFAULT.sub("", joined((path.parent / name).resolve())) for name in _IMPORT.findall(text)]
        return "".join(imported) + _EXPORT.sub("", _IMPORT.sub("", text))

    return joined((ASSETS / entry).resolve())


def element(name: str) -> Any:
    """Register an element of our own, with script and style inline. To register the same one again changes nothing."""
    html, css = read_asset(f"{name}/{name}.html"), read_asset(f"{name}/{name}.css")
    return st.components.v2.component(f"da_lab_{name}", html=html, css=css, js=bundle(f"{name}/{name}.js"))


def as_script(value: object) -> str:
    """Write JSON that cannot end the element it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
