"""Keys of session state stand in one module, and the style sheet names none but them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from pages.session import keys

ROOT = Path(__file__).parents[2]


def literals() -> list[str]:
    """The texts of all keys; of a pattern, a regular expression."""
    found = []
    for node in ast.walk(ast.parse(Path(keys.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found.append(re.escape(str(node.value.value)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "KeyPattern":
            (pattern,) = map(ast.literal_eval, node.args)
            found.append(re.sub(r"\\{\w+\\}", ".*", re.escape(pattern)))
    return found


def test_no_two_keys_are_the_same() -> None:
    assert len(set(literals())) == len(literals())


def test_the_style_sheet_names_only_keys_that_there_are() -> None:
    style = (ROOT / "assets" / "style.css").read_text(encoding="utf-8")
    begun = set(re.findall(r'\[class\*="st-key-([\w-]+)"\]', style))
    whole = set(re.findall(r"\.st-key-([\w-]+)", style))
    assert begun
    assert whole
    assert not [name for name in whole if not any(re.fullmatch(key, name) for key in literals())]
    assert not [
        name
        for name in begun
        if not any(key.replace("\\", "").startswith(name) or re.match(key, name) for key in literals())
    ]


def test_pages_write_no_key_of_their_own() -> None:
    """Pictures by Plotly and Vega have theirs where they are drawn: it is also the name of the saved file."""
    written = []
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = ""
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and "chart" not in node.func.attr:
                text = next((ast.unparse(word.value) for word in node.keywords if word.arg == "key"), "")
                if node.func.attr == "draw":
                    continue
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "st.session_state":
                text = ast.unparse(node.slice)
            if text.lstrip("f").startswith(("'", '"')):
                written.append(f"{path.name}: {text}")
    assert not written
