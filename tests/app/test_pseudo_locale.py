"""A language whose every message stands in ⟦brackets⟧: what stands outside of them has missed the catalogue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel import Locale
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from da_core import i18n
from da_core.experiment import Experiment, MethodSpec
from tests.support.lab import ROOT, Lab

SHOWN = {"body", "label", "help", "placeholder", "options", "alt", "text", "caption", "delta", "content"}
"""Fields of Streamlit's elements that a person sees or hears; those of other names are keys, addresses and styles."""
NAMES = re.compile(
    r"\b(cat|dog|dark|light|Made up|a test|SUM|A1|English|Zz|"  # the made-up run's, and languages by their own names
    r"January|February|March|April|May|June|July|August|September|October|November|December|AM|PM)\b"  # dates
)
SAID_ALIKE = re.compile(r"html: [A-Z ·]+|caption: [\w/]+\.py|markdown: \[Ganin .*")
"""Terms that Chinese has in Latin letters, too, and the names of a file and a paper."""


@pytest.fixture(autouse=True)
def _marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third language, “zz”: what is translated into Chinese is there in brackets, and in Chinese itself as well."""
    known = {message: f"⟦{message}⟧" for message in i18n.translations("zh")}
    monkeypatch.setitem(i18n.LANGUAGES, "zz", "Zz")
    monkeypatch.setattr(i18n, "translations", lambda of: known if of in ("zz", "zh") else {})
    monkeypatch.setattr(i18n.Language, "_locale", property(lambda _self: Locale.parse("en")))


def shown(message: Message) -> Iterator[str]:
    """All that an element shows, with what it holds."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if field.message_type.GetOptions().map_entry:
                continue
            for part in value if field.is_repeated else [value]:
                yield from shown(part)
        elif field.type == FieldDescriptor.TYPE_STRING and field.name in SHOWN:
            yield from value if field.is_repeated else [value]
        elif field.name == "spec" and isinstance(value, str):
            yield from titles(json.loads(value))


def titles(spec: Any) -> Iterator[str]:
    """All words of a chart."""
    if isinstance(spec, list):
        for part in spec:
            yield from titles(part)
    elif isinstance(spec, dict):
        for name, part in spec.items():
            if name in ("text", "title", "name") and isinstance(part, str):
                yield part
            else:
                yield from titles(part)


def unmarked(text: str) -> str:
    """What stands outside of all brackets, without what no reader sees."""
    text = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", text, flags=re.S)
    text = re.sub(r"<[^>]*>", " ", text)  # tags; what they say to screen readers is held by the browser tests
    text = re.sub(r"\]\([^)]*\)|:[a-z-]+(?=\[)|`[^`]*`|\$[^$]*\$|&\w+;", " ", text)
    while (inner := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = inner
    return NAMES.sub(" ", text)


def elements(node: Any) -> Iterator[Any]:
    for child in getattr(node, "children", {}).values():
        yield child
        yield from elements(child)


def left_over(app: AppTest) -> set[str]:
    found = set()
    for element in elements(app._tree):
        proto = getattr(element, "proto", None)
        if not isinstance(proto, Message) or element.type in ("code", "json", "arrow_data_frame"):
            continue
        for text in shown(proto):
            if re.search(r"[A-Za-z]{2}", rest := unmarked(text)):
                found.add(f"{element.type}: {' '.join(rest.split())}")
    return found


@pytest.mark.parametrize(
    ("screen", "section"),
    [
        ("data", "walk"),
        ("network", "walk"),
        ("method", "walk"),
        ("train", "walk"),
        ("features", "walk"),
        ("results", "walk"),
        ("runs", "lab"),
        ("what_if", "lab"),
        ("stability", "lab"),
        ("own_benchmark", "lab"),
        ("automatic_search", "lab"),
        ("playground", "learn"),
        ("which_shift", "learn"),
        ("methods", "learn"),
        ("lecture_hall", "hall"),
    ],
)
def test_every_word_of_a_screen_is_in_the_catalogue(lab: Lab, screen: str, section: str) -> None:
    run = lab.finish()
    lab.finish(experiment=Experiment(method=MethodSpec(name="coral"), seed=2))
    app = lab.screen(screen, run, section=section, lang="zz", view="everything")
    assert "⟦" in app.title[0].value, "the screen is in that language"
    assert left_over(app) == set()


@pytest.mark.parametrize(
    ("screen", "own"),
    [
        ("lesson", {"lesson": "dann"}),
        ("course", {}),
        ("course", {"chapter": "night"}),
        ("stories", {}),
        ("stories", {"story": "alignment_wins"}),
        ("bug_hunt", {}),
        ("glossary", {}),
        ("teaching", {}),
    ],
)
def test_what_a_screen_says_around_its_texts_is_in_the_catalogue(lab: Lab, screen: str, own: dict[str, str]) -> None:
    """Their texts are files of a language each: what is neither Chinese nor in brackets comes from no file."""
    app = lab.screen(screen, section="learn", lang="zh")
    for name, value in own.items():
        app.query_params[name] = value
    if own:
        app.run()
    assert not app.exception
    missed = {line for line in left_over(app) if not re.search("[\u4e00-\u9fff]", line)}
    assert {line for line in missed if not SAID_ALIKE.fullmatch(line)} == set()


def test_every_word_of_the_first_screen_is_in_the_catalogue(lab: Lab) -> None:
    app = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=60)
    app.query_params["lang"] = "zz"
    assert not app.run().exception
    assert left_over(app) == set()


def test_what_is_not_in_brackets_is_found() -> None:
    assert unmarked("⟦of ⟦DANN⟧ and 3⟧ · :gray[⟦x⟧] <b title='Tag'>").split() == ["·", "[", "]"]
    assert "plain" in unmarked("⟦a⟧ plain ⟦b⟧")
