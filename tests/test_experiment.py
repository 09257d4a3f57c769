from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment, HeadSpec, MethodSpec, NetworkSpec, TrainingSpec

names = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8).filter(
    lambda name: name not in ("name", "params", "source", "target", "checkpoint")
)
values = st.one_of(
    st.booleans(),
    st.integers(-1000, 1000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["hard", "soft"]),
)
settings_of = st.dictionaries(names, values, max_size=3)
experiments = st.builds(
    Experiment,
    data=st.builds(DataSpec, name=names, params=settings_of),
    network=st.builds(NetworkSpec, name=names, params=settings_of),
    method=st.builds(MethodSpec, name=names, params=settings_of),
    training=st.builds(TrainingSpec, epochs=st.integers(1, 500), precision=st.sampled_from(["float32", "bfloat16"])),
    head=st.one_of(st.sampled_from(["linear", "svm", "knn1"]), st.builds(HeadSpec, name=names, params=settings_of)),
    seed=st.integers(0, 2**31 - 1),
    target_split=st.one_of(st.none(), st.floats(0, 0.9)),
    source_per_class=st.one_of(st.none(), st.integers(1, 50)),
    oracle=st.booleans(),
)


@given(experiments)
def test_an_experiment_survives_its_link_and_its_file(experiment: Experiment) -> None:
    assert Experiment.from_flat(experiment.to_flat()) == experiment
    assert Experiment.from_json(experiment.model_dump_json()) == experiment


def test_a_link_holds_only_what_differs_from_the_defaults() -> None:
    assert Experiment().to_flat() == {}
    changed = Experiment.from_flat({"method": "coral", "method.regularisation": "0.5", "training.epochs": "3"})
    assert changed.method == MethodSpec(name="coral", params={"regularisation": 0.5})
    assert changed.to_flat() == {"method": "coral", "method.regularisation": "0.5", "training.epochs": "3"}


def test_the_key_tells_experiments_apart() -> None:
    assert Experiment().key == Experiment(seed=0).key
    assert Experiment().key != Experiment(seed=1).key
    assert Experiment().key != Experiment(source_per_class=20).key


def test_a_setting_of_later_versions_that_nobody_uses_changes_no_key() -> None:
    """As the version before them wrote it: kept runs and links of then are still found."""
    assert Experiment.from_flat({"data": "moons", "network": "identity", "method": "coral"}).key == "b46dcad699625265"


@pytest.mark.parametrize(
    ("flat", "says"),
    [
        ({"training.epochs": "0"}, "training.epochs of experiment is 0; it must be at least 1"),
        ({"training.epochs": "1e9"}, "it must be at most 500"),
        ({"seed": "many"}, "cannot be many"),
        ({"colour": "red"}, "no setting called “colour”; remove it."),
        ({"trainig.epochs": "3"}, "no setting called “trainig”; did you mean training?"),
        ({"training.epohcs": "3"}, "no setting called “training.epohcs”; did you mean training.epochs?"),
        ({"seed.x": "2"}, "no setting called “seed.x”; remove it."),
        ({"seed.x": "2", "seed": "1"}, "no setting called “seed.x”; remove it."),
        ({"seed": "1", "seed.x": "2"}, "no setting called “seed.x”; remove it."),
        ({"training.epochs": "3", "training": "1"}, "no setting called “training.epochs”; remove it."),
        ({"x" * 70_000: "1"}, f"no setting called “{'x' * 79}…”"),
        ({"device": "cpu", "device.C" + "." * 70_000: "1"}, "no setting called “device.C...."),
        ({"seed": "9" * 5000}, "cannot be 999"),
        ({"seed": "9" * 4000}, "it must be at most"),
        ({"seed": "[" * 100_000}, "cannot be [[["),
        ({"training.epochs" + ".a" * 30_000: "1"}, "no setting called “training.epochs.a”; remove it."),
        ({"seed.deep.inside": "1"}, "seed"),
        ({"training": "fast"}, "training"),
        ({"training.learning_rate": "NaN"}, "training.learning_rate"),
        ({"data": "drawn", "data.noise": "NaN"}, "noise of data cannot be nan; give it"),
    ],
    ids=lambda value: None if isinstance(value, str) else next(iter(value))[:20],
)
def test_a_bad_link_gets_one_sentence(flat: dict[str, str], says: str) -> None:
    with pytest.raises(UserError) as caught:
        Experiment.from_flat(flat)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_head_of_before_is_read_and_has_the_key_that_it_had() -> None:
    """Keys as the version before heads had settings computed them."""
    of_before = {"linear": "dc599e468f79933e", "svm": "08342bc971f3c6e6", "knn1": "6b2a6a47978d1e05"}
    for name, key in of_before.items():
        found = Experiment.from_flat({"head": name})
        assert found.key == key
        assert found == Experiment.from_json(Experiment().model_dump_json().replace('"linear"', f'"{name}"'))
    assert Experiment.from_flat({"head": "knn1"}).head == HeadSpec(name="knn")
    assert Experiment.from_flat({"head": "svm", "head.C": "1"}).head.params == {"C": 1}
    assert Experiment.from_flat({"head": "svm", "head.C": "3"}).key not in of_before.values()


def test_a_renamed_method_and_setting_are_read_by_their_old_names(monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = {"method=deep_coral": "method=coral", "method.lambda": "method.weight", "training.lr": "seed"}
    monkeypatch.setattr(Experiment, "replaces", renamed)
    old = {"method": "deep_coral", "method.lambda": "0.5", "training.lr": "3"}
    new = {"method": "coral", "method.weight": "0.5", "seed": "3"}
    assert Experiment.from_flat(old).to_flat() == new
    assert Experiment.from_flat({"method.lambda": "1", "method.weight": "0.5"}).to_flat() == {"method.weight": "0.5"}
    tree = Experiment.from_flat({"method": "deep_coral"}).model_dump()
    assert Experiment.checked({**tree, "method": {"name": "deep_coral"}}).method == MethodSpec(name="coral")


def test_a_number_of_any_length_is_read_as_the_value_of_a_method() -> None:
    """Python reads no number of more than 4,300 digits; it stays a text, which the method refuses in a sentence."""
    assert Experiment.from_flat({"method.weight": "9" * 5000}).method.params == {"weight": "9" * 5000}


@pytest.mark.parametrize(
    "text",
    ["", "[1]", '{"seed": -1}', "{", '{"data": 3}', b"\xff\xfe", '{"seed": ' + "9" * 5000 + "}", "[" * 100_000],
    ids=["nothing", "a list", "seed", "cut", "no specification", "bytes", "digits", "brackets"],
)
def test_a_file_that_is_no_experiment_is_refused(text: str | bytes) -> None:
    with pytest.raises(UserError) as caught:
        Experiment.from_json(text)
    assert len(str(caught.value)) < 300
