"""Which column of a table is what: names that speak are weighed, and what is not plain is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from da_core.data.loading.cache import inspect_files
from da_core.data.readers import tables
from da_core.data.readers.archive import SingleDomainError
from da_core.data.sources.own_files import Files
from da_core.errors import UserError
from da_core.experiment import DataSpec

CITIES = ("北京", "上海", "广州", "深圳", "杭州")


def table(place: Path, header: str, row: str, count: int = 60) -> Path:
    """A table whose rows follow a pattern: {n}, {two}, {other}, {city} stand for values."""
    lines = [
        row.format(n=n, two="ab"[n % 2], other="uv"[n // 2 % 2], third="pq"[n // 4 % 2], city=CITIES[n % 5])
        for n in range(count)
    ]
    place.write_text("\n".join([header, *lines]), encoding="utf-8")
    return place


def roles(place: Path, **params: bool | float | str) -> tuple[str, str]:
    reading = Files(**params).load_places(place, None).reading
    return reading["label"], reading["domain"]


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("年龄,月收入,性别,城市,客户类型,门店", "{n},{n}5,{third},{city},{two},{other}", ("客户类型", "门店")),
        ("x,y,class,domain", "{n},{n}.5,{two},{other}", ("class", "domain")),
        ("x,y,domain", "{n},{two},{other}", ("y", "domain")),
        ("x,city,target,split", "{n},{city},{two},{other}", ("target", "split")),
        ("x,渠道,评价", "{n},{other},{two}", ("评价", "渠道")),
        ("x,source,customer_class", "{n},{other},{two}", ("customer_class", "source")),
        ("x,city,kind,label", "{n},{city},{n},{two}", ("label", "city")),
        ("x,town,kind,domain", "{n},{city},{two},{other}", ("kind", "domain")),
    ],
)
def test_names_that_speak_are_weighed(tmp_path: Path, header: str, row: str, expected: tuple[str, str]) -> None:
    assert roles(table(tmp_path / "a.csv", header, row)) == expected


def test_a_city_is_no_domain_beside_a_column_of_two_words(tmp_path: Path) -> None:
    place = table(tmp_path / "a.csv", "x,city,shop,class", "{n},{city},{other},{two}")
    with pytest.raises(SingleDomainError) as raised:
        roles(place)
    assert raised.value.values["option"] == "domain"
    assert roles(place, domain="city") == ("class", "city")


def test_two_columns_that_fit_alike_as_the_label_are_asked_for(tmp_path: Path) -> None:
    place = table(tmp_path / "a.csv", "x,colour,shape,domain", "{n},{two},{third},{other}")
    spec = DataSpec(name="files", source=str(place))
    found = inspect_files(spec)
    assert "colour, shape fit equally well" in str(found.problem)
    assert found.problem.values["option"] == "label"
    assert [column.name for column in found.layout.outline.columns] == ["x", "colour", "shape", "domain"]
    assert roles(place, label="shape") == ("shape", "domain")
    found = inspect_files(spec.model_copy(update={"params": {"label": "shape", "source_domain": "w"}}))
    assert (found.pair, found.layout.domains) == (None, ("u", "v")), "the domain is still to be chosen"


def test_a_third_column_that_would_do_as_well_is_named(tmp_path: Path) -> None:
    place = table(tmp_path / "a.csv", "x,class,outcome,domain,site", "{n},{two},{third},{other},{city}")
    found = {n.message: n.values for n in Files().load_places(place, None).notices}
    assert "outcome" in found[tables.OTHER_LABEL]["names"]
    assert "site" in found[tables.OTHER_DOMAIN]["names"]
    chosen = Files(label="class", domain="domain").load_places(place, None).notices
    assert not {n.message for n in chosen} & {tables.OTHER_LABEL, tables.OTHER_DOMAIN}


def test_what_was_understood_is_written_down_and_a_source_that_is_not_plain_is_asked_for(tmp_path: Path) -> None:
    place = table(tmp_path / "a.csv", "x,class,domain", "{n},{two},{other}")
    spec = DataSpec(name="files", source=str(place))
    found = inspect_files(spec)
    assert found.layout.domains == ("u", "v")
    with pytest.raises(UserError, match="It is unclear which of u, v is the source") as raised:
        found.settle(spec)
    assert raised.value.values["option"] == "source_domain"
    chosen = spec.model_copy(update={"params": {"source_domain": "v"}})
    assert inspect_files(chosen).settle(chosen).params == {"label": "class", "domain": "domain", "source_domain": "v"}


@pytest.mark.parametrize(
    ("values", "plain"),
    [("day night", "day"), ("night store", "store"), ("test train", "train"), ("目标域 源域", "源域"), ("a b", "")],
)
def test_which_domain_is_plainly_the_source(tmp_path: Path, values: str, plain: str) -> None:
    first, second = values.split()
    lines = ["x,class,domain"] + [f"{n},{'ab'[n % 2]},{(first, second)[n // 2 % 2]}" for n in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    assert inspect_files(DataSpec(name="files", source=str(tmp_path / "a.csv"))).plain_source == plain
