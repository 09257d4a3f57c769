"""Every sentence that a person may meet has a Chinese translation, and it fills the same fields."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from da_core import i18n_messages
from da_core.i18n import translations, translations_file


def test_every_message_is_translated() -> None:
    places = i18n_messages.collect()
    missing = i18n_messages.untranslated(places, "zh")
    assert not missing, "\n".join(f"{places[message]}: {message}" for message in missing)


def test_messages_are_found_wherever_the_code_has_them() -> None:
    code = """
class Toy:
    title = "A toy"
    name = "no message"
advice = "Take " "care."
Notice("Yes." if ok else "No.", count=3)
_(advice)
Finding(evidence="It fell.")
other("{name} is gone; look again.")
other("not a sentence {name}")
"""
    expected = {"A toy", "Take care.", "Yes.", "No.", "It fell.", "{name} is gone; look again."}
    assert set(i18n_messages.of_code(ast.parse(code))) == expected


@pytest.mark.parametrize("language", ["zh"])
def test_translations_fill_the_same_fields(language: str) -> None:
    def fields(text: str) -> set[str]:
        return set(re.findall(r"\{(\w*)\}", text))

    different = {m: t for m, t in translations(language).items() if fields(m) != fields(t)}
    assert not different


def test_no_message_has_two_translations() -> None:
    text = translations_file("zh").read_text(encoding="utf-8")
    ids = re.findall(r'^msgid ((?:".*"\n)+)', text, re.MULTILINE)
    assert [one for one, count in Counter(ids).items() if count > 1] == []


def test_the_places_of_messages_are_written_and_nothing_else_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = translations("zh")
    copy = tmp_path / "app.po"
    copy.write_bytes(translations_file("zh").read_bytes())
    monkeypatch.setattr(i18n_messages, "translations_file", lambda _language: copy)
    i18n_messages.write_places("zh")
    with copy.open("rb") as file:
        after = read_po(file, locale="zh", charset="utf-8")
    assert {str(m.id): str(m.string) for m in after if m.id and m.string} == before
    places = {str(m.id): [place for place, _line in m.locations] for m in after if m.id}
    assert places["The walk"] == ["pages/shell/sidebar.py"]
    assert places["Moons, turned"] == ["da_core/data/sources/toys.py"]
    first = copy.read_bytes()
    i18n_messages.write_places("zh")
    assert copy.read_bytes() == first


def test_no_translation_is_of_something_that_nobody_says() -> None:
    constants = {
        node.value
        for _path, tree in i18n_messages.syntax_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not set(translations("zh")) - constants - set(i18n_messages.of_registries())
