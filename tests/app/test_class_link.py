"""What an instructor hands to a class: a link that hides parts, in a language, and its QR code."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from pages.session import keys
from pages.shell import navigation
from tests.support.lab import visit


def opened(page: str, **query: str) -> AppTest:
    at = visit(page, **{"data": "moons"} | query)
    assert not at.sidebar.code, "what is shut is not drawn"
    at.session_state[keys.CLASS_LINK] = at.session_state[keys.SHARED_LINK] = True
    at.run()
    assert not at.exception
    return at


def links(at: AppTest) -> list[dict[str, str]]:
    """The queries of the links that the sidebar shows: the one to share, and the one for students."""
    return [{n: v[0] for n, v in parse_qs(urlsplit(code.value).query).items()} for code in at.sidebar.code]


def steps(at: AppTest) -> list[str]:
    return [link.proto.label for link in at.sidebar.get("page_link")]


def test_a_shared_link_carries_the_language_that_it_is_read_in() -> None:
    shared, _for_students = links(opened("walk/method.py", seed="7"))
    assert shared["lang"] == "en"
    assert (shared["data"], shared["seed"]) == ("moons", "7")


def test_the_students_link_hides_what_is_ticked_and_speaks_the_language_chosen() -> None:
    at = opened("walk/method.py", seed="7")
    at.button_group(key=keys.CLASS_HIDES).set_value(["network", "data"]).run()
    at.button_group(key=keys.CLASS_LANGUAGE).set_value("zh").run()
    _shared, students = links(at)
    assert (students["hide"], students["lang"], students["seed"]) == ("data,network", "zh", "7")
    for is_open in (False, True):  # what was chosen outlasts a look elsewhere
        at.session_state[keys.CLASS_LINK] = is_open
        at.run()
    assert links(at)[1]["hide"] == "data,network"
    at.toggle(key=keys.CLASS_TRAINS).set_value(True).run()
    assert "seed" not in links(at)[1]


@pytest.mark.parametrize(
    ("hide", "left"),
    [
        ("data", ["Network", "Method", "Train", "Features", "Results"]),
        ("network", ["Data", "Network", "Method", "Train", "Features", "Results"]),
        ("network,training", ["Data", "Method", "Train", "Features", "Results"]),
        ("data,network,method,training", ["Train", "Features", "Results"]),
    ],
)
def test_steps_that_are_hidden_leave_the_walk(hide: str, left: list[str]) -> None:
    at = opened("walk/train.py", hide=hide)
    titles = {navigation.SCREENS[step].title for step in navigation.WALK}
    assert [label for label in steps(at) if label in titles] == left
    place = left.index("Train") + 1
    assert any(f"Step {place} of {len(left)}" in str(html.proto.body) for html in at.get("html"))


@pytest.mark.parametrize("screen", ["data", "network", "method"])
def test_a_hidden_screen_says_which_experiment_it_is(screen: str) -> None:
    at = opened(f"walk/{screen}.py", hide="data,network,method,training", method="coral", seed="3")
    assert any("CORAL" in text.value and "seed 3" in text.value for text in at.main.markdown)
    assert not any("lab-hint" in str(html.proto.body) for html in at.main.get("html")), "no hint on what is not there"


def test_students_are_not_offered_a_link_for_students() -> None:
    assert len(links(opened("walk/train.py", hide="method"))) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_for_instructors_is_there_in_both_languages(language: str) -> None:
    at = opened("learn/teaching.py", lang=language)
    assert any("0.0.0.0" in text.value for text in at.main.markdown)


@pytest.mark.parametrize("letters", [1000, 400_000])
def test_a_link_that_is_too_long_for_a_code_is_handed_on_as_text(letters: int) -> None:
    """As one with many points of one's own is."""
    screen = opened("walk/method.py", data="drawn", data__points="A" * letters)
    told = any("too long for a QR code" in caption.value for caption in screen.sidebar.caption)
    assert told == (letters > 2331)
