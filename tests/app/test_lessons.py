"""Lessons: their files, their pictures, the list of them and the page of one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from da_core import i18n
from da_core.errors import UserError
from da_core.methods import methods
from da_core.teaching import showcase
from da_core.teaching.course.check_questions import check
from da_core.teaching.course.misconceptions import misconception
from da_core.teaching.films import filming, lesson_films
from da_core.teaching.lessons import families, lesson_file
from da_core.teaching.lessons.code_reading import file_of_reading, read_steps
from pages.learn import method_figure
from pages.session import keys
from pages.shell import params_table
from tests.support.lab import links, query_of, visit

NAMES = list(methods())


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    i18n.missing.clear()
    yield
    i18n.missing.clear()


def opened(page: str, lesson: str = "", **query: str) -> AppTest:
    """A visitor who followed a link with this query; AppTest begins on the first screen, which drops the lesson."""
    return visit(f"learn/{page}.py", {"lesson": lesson} if lesson else None, **query)


def markdown(at: AppTest) -> str:
    return "\n".join(str(text.value) for text in at.markdown)


def html(at: AppTest) -> str:
    return "\n".join(str(part.proto.body) for part in at.get("html"))


# What a lesson shows of its method ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dann", "coral", "bbse", "fine_tuning", "source_only"])
def test_a_lesson_plays_the_film_of_its_method(name: str) -> None:
    at = opened("lesson", lesson=name)
    (element,) = [one for one in at.get("bidi_component") if one.proto.component_name.endswith("da_lab_playground")]
    assert f"method={name}" in str(element.proto) or name == "dann"


@pytest.mark.parametrize("name", sorted(filming.ON_PICTURES))
def test_a_method_on_pictures_is_shown_on_streets_by_day_and_night(name: str) -> None:
    strips = method_figure._strips(showcase.FOLDER, name)
    assert len(set(strips)) == 2 + len(method_figure.BETAS if name == "fda" else method_figure.SHOWN_NIGHTS)


def test_the_lesson_on_nights_shows_them_and_says_which() -> None:
    at = opened("lesson", lesson="night_augmentation")
    assert "never seen in training" in html(at)
    assert all(f"Source, by night: {name}" in html(at) for name in method_figure.SHOWN_NIGHTS)


def test_scenes_are_chosen_for_methods_that_there_are() -> None:
    assert {*lesson_films.EXCEPTIONS, *filming.ON_PICTURES} <= set(NAMES)
    chosen = {choice.scene for choice in [*lesson_films.BY_KIND.values(), *lesson_films.EXCEPTIONS.values()]}
    assert chosen <= set(lesson_films.SCENES)


# The format of a lesson -----------------------------------------------------------------------------------------------


GOOD = """A text.

## Formula
$$
a = b
$$

| Symbol | Meaning |
|---|---|
| $a$ | one |

## When it helps
- here
- there, and
  on this line

## When it fails
- now
- then
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "en" / "toy.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    lesson_file.read.cache_clear()
    return file


def test_a_lesson_is_read_in_parts(tmp_path: Path) -> None:
    lesson = lesson_file.read(written(tmp_path, GOOD))
    assert lesson.idea == "A text."
    assert lesson.formula == "$$\na = b\n$$"
    assert lesson.symbols == (("$a$", "one"),)
    assert lesson.helps == ("here", "there, and on this line")


@pytest.mark.parametrize(
    ("change", "into", "says"),
    [
        ("A text.", "", "begins without a text"),
        ("## When it helps", "## When it is good", "needs the headings"),
        ("## When it fails", "### When it fails", "needs the headings|other headings"),
        ("$$\na = b\n$$", "a = b", "no formula"),
        ("a = b\n$$", "a = b\n", "dollar sign"),
        ("| $a$ | one |", "| $a|b$ | one |", "two cells"),
        ("| $a$ | one |\n", "", "table of its symbols"),
        ("| Symbol | Meaning |", "| Letter | Meaning |", "table of its symbols"),
        ("- now\n", "", "two to four points"),
        ("- now", "- <b>now</b>", "holds “<b>”"),
        ("- now", "- [now](there)", "holds"),
        ("A text.", "# A title\n\nA text.", "holds “#”"),
        ("A text.", "A text: costs $5.", "dollar sign"),
    ],
)
def test_a_malformed_lesson_is_refused_with_what_is_wrong(tmp_path: Path, change: str, into: str, says: str) -> None:
    assert change in GOOD
    with pytest.raises(UserError, match=says) as refused:
        lesson_file.read(written(tmp_path, GOOD.replace(change, into)))
    assert "en/toy.md" in str(refused.value)


def test_a_missing_lesson_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"en/none\.md is missing"):
        lesson_file.read(tmp_path / "en" / "none.md")


# The screens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_lesson_opens_from_its_link_in_either_language(language: str) -> None:
    at = opened("lesson", method="coral", lang=language)
    assert at.title[0].value == "CORAL"
    told = markdown(at)
    assert r"C_s^{-1/2}" in told
    assert "λ" in html(at)
    assert len(at.get("bidi_component")) == 1
    assert ("何时有效" if language == "zh" else "When it helps") in [str(one.value) for one in at.subheader]
    assert "class CORAL(FeatureAlignment)" in at.expander[0].code[0].value
    assert "da_core/methods/alignment/coral.py" in [str(one.value) for one in at.caption]
    assert not i18n.missing


def test_a_lesson_leaves_the_experiment_as_it_is() -> None:
    at = opened("lesson", lesson="coral", method__weight="0.5", seed="3")
    assert at.title[0].value == "CORAL"
    assert query_of(at) == {"lesson": "coral", "method.weight": "0.5", "seed": "3"}
    at.switch_page("walk/method.py").run()
    assert at.slider(key=keys.setting("dann", "weight")).value == 0.5
    assert query_of(at) == {"method.weight": "0.5", "seed": "3"}


def test_try_it_takes_the_method_along() -> None:
    at = opened("lesson", lesson="coral", method__weight="0.5", seed="3")
    at.button(key=keys.TRY).click().run()
    assert at.title[0].value == "Method"
    assert query_of(at) == {"method": "coral", "seed": "3"}


def test_try_it_keeps_the_settings_of_the_method_that_is_chosen_already() -> None:
    at = opened("lesson", method="coral", method__regularisation="0.1")
    at.button(key=keys.TRY).click().run()
    assert query_of(at) == {"method": "coral", "method.regularisation": "0.1"}


def test_a_teachers_link_that_hides_the_method_hides_the_button() -> None:
    at = opened("lesson", method="coral", hide="method")
    assert keys.TRY not in [button.key for button in at.button]


def test_a_lesson_of_nothing_gets_a_sentence() -> None:
    at = opened("lesson", lesson="magic")
    assert "no method “magic”" in at.warning[0].value


@pytest.mark.parametrize(
    ("value", "read"),
    [(1e-9, "10⁻⁹"), (1e6, "10⁶"), (1e-5, "10⁻⁵"), (0.001, "0.001"), (2e-6, "2e-06"), (20_000, "20000")],
)
def test_far_powers_of_ten_are_written_as_such(value: float, read: str) -> None:
    assert params_table.figure(value) == read


def test_what_stands_below_a_film_is_in_the_readers_language() -> None:
    captions = [str(one.value) for one in opened("lesson", lesson="jda", lang="zh").caption]
    assert any("成分数 = 1" in text for text in captions)
    assert not i18n.missing


def test_one_lesson_leads_to_the_next() -> None:
    order = families.order_methods(methods())
    assert sorted(order) == sorted(methods())
    here = order.index("dann")
    at = opened("lesson", lesson="dann")
    for label, name in (
        (f"← {title(order[here - 1])}", order[here - 1]),
        (f"{title(order[here + 1])} →", order[here + 1]),
    ):
        assert f"lesson={name}" in links(at)[label]


def title(name: str) -> str:
    return methods()[name].title


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_methods_are_listed_with_a_link_to_their_lesson(language: str) -> None:
    at = opened("methods", lang=language)
    listed = {name: found[1] for name in links(at).values() if (found := re.search(r"lesson=(\w+)", name))}
    assert sorted(listed.values()) == sorted(methods())
    assert not i18n.missing


def test_methods_are_found_by_name_and_family() -> None:
    at = opened("methods")
    at.text_input(key=keys.METHOD_SEARCH_NAME).set_value("Coral").run()
    assert {"CORAL", "Deep CORAL"} <= set(links(at))
    assert "DANN" not in links(at)
    at.button_group(key=keys.METHOD_SEARCH_FAMILY).set_value("reweighting").run()
    assert "CORAL" not in links(at)
    assert "“Coral”" in at.info[0].value
    at.text_input(key=keys.METHOD_SEARCH_NAME).set_value("").run()
    assert {"BBSE", "Domain classifier"} <= set(links(at))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("对抗", {"DANN", "CDAN", "ADDA", "MCD"}),
        ("transport", {"Optimal transport", "DeepJDOT", "Sinkhorn transport"}),
        ("few labels", {"Fine-tuning"}),
        ("标签偏移", {"BBSE", "RLLS", "EM class prior"}),
    ],
)
def test_methods_are_found_by_what_they_are_about(typed: str, found: set[str]) -> None:
    at = opened("methods")
    at.text_input(key=keys.METHOD_SEARCH_NAME).set_value(typed).run()
    listed = links(at).keys() & {method.title for method in methods().values()}
    assert found <= listed
    assert len(listed) < 12, "and not by what merely occurs in a lesson"


def test_each_family_has_two_to_four_methods_to_start_with() -> None:
    first = Counter(method.family() for method in methods().values() if method.start_here)
    assert first.keys() == {"alignment", "reweighting", "adaptation"}
    assert set(first.values()) <= {2, 3, 4}


def test_a_paper_is_linked_to_where_papers_are() -> None:
    known = (
        "https://arxiv.org/abs/",
        "https://doi.org/10.",
        "https://proceedings.mlr.press/",
        "https://www.jmlr.org/",
        "https://papers.nips.cc/paper/",
        "https://www.jstage.jst.go.jp/article/",
        "https://www.semanticscholar.org/paper/",  # of a workshop without proceedings
    )
    links = {method.name(): method.link for method in methods().values() if method.paper}
    assert len(links) > 40
    assert {name: link for name, link in links.items() if not link.startswith(known)} == {}


def test_the_form_groups_alignment_by_kind_and_links_to_the_lesson() -> None:
    at = visit("walk/method.py", method="coral")
    kinds = ["On fixed features", "Deep, in training"]
    assert [radio.label for radio in at.radio] == [label for kind in kinds for label in (kind, f"More: {kind}")]
    assert "lesson=coral" in links(at)["How CORAL works →"]
    at.radio[2].set_value("dann").run()
    assert [radio.value for radio in at.radio] == [None, None, "dann", None]
    assert "lesson=dann" in links(at)["How DANN works →"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_lesson_reads_its_code_beside_the_formula(language: str) -> None:
    at = opened("lesson", lesson="sinkhorn", lang=language)
    steps = read_steps(file_of_reading("sinkhorn"))
    assert [step.code.rstrip() for step in steps] == [code.value for code in at.code[: len(steps)]]
    for step in steps:
        assert step.term in markdown(at)
        assert step.does.text(language) in markdown(at)
    assert any("transport.py" in caption.value for caption in at.caption), "lines of another file say so"


def test_a_lesson_asks_one_question_and_says_why() -> None:
    at = opened("lesson", lesson="coral")
    asked = check("coral")
    at.radio(key=keys.check_choice("lesson", "coral")).set_value(asked.right).run()
    at.button(key=keys.check_commit("lesson", "coral")).click().run()
    assert asked.why.en in at.success[0].value


def test_a_lesson_does_not_offer_to_lead_to_itself() -> None:
    at = opened("lesson", lesson="kernel_density")
    for place, option in enumerate(check("kernel_density").options):
        if option.is_right:
            continue
        at.radio(key=keys.check_choice("lesson", "kernel_density")).set_value(place).run()
        at.button(key=keys.check_commit("lesson", "kernel_density")).click().run()
        leads = keys.check_try("lesson", "kernel_density") in {button.key for button in at.button}
        assert leads == (option.refuted().try_it.query() != {"lesson": "kernel_density"})
    assert misconception("density_in_many_dimensions").try_it.query() == {"lesson": "kernel_density"}


def test_a_reading_of_another_shape_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "coral.yaml"
    text = file_of_reading("coral").read_text(encoding="utf-8")
    file.write_text(text.replace("steps:", "lines:"), encoding="utf-8")
    with pytest.raises(UserError, match="“steps” is wrong"):
        read_steps(file)
