"""What a new file has to declare, how it is found, and what a name that nobody knows gets for an answer."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from da_core.cli import main
from da_core.data.source import DataSource
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.experiment import DataSpec, MethodSpec, NetworkSpec
from da_core.methods import adaptation, alignment, methods
from da_core.methods.base import DeepAlignment, FeatureAlignment, Method
from da_core.networks import networks
from da_core.networks.extractor import Extractor
from da_core.params import Params, describe
from da_core.registry import pick, resolve

METHOD = {"title": "Title", "summary": "Summary.", "paper": "Nobody 2000"}
NETWORK = {"name": "net", "title": "Title", "summary": "Summary.", "takes": frozenset({"pictures"})}
DATA = {
    "name": "set",
    "title": "Title",
    "summary": "Summary.",
    "area": "digits",
    "shift": "appearance",
    "kind": "pictures",
    "origin": "Origin.",
    "licence": "Licence.",
}
WHOLE: list[tuple[type, dict[str, Any]]] = [
    (FeatureAlignment, METHOD),
    (DeepAlignment, METHOD),
    (Extractor, NETWORK),
    (DataSource, DATA),
]


def planted(base: type, declared: dict[str, Any], **keywords: object) -> Any:
    """Define a class of this file that declares just that."""
    return types.new_class("Planted", (base,), keywords, lambda body: body.update(declared, __module__=__name__))


@pytest.mark.parametrize(("base", "whole", "lacking"), [(base, whole, name) for base, whole in WHOLE for name in whole])
def test_a_class_that_lacks_an_attribute_is_refused_where_it_is_defined(
    base: type, whole: dict[str, Any], lacking: str
) -> None:
    planted(base, whole)
    with pytest.raises(TypeError) as raised:
        planted(base, {name: value for name, value in whole.items() if name != lacking})
    assert str(raised.value) == f"{__file__}: class Planted does not declare {lacking}."


@pytest.mark.parametrize(
    ("base", "whole", "wrong", "names"),
    [
        (DataSource, DATA, {"area": "pictres"}, "'recommendation'"),
        (DataSource, DATA, {"shift": "sideways"}, "'covariate'"),
        (DataSource, DATA, {"kind": "smells"}, "'sounds'"),
        (Extractor, NETWORK, {"takes": frozenset({"smells"})}, "'sounds'"),
        (FeatureAlignment, METHOD, {"title": 3}, "string"),
        (Method, METHOD, {"kind": "alignment"}, "'feature alignment'"),
    ],
)
def test_a_value_that_there_is_not_is_refused_with_those_there_are(
    base: type, whole: dict, wrong: dict, names: str
) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(TypeError) as raised:
        planted(base, whole | wrong)
    assert str(raised.value).startswith(f"{__file__}: class Planted declares {name} = {value!r}")
    assert names in str(raised.value)


def test_what_several_share_may_be_declared_by_a_base_that_is_abstract() -> None:
    base = planted(DataSource, {**DATA, "area": "points", "shift": "label", "kind": "features"}, abstract=True)
    source = planted(base, {"name": "set", "title": "Title", "summary": "Summary."})
    assert (source.area, source.abstract) == ("points", False)


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[types.ModuleType, str, str], Path]]:
    """Write a file into a folder that belongs to a package, so that the registry finds it there."""

    def plant(package: types.ModuleType, name: str, text: str) -> Path:
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / package.__name__)])
        (tmp_path / package.__name__).mkdir(exist_ok=True)
        file = tmp_path / package.__name__ / f"{name}.py"
        file.write_text(text, encoding="utf-8")
        return file

    before = set(sys.modules)
    methods.cache_clear()
    yield plant
    for module in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[module], "__file__", "")):
            parent, _, name = module.rpartition(".")
            vars(sys.modules[parent]).pop(name, None)
            del sys.modules[module]
    methods.cache_clear()


BASE = "from da_core.methods.base import FeatureAlignment\n\n\n"
COMPLETE = '    title, summary, paper = "Title", "Summary.", "Nobody 2000"\n'


def test_two_of_one_name_are_named(plant: Callable[[types.ModuleType, str, str], Path]) -> None:
    files = [
        plant(package, "centring", BASE + "class Centring(FeatureAlignment):\n" + COMPLETE)
        for package in (adaptation, alignment)
    ]
    with pytest.raises(TypeError) as raised:
        methods()
    assert all(str(file) in str(raised.value) for file in files)
    assert "“centring”" in str(raised.value)


def test_a_method_in_a_folder_of_helpers_is_named(plant: Callable[[types.ModuleType, str, str], Path]) -> None:
    from da_core.methods.alignment import shared

    file = plant(shared, "centring", BASE + "class Centring(FeatureAlignment):\n" + COMPLETE)
    with pytest.raises(TypeError) as raised:
        methods()
    assert str(raised.value).startswith(f"{file}: class Centring does not lie in one of the folders control, alignment")
    plant(shared, "centring", BASE + "class Centring(FeatureAlignment, abstract=True):\n    pass\n")
    sys.modules.pop("da_core.methods.alignment.shared.centring")
    assert "centring" not in methods()


# Names and settings that are looked up --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("cora", "There is no method “cora”; did you mean coral, deep_coral, oracle?"),
        ("wgrl", "There is no method “wgrl”; did you mean wdgrl?"),
        ("DANN", "There is no method “DANN”; did you mean dann, "),
        ("Deep CORAL", "There is no method “Deep CORAL”; did you mean deep_coral, "),
        ("zzzzqq", "There is no method “zzzzqq”; choose one from the list."),
        ("x" * 70_000, f"There is no method “{'x' * 79}…”; choose one from the list."),
    ],
)
def test_an_unknown_name_is_answered_with_at_most_three_near_ones(name: str, answer: str) -> None:
    with pytest.raises(UserError) as raised:
        pick(methods(), name, "method")
    assert str(raised.value).startswith(answer)
    assert str(raised.value).count(",") <= 2


def test_a_spec_is_resolved_to_its_kind_and_its_settings_with_defaults() -> None:
    method = resolve(methods(), MethodSpec(name="coral", params={"regularisation": 0.5}), seed=3)
    assert type(method) is methods()["coral"]
    assert (method.params.overrides(), method.seed) == ({"regularisation": 0.5}, 3)
    assert resolve(networks(), NetworkSpec(name="mlp")).params == networks()["mlp"].Params()


@pytest.mark.parametrize(
    ("known", "spec", "answer"),
    [
        (sources(), DataSpec(name="moon"), "There is no data set “moon”; did you mean moons?"),
        (sources(), DataSpec(name="moons", params={"angel": 3}), "no setting called “angel”; did you mean angle?"),
        (methods(), MethodSpec(name="coral", params={"seed": 3}), "coral has no setting called “seed”; remove it."),
        (sources(), DataSpec(name="moons", params={"self": 3}), "moons has no setting called “self”; remove it."),
        (sources(), DataSpec(name="moons", params={"angle": -1}), "angle of moons is -1; it must be at least 0.0."),
    ],
)
def test_a_spec_that_cannot_be_resolved_gets_one_sentence(known: dict[str, Any], spec: Any, answer: str) -> None:
    with pytest.raises(UserError) as raised:
        resolve(known, spec)
    assert answer in str(raised.value)


@pytest.mark.parametrize("what", ["data", "methods", "networks"])
def test_a_list_says_of_hyperparameters_what_pydantic_says(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The schema is what programs that read the list rely on; what is blank in it is left out."""
    registries: dict[str, Any] = {"data": sources(), "methods": methods(), "networks": networks()}
    assert main(["list", what, "--json"]) == 0
    for row in json.loads(capsys.readouterr().out):
        assert {"name", "family", "kind", "title", "summary", "params"} <= row.keys()
        schema = registries[what][row["name"]].Params.model_json_schema().get("properties", {})
        assert list(row["params"]) == list(schema)
        for name, entry in schema.items():
            printed = {k: v for k, v in entry.items() if k == "default" or not (v is None or v is False or v == "")}
            printed["description"] = " ".join(printed["description"].split())  # one line, however the code wraps it
            assert row["params"][name] == json.loads(json.dumps(printed))
    assert main(["list", what]) == 0
    table = capsys.readouterr().out
    assert all(name in table for name in registries[what])


def test_hyperparameters_are_described_in_their_order() -> None:
    fields = {hyper.name: hyper for hyper in describe(sources()["street"].Params)}
    assert list(fields) == list(sources()["street"].Params.model_fields)
    kelvin = fields["ambient_kelvin"]
    assert (kelvin.is_range, kelvin.type, kelvin.low, kelvin.high, kelvin.unit) == (True, "number", 1500, 15000, "K")
    (rate,) = (hyper for hyper in describe(methods()["adda"].Params) if hyper.name == "rate")
    assert (rate.low, rate.low_open, rate.high, rate.high_open, rate.log) == (0, True, 1, False, True)
    assert fields["difficulty"].default in fields["difficulty"].choices
    assert describe(Params) == ()
