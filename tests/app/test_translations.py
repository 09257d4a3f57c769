"""Every sentence that a person may meet has a Chinese translation, and it fills the same fields."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from pathlib import Path

import pytest

from da_core import i18n_messages
from da_core.i18n import Language, translations, translations_file

UNUSUAL = re.compile(r"\b(anew|so many|whoever|what came of|somebody|taken for what|worth the name)\b", re.IGNORECASE)
"""What a reader who learned English as a second language stops at."""

pytestmark = pytest.mark.xdist_group("translations")  # the messages are collected once
collect = functools.cache(i18n_messages.collect)


def test_messages_use_plain_words() -> None:
    assert not [message for message in collect() if UNUSUAL.search(message)]


def test_every_message_is_translated() -> None:
    places = collect()
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


def test_no_empty_choice_speaks_streamlits_english() -> None:
    """Where nothing is chosen Streamlit says “Choose an option” to everybody, unless it is told what to say."""

    def asks(call: ast.Call) -> bool:
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        can_be_empty = name == "multiselect" or (name == "selectbox" and "None" in given.get("index", ""))
        return can_be_empty and "placeholder" not in given

    silent = [
        f"{file}:{call.lineno}"
        for file in Path("pages").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and asks(call)
    ]
    assert not silent


@pytest.mark.parametrize("language", ["zh"])
def test_translations_fill_the_same_fields(language: str) -> None:
    def fields(text: str) -> set[str]:
        return set(re.findall(r"\{(\w*)\}", text))

    different = {m: t for m, t in translations(language).items() if fields(m) != fields(t)}
    assert not different


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_number_and_its_per_cent_sign_stand_together(language: str) -> None:
    """As `Language.percent` writes them."""
    said = translations("zh").values() if language == "zh" else translations("zh").keys()
    assert [text for text in said if re.search(r"[0-9}] %", text)] == []


def test_chinese_sentences_have_a_space_where_they_meet_numbers_and_latin_words() -> None:
    han, latin = "[\u3400-\u9fff]", "[0-9A-Za-z%]"
    without_fields = {text: re.sub(r"\{[^}]*\}", "", text) for text in translations("zh").values()}
    assert [text for text, bare in without_fields.items() if re.search(f"{han}{latin}|{latin}{han}", bare)] == []


def test_bold_words_in_chinese_texts_are_bold_and_no_stars_are_seen() -> None:
    """Markdown ends no bold words at a full stop inside the stars that a Han letter follows, and begins none so."""
    pages = Path("assets").rglob("*zh*/**/*.md"), Path("assets/teaching").glob("zh.md")
    texts = [*translations("zh").values(), *(page.read_text(encoding="utf-8") for some in pages for page in some)]
    assert len(texts) > len(translations("zh")) + 10
    mark, letter = "[。，、；：！？…“”‘’（）《》]", "[\u3400-\u9fff0-9A-Za-z]"
    bold = re.compile(rf"(?P<before>{letter})?\*\*(?P<words>[^*\n]+)\*\*(?P<after>{letter})?")
    assert [
        found["words"]
        for text in texts
        for found in bold.finditer(text)
        if (found["after"] and re.search(f"{mark}$", found["words"]))
        or (found["before"] and re.match(mark, found["words"]))
    ] == []


@pytest.mark.parametrize(
    ("message", "values", "written"),
    [
        ("How {method} works", {"method": "DANN"}, "DANN 的原理"),
        ("How {method} works", {"method": "微调"}, "微调的原理"),
        (
            "{true} predicted as {predicted}: {was} → {now}",
            {"true": "公交车", "predicted": "A车", "was": 3, "now": 1},
            None,
        ),
    ],
)
def test_a_value_meets_a_chinese_sentence_as_its_own_letters_want(
    message: str, values: dict[str, object], written: str | None
) -> None:
    said = Language("zh").translate(message, **values)
    assert said == (written or "公交车被预测为 A车：3 → 1")  # what is inside a name stays as it is


def test_chinese_sentences_stand_side_by_side_without_a_space() -> None:
    assert Language("zh").paragraph("目标：判对 75%。", "", "不使用标签。") == "目标：判对 75%。不使用标签。"
    assert Language("en").paragraph("The bar: 75%.", "", "No labels.") == "The bar: 75%. No labels."


def test_no_message_has_two_translations() -> None:
    text = translations_file("zh").read_text(encoding="utf-8")
    ids = re.findall(r'^msgid ((?:".*"\n)+)', text, re.MULTILINE)
    assert [one for one, count in Counter(ids).items() if count > 1] == []


def test_no_translation_is_of_something_that_nobody_says() -> None:
    constants = {
        node.value
        for _path, tree in i18n_messages.syntax_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not set(translations("zh")) - constants - collect().keys()
