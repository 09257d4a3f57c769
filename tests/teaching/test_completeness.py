"""Every method and every data set is whole, and what one lacks is named with what mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from da_core.data.sources import sources
from da_core.methods import methods
from da_core.teaching import completeness, reference
from da_core.teaching.completeness import Gap
from da_core.teaching.films import lesson_films
from da_core.teaching.films.lesson_films import Choice
from da_core.teaching.lessons import code_reading, lesson_file


@pytest.mark.parametrize("name", list(methods()))
def test_every_method_is_whole(name: str) -> None:
    assert not [str(gap) for gap in completeness.gaps_of_method(name)]


@pytest.mark.parametrize("name", list(sources()))
def test_every_data_set_is_whole(name: str) -> None:
    assert not [str(gap) for gap in completeness.gaps_of_data(name)]


def write_lesson(folder: Path, language: str, change: str, into: str) -> None:
    """CORAL's lesson with a change."""
    text = (lesson_file.FOLDER / language / "coral.md").read_text(encoding="utf-8")
    assert change in text
    (folder / language).mkdir(parents=True)
    (folder / language / "coral.md").write_text(text.replace(change, into), encoding="utf-8")


def test_a_lesson_in_the_wrong_language_is_no_lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "zh").mkdir()
    english = (lesson_file.FOLDER / "en" / "coral.md").read_text(encoding="utf-8")
    for place, (old, new) in enumerate(zip(lesson_file.HEADINGS["en"], lesson_file.HEADINGS["zh"], strict=True)):
        english = english.replace(f"## {old}", f"## {new}", 1)
        assert new in english, place
    for old, new in zip(lesson_file.TABLE["en"], lesson_file.TABLE["zh"], strict=True):
        english = english.replace(old, new)
    (tmp_path / "zh" / "coral.md").write_text(english, encoding="utf-8")
    monkeypatch.setattr(lesson_file, "FOLDER", tmp_path)
    (gap,) = completeness.lesson_gaps("coral", "zh")
    assert gap == Gap("lesson (zh)", f"{tmp_path / 'zh' / 'coral.md'} is in another language; translate it.")


def test_a_formula_that_differs_between_languages_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lesson(tmp_path, "en", r"C_s^{-1/2}", r"C_s^{-1/3}")
    write_lesson(tmp_path, "zh", "$$", "$$")
    monkeypatch.setattr(lesson_file, "FOLDER", tmp_path)
    assert [gap.what for gap in completeness.formula_gaps("coral")] == ["formula (zh)"]


def test_a_reading_that_quotes_what_is_no_longer_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coral = methods()["coral"]
    text = code_reading.file_of_reading("coral").read_text(encoding="utf-8")
    assert "_power(Cs, -0.5)" in text
    changed = text.replace("_power(Cs, -0.5)", "_power(Cs, -0.25)")
    monkeypatch.setattr(code_reading, "FOLDER", tmp_path)
    (gap,) = completeness.reading_gaps(coral)
    assert (gap.what, "write" in gap.mend, "coral.yaml" in gap.mend) == ("reading of the code", True, True)
    (tmp_path / "coral.yaml").write_text(changed, encoding="utf-8")
    (gap,) = completeness.reading_gaps(coral)
    assert "not in da_core/methods/alignment/coral.py" in gap.mend
    assert gap.mend.endswith("_power(Cs, -0.25)")


def test_a_line_is_found_however_it_is_broken() -> None:
    text = "a = 1\n\nb = f(\n    a,\n    2)\nc = 3\n"
    assert code_reading.lines_of("b = f(a, 2)", text) == (3, 5)
    assert code_reading.lines_of("f(a,\n  2)\nc", text) == (3, 6)
    assert code_reading.lines_of("b = f(a, 3)", text) is None


def test_a_method_that_the_courses_map_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods()["coral"], "name", classmethod(lambda _cls: "quartiles"))
    (gap,) = completeness.map_gaps(methods()["coral"])
    assert "assets/course/method_map.yaml" in gap.mend
    assert not list(completeness.map_gaps(methods()["source_only"]))


def test_a_film_that_cannot_teach_is_to_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(completeness.film_gaps(methods()["coral"])) == []
    monkeypatch.setitem(lesson_films.EXCEPTIONS, "coral", Choice("missing"))
    (gap,) = completeness.film_gaps(methods()["coral"])
    assert (gap.what, "nothing gets better" in gap.mend) == ("film", True)
    assert "da_core/teaching/films/lesson_films.py" in gap.mend
    monkeypatch.setitem(lesson_films.EXCEPTIONS, "coral", Choice("moved", {"regularisation": -1.0}))
    (gap,) = completeness.film_gaps(methods()["coral"])
    assert "regularisation of coral is -1" in gap.mend


def test_what_a_data_set_lacks_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data.md").write_text("# Data\n", encoding="utf-8")
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    monkeypatch.setattr(completeness, "figures", dict)
    monkeypatch.setattr("da_core.teaching.thumbnails.uri", lambda name: None)
    monkeypatch.setattr(sources()["moons"], "summary", "Half moons that nobody translated.")
    mended = {gap.what: gap.mend for gap in completeness.gaps_of_data("moons")}
    assert set(mended) == {"picture on the card", "measured figures", "translation (zh)", "reference page"}
    assert mended["picture on the card"].endswith("python -m da_core make thumbnails moons")
    assert 'app.po: msgid "Half moons that nobody translated."' in mended["translation (zh)"]
