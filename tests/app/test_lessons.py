"""Lessons: their files, their pictures, the list of them and the page of one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from da_core import i18n, palette
from da_core.cli import main
from da_core.errors import UserError
from da_core.methods import methods
from da_core.params import describe
from da_core.teaching import (
    families,
    lesson_figure,
    lesson_file,
    showcase,
    toy_adaptation,
    toy_problems,
)
from da_core.teaching.lesson_figure import SHOWN, SIDE, Panel, Picture
from pages.learn import method_figure
from pages.session import keys
from pages.shell import params_table

FRAME = str(Path(__file__).parents[2] / "pages" / "frame.py")
NAMES = list(methods())


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    i18n.missing.clear()
    yield
    i18n.missing.clear()


def opened(page: str, lesson: str = "", **query: str) -> AppTest:
    """A visitor who followed a link with this query; AppTest begins on the first screen, which drops the lesson."""
    at = AppTest.from_file(FRAME, default_timeout=120)
    for name, value in query.items():
        at.query_params[name.replace("__", ".")] = value
    at.run()
    at.switch_page(f"learn/{page}.py")
    if lesson:
        at.query_params["lesson"] = lesson
    at.run()
    assert not at.exception
    return at


def query(at: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[0] for name, value in at.query_params.items()}


def markdown(at: AppTest) -> str:
    return "\n".join(str(text.value) for text in at.markdown)


def html(at: AppTest) -> str:
    return "\n".join(str(part.proto.body) for part in at.get("html"))


def links(at: AppTest) -> dict[str, str]:
    """The label and the query of each link to another screen."""
    return {link.proto.label: link.proto.query_string for link in at.get("page_link")}


# What a lesson shows of its method ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMES if name not in toy_problems.ON_PICTURES])
def test_every_picture_can_be_drawn_and_read(name: str) -> None:
    picture = lesson_figure.read(name)
    assert lesson_figure.file_of(name).stat().st_size < 12_000
    assert picture.toy in method_figure.TOYS
    assert picture.view in method_figure.VIEWS
    for panel in (picture.before, picture.after):
        assert 0 <= panel.accuracy <= 1
        assert sum(panel.regions[1::2]) in (0, SIDE * SIDE)
        assert {len(panel.source), len(panel.target)} <= {0, 2 * SHOWN}
    assert {trace.type for trace in method_figure.figure(picture, picture.after, picture.weights).data} >= {"scatter"}


@pytest.mark.parametrize("name", NAMES)
def test_the_table_has_every_hyperparameter_with_its_symbol(name: str) -> None:
    kind = methods()[name].Params
    rows = params_table.rows(kind)
    assert [row[0] for row in rows] == [hyper.symbol for hyper in describe(kind)]
    assert all(default and within for _symbol, _name, default, within, _help in rows)


@pytest.mark.parametrize("name", sorted(toy_problems.ON_PICTURES))
def test_a_method_on_pictures_is_shown_on_streets_by_day_and_night(name: str) -> None:
    strips = method_figure._strips(showcase.FOLDER, name)
    assert len(set(strips)) == 2 + len(method_figure.BETAS if name == "fda" else method_figure.SHOWN_NIGHTS)


def test_the_lesson_on_nights_shows_them_and_says_which() -> None:
    at = opened("lesson", lesson="night_augmentation")
    assert "never seen in training" in html(at)
    assert all(f"Source, by night: {name}" in html(at) for name in method_figure.SHOWN_NIGHTS)


def test_a_toy_is_chosen_for_methods_that_there_are() -> None:
    assert {*toy_problems.EXCEPTIONS, *toy_problems.ON_PICTURES} <= set(NAMES)
    assert {choice.toy for choice in [*toy_problems.BY_KIND.values(), *toy_problems.EXCEPTIONS.values()]} == set(
        method_figure.TOYS
    )


# Pictures -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["coral", "bbse", "domain_classifier"])
def test_the_command_makes_the_same_picture_again(name: str) -> None:
    shipped, again = lesson_figure.read(name), toy_adaptation.compute(methods()[name])
    assert (again.source_label, again.target_label) == (shipped.source_label, shipped.target_label)
    assert again.weights == pytest.approx(shipped.weights, abs=0.01)
    for panel, expected in ((again.before, shipped.before), (again.after, shipped.after)):
        assert panel.source == pytest.approx(expected.source, abs=2)
        assert panel.target == pytest.approx(expected.target, abs=2)
        assert panel.accuracy == pytest.approx(expected.accuracy, abs=0.01)
        assert len(panel.regions) == pytest.approx(len(expected.regions), abs=8)


@pytest.mark.slow
def test_the_command_writes_what_the_page_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson_figure, "FOLDER", tmp_path)
    assert main(["make", "lesson-figure", "coral", "source_only"]) == 0
    assert lesson_figure.read("coral") == toy_adaptation.compute(methods()["coral"])
    floor = lesson_figure.read("source_only")
    assert (floor.before.domain, floor.after.domain) == ("source", "target")
    assert floor.before.accuracy > floor.after.accuracy + 0.1


def test_the_ideas_show() -> None:
    """A toy on which nothing gets better teaches nothing."""
    for name in ("coral", "bbse", "domain_classifier", "dann", "deep_coral", "fine_tuning"):
        picture = lesson_figure.read(name)
        assert picture.after.accuracy > picture.before.accuracy + 0.05, name


def test_places_and_regions_agree() -> None:
    """A point that the picture draws lies on the shade that the classifier gives to it."""
    picture = lesson_figure.read("coral")
    regions, points = decoded(picture.after), picture.after.source
    shades = [regions[min(y * SIDE // 1000, SIDE - 1)][min(x * SIDE // 1000, SIDE - 1)] for x, y in pairs(points)]
    right = sum(shade == label for shade, label in zip(shades, picture.source_label, strict=True))
    assert right >= 0.95 * SHOWN


def decoded(panel: Panel) -> list[list[int]]:
    runs = zip(panel.regions[::2], panel.regions[1::2], strict=True)
    cells = [value for value, count in runs for _cell in range(count)]
    return [cells[row * SIDE : (row + 1) * SIDE] for row in range(SIDE)]


def pairs(places: list[int]) -> list[tuple[int, int]]:
    return list(zip(places[::2], places[1::2], strict=True))


def test_source_is_blue_circles_target_orange_diamonds_and_weights_are_sizes() -> None:
    picture: Picture = lesson_figure.read("domain_classifier")
    drawn = method_figure.figure(picture, picture.after, picture.weights)
    points = [trace for trace in drawn.data if trace.type == "scatter"]
    marks = {(trace.marker.color, trace.marker.symbol.partition("-")[0]) for trace in points}
    assert marks == {(palette.SOURCE, "circle"), (palette.TARGET, "diamond")}
    by_class = [trace for trace in points if trace.marker.color == palette.SOURCE]
    for label, trace in enumerate(by_class):
        weights = [w for w, y in zip(picture.weights, picture.source_label, strict=True) if y == label]
        order = sorted(range(len(weights)), key=weights.__getitem__)
        sizes = [trace.marker.size[place] for place in order]
        assert sizes == sorted(sizes)


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
    assert len(at.get("plotly_chart")) == 2
    assert ("何时有效" if language == "zh" else "When it helps") in [str(one.value) for one in at.subheader]
    assert "class CORAL(FeatureAlignment)" in at.expander[0].code[0].value
    assert "da_core/methods/alignment/coral.py" in [str(one.value) for one in at.caption]
    assert not i18n.missing


def test_a_lesson_leaves_the_experiment_as_it_is() -> None:
    at = opened("lesson", lesson="coral", method__weight="0.5", seed="3")
    assert at.title[0].value == "CORAL"
    assert query(at) == {"lesson": "coral", "method.weight": "0.5", "seed": "3"}
    at.switch_page("walk/method.py").run()
    assert at.slider(key=keys.setting("dann", "weight")).value == 0.5
    assert query(at) == {"method.weight": "0.5", "seed": "3"}


def test_try_it_takes_the_method_along() -> None:
    at = opened("lesson", lesson="coral", method__weight="0.5", seed="3")
    at.button(key=keys.TRY).click().run()
    assert at.title[0].value == "Method"
    assert query(at) == {"method": "coral", "seed": "3"}


def test_try_it_keeps_the_settings_of_the_method_that_is_chosen_already() -> None:
    at = opened("lesson", method="coral", method__regularisation="0.1")
    at.button(key=keys.TRY).click().run()
    assert query(at) == {"method": "coral", "method.regularisation": "0.1"}


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


def test_what_stands_below_a_picture_is_in_the_readers_language() -> None:
    chinese = i18n.translations("zh")
    assert [text for text in (*method_figure.TOYS.values(), *method_figure.VIEWS.values()) if text not in chinese] == []
    captions = [str(one.value) for one in opened("lesson", method="jda", lang="zh").caption]
    assert any("成分数 = 1" in text for text in captions)
    assert not i18n.missing


def test_one_lesson_leads_to_the_next() -> None:
    order = families.in_order(methods())
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


def test_each_family_has_two_or_three_methods_to_start_with() -> None:
    first = Counter(method.family() for method in methods().values() if method.start_here)
    assert first.keys() == {"alignment", "reweighting", "adaptation"}
    assert set(first.values()) <= {2, 3}
    assert all(methods()[name].start_here for name in families.ADVISED.values()), "what a report advises is among them"


def test_a_paper_is_linked_to_where_papers_are() -> None:
    known = ("https://arxiv.org/abs/", "https://doi.org/10.", "https://proceedings.mlr.press/", "https://www.jmlr.org/")
    linked = [method for method in methods().values() if method.link]
    assert len(linked) > 40
    assert all(method.link.startswith(known) and method.paper for method in linked)


def test_the_form_groups_alignment_by_kind_and_links_to_the_lesson() -> None:
    at = AppTest.from_file(FRAME, default_timeout=120)
    at.query_params["method"] = "coral"
    at.run()
    at.switch_page("walk/method.py").run()
    kinds = ["On fixed features", "Deep, in training"]
    assert [radio.label for radio in at.radio] == [label for kind in kinds for label in (kind, f"More: {kind}")]
    assert "lesson=coral" in links(at)["How CORAL works →"]
    at.radio[2].set_value("dann").run()
    assert [radio.value for radio in at.radio] == [None, None, "dann", None]
    assert "lesson=dann" in links(at)["How DANN works →"]
