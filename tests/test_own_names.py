"""Names that a user gave are shown as they are, also once a result has been to disk and back."""

from __future__ import annotations

import pytest

from da_core.events import Finding, Notice, Result
from da_core.i18n import Language
from da_core.own_names import OwnName, mark_own, own_names_in
from tests.support import made_up_run

ZH = Language("zh")


def test_a_word_that_the_app_knows_is_translated_unless_it_is_the_users_own() -> None:
    assert ZH.word("cat") == "猫"
    assert ZH.word(OwnName("cat")) == "cat"
    assert ZH.translate_message("{name}", {"name": OwnName("cat")}) == "cat"


def test_marking_goes_as_deep_as_json_does() -> None:
    marked = mark_own({"a": ["cat", ("dog", 3)], "b": "night"}, {"cat", "dog"})
    assert sorted(own_names_in(marked)) == ["cat", "dog"]
    assert mark_own(marked, set()) == marked


@pytest.mark.parametrize(("data", "shown"), [("files", "cat"), ("street", "猫")])
def test_a_results_names_are_translated_for_built_in_data_only(data: str, shown: str) -> None:
    made = made_up_run.finished().result
    raw = made.model_dump() | {
        "recipe": {"experiment": {"data": {"name": data}}},
        "classes": ["cat", "dog"],
        "notices": [Notice("{place}", {"place": "cat"})],
        "findings": [Finding(name="x", title="x", evidence="{name}", advice="x", values={"name": "cat"})],
    }
    raw["adapted"]["target"]["per_class"][0]["name"] = "cat"
    result = Result.model_validate_json(Result.model_validate(raw).model_dump_json())
    assert result.adapted.target is not None
    said = [
        result.classes[0],
        result.adapted.target.per_class[0].name,
        result.notices[0].values["place"],
        result.findings[0].values["name"],
    ]
    assert [ZH.word(name) for name in said] == [shown] * 4
