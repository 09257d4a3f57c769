"""A film is a run as the command line does it, seen frame by frame."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from da_core.data.loading.cache import load_pair
from da_core.data.sources.drawn_points import DrawnPoints
from da_core.errors import UserError
from da_core.events import Finished
from da_core.experiment import DataSpec, Experiment, TrainingSpec
from da_core.methods import methods
from da_core.run import run
from da_core.teaching.films.film import MOST_FRAMES, THREADS, Film, cells
from da_core.teaching.films.film_cache import SHIPPED
from da_core.teaching.films.film_file import SUFFIX, read_film, write_film
from da_core.teaching.films.filming import ON_PICTURES, check, film_of, normalised
from da_core.teaching.films.lesson_films import lesson_experiment
from da_core.teaching.films.presets import PRESETS, suited

SMALL = Experiment(
    data=DataSpec(name="drawn", params={"count": 100, "turn": 30.0}),
    training=TrainingSpec(epochs=6, least_steps=3, learning_rate=1e-2),
    device="cpu",
)
NAMES = [name for name in methods() if name not in ON_PICTURES]


@functools.cache
def filmed(name: str) -> Film:
    return film_of(normalised(suited(SMALL, name)))


def finished_run(name: str) -> Finished:
    """The same experiment without anybody who looks on, as the command line does it."""
    *_, last = run(normalised(suited(SMALL, name)), embed=False, shown=None)
    assert isinstance(last, Finished)
    return last


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_last_frame_is_the_result_of_the_command_line_and_the_file_is_small(name: str) -> None:
    film, result = filmed(name), finished_run(name).result
    numbers = film.frames[-1].numbers
    assert numbers["source"] == result.adapted.source.accuracy
    assert numbers["target"] == result.adapted.target.accuracy
    assert 1 < len(film.frames) <= MOST_FRAMES
    assert len(write_film(film.header, film.frames)) < 600 * 1024


@pytest.mark.parametrize("name", ["dann", "shot", "label_propagation", "coral", "source_only"])
def test_a_still_is_the_end_of_the_film_without_what_led_there(name: str) -> None:
    film, still = filmed(name), film_of(normalised(suited(SMALL, name)), still=True)
    assert len(still.frames) <= 3
    assert film.frames[-1].numbers.items() >= still.frames[-1].numbers.items()
    for seen in ("predicted", "field", "phase"):
        assert np.array_equal(getattr(still.frames[-1], seen), getattr(film.frames[-1], seen))
    assert still.header.key != film.header.key


def test_who_looks_on_changes_nothing() -> None:
    alone, film = finished_run("dann"), filmed("dann")
    np.testing.assert_array_equal(
        alone.evidence.target_predicted["after"],
        film.frames[-1].predicted[film.header.source_count + alone.evidence.target_index],
    )


def test_a_game_is_seen_move_by_move() -> None:
    frames = [frame for frame in filmed("dann").frames if frame.phase == "adapt"][1:-1]
    assert [frame.moved for frame in frames[:4]] == [("own",), ("extractor", "head")] * 2
    assert all(frame.domain is not None and frame.forces is not None for frame in frames)
    critic, features = frames[0], frames[1]
    np.testing.assert_array_equal(critic.field, [*filmed("dann").frames][_first_of_adapting("dann")].field)
    assert not np.array_equal(features.field, critic.field)


def _first_of_adapting(name: str) -> int:
    return next(at for at, frame in enumerate(filmed(name).frames) if frame.phase == "adapt")


def test_linear_transport_puts_the_source_where_the_formula_says() -> None:
    film = filmed("linear_ot")
    source, target = film.header.given[: film.header.source_count], film.header.given[film.header.source_count :]
    moved = film.frames[-1].places[: film.header.source_count]
    np.testing.assert_allclose(moved.mean(axis=0), target.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(np.cov(moved.T, bias=True), np.cov(target.T, bias=True), atol=5e-3)
    assert np.abs(source.mean(axis=0) - target.mean(axis=0)).max() > 1e-3


def test_afn_makes_features_longer_and_its_film_says_so() -> None:
    frames = film_of(lesson_experiment("afn")).frames
    first = next(place for place, frame in enumerate(frames) if frame.phase != "source_only")
    for name in ("sourceNorm", "targetNorm"):
        assert frames[-1].numbers[name] > 3 * frames[first - 1].numbers[name]


def test_threads_of_two_points_carry_all_their_mass() -> None:
    from da_core.data.sources.drawn_points import encode_points

    points = encode_points(
        (np.array([[-2.0, 0], [-2, 1], [2, 0], [2, 1]]), np.array([0, 0, 1, 1])),
        (np.array([[-2.0, 3], [-2, 4], [2, 3], [2, 4]]), np.array([0, 0, 1, 1])),
    )
    data = DataSpec(name="drawn", params={"shape": "none", "points": points, "turn": 0.0})
    film = film_of(normalised(suited(SMALL.model_copy(update={"data": data}), "optimal_transport")))
    threads, masses = film.frames[-1].threads, film.frames[-1].masses
    assert threads is not None
    assert masses is not None
    assert threads.tolist() == [[0, 0], [1, 1], [2, 2], [3, 3]]
    assert masses.tolist() == [1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("name", ["jdot", "ot_label_propagation"])
def test_threads_are_the_plan_by_which_labels_travel(name: str) -> None:
    film = filmed(name)
    threads, count = film.frames[-1].threads, film.header.source_count
    assert threads is not None
    source, target = threads.T
    received = np.zeros((len(film.header.label) - count, len(film.header.classes)))
    np.add.at(received, (target, film.header.label[:count][source]), film.frames[-1].masses)
    given, predicted = received.argmax(axis=1), film.frames[-1].predicted[count:]
    assert (given == predicted)[received.sum(axis=1) > 0].mean() > 0.9


def test_a_deep_methods_plan_is_seen_in_every_frame() -> None:
    film = filmed("deep_jdot")
    adapting = [frame for frame in film.frames if frame.phase == "adapt"][:-1]
    assert adapting
    shown, count = set(film.header.forced.tolist()), film.header.source_count
    for frame in adapting:
        assert frame.threads is not None
        assert frame.masses is not None
        source, target = frame.threads.T
        assert {*source.tolist()} <= shown
        assert {*(target + count).tolist()} <= shown
        assert 0 < frame.masses.sum() <= len(shown) / 2 * 1.01
        assert np.bincount(source).max() <= THREADS


@pytest.mark.parametrize("name", ["shot", "mean_teacher", "fine_tuning", "tent"])
def test_a_model_adaptation_is_seen_step_by_step(name: str) -> None:
    epochs = int(methods()[name].Params.model_fields["epochs"].default)
    adapting = [frame for frame in filmed(name).frames if frame.phase == "adapt"]
    *steps, last = adapting
    assert [frame.step for frame in steps] == sorted({frame.step for frame in steps})
    assert len(steps) > epochs or len(steps) == steps[-1].steps
    assert steps[-1].step == steps[-1].steps
    np.testing.assert_array_equal(steps[-1].predicted, last.predicted)


def test_the_density_ratio_is_that_of_the_selection() -> None:
    data = DataSpec(name="drawn", params={"shape": "xor", "selection": 1.0, "turn": 0.0, "count": 200})
    film = film_of(normalised(suited(SMALL.model_copy(update={"data": data}), "kmm")))
    header = film.header
    assert header.ratio is not None
    x = cells(header.box, 32)[:, 0]
    expected = np.exp(x) / np.exp(header.given[: header.source_count, 0]).mean()
    np.testing.assert_allclose(header.ratio, expected, rtol=1e-4)


def test_the_critic_moves_alone_where_a_hand_says_so() -> None:
    experiment = normalised(suited(SMALL, "dann"))
    film = film_of(experiment, "critic@4+6")
    window = [frame for frame in film.frames if frame.phase == "adapt" and 4 < frame.step <= 10]
    assert len(window) >= 12, "every step of it is seen"
    for frame in window[1:]:
        np.testing.assert_array_equal(frame.field, window[0].field)
    domains = [frame.domain for frame in window if frame.domain is not None]
    assert not np.array_equal(domains[0], domains[-1]), "the critic did move"
    plain = [frame for frame in filmed("dann").frames if frame.phase == "adapt" and frame.step <= 4]
    same = [frame for frame in film.frames if frame.phase == "adapt" and frame.step <= 4]
    by_step = {(frame.step, frame.moved): frame.field for frame in plain}
    for frame in same:
        np.testing.assert_array_equal(frame.field, by_step[frame.step, frame.moved])


@pytest.mark.parametrize("of_source", [True, False], ids=["source", "target"])
def test_a_sample_that_was_moved_is_shown_where_it_lies_from_then_on(of_source: bool) -> None:
    experiment = normalised(suited(SMALL, "dann"))
    plain = film_of(experiment)
    count = plain.header.source_count
    row = 3 if of_source else count + 3
    film = film_of(experiment, f"move {row} 7 7@4")
    after, undisturbed = (
        next(frame for frame in each.frames if frame.phase == "adapt" and frame.step >= 5) for each in (film, plain)
    )
    moved = np.linalg.norm(after.places - undisturbed.places, axis=1)
    assert moved.argmax() == row
    assert moved[row] > 3 * np.delete(moved, row).max()


@pytest.mark.slow
def test_small_steps_arrive_where_one_big_step_does_not() -> None:
    preset = PRESETS["gradual"]
    experiment = normalised(preset.experiment())
    slow, at_once = (film_of(experiment, acts).frames for acts in (preset.acts, ""))
    assert slow[-1].numbers["target"] > at_once[-1].numbers["target"] + 0.2
    shares = [frame.numbers["slide"] for frame in slow if "slide" in frame.numbers]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_share_of_the_whole_shift_is_the_shift() -> None:
    points = DrawnPoints(turn=30.0, stretch=2.0, right=1.0, class_moves="0.5,0;0,-1")
    whole, none = points.partway(1.0).load(0), points.partway(0.0).load(0)
    np.testing.assert_array_equal(whole.target.X, points.load(0).target.X)
    plain = DrawnPoints(turn=0.0).load(0)
    np.testing.assert_allclose(none.target.X, plain.target.X, atol=1e-6)


def test_weight_nought_from_the_start_is_source_only() -> None:
    experiment = normalised(suited(SMALL, "deep_coral"))
    nought = film_of(experiment, "weight=0@0").frames[-1]
    off = film_of(normalised(suited(SMALL, "deep_coral", {"weight": 0.0}))).frames[-1]
    np.testing.assert_array_equal(nought.field, off.field)


@pytest.mark.parametrize("acts", ["critic", "drop x@3", "weight=0", "move 3 1@4", "critic@1+2;" * 50, "weight=1.2.3@4"])
def test_what_cannot_be_done_is_refused(acts: str) -> None:
    with pytest.raises(UserError):
        film_of(normalised(suited(SMALL, "dann")), acts)


@pytest.mark.parametrize(
    "changed",
    [
        {"training": TrainingSpec(epochs=500, least_steps=1000)},
        {"data": DataSpec(name="street")},
        {"network": SMALL.network.model_copy(update={"name": "mlp", "params": {"hidden": 1024}})},
    ],
)
def test_what_would_take_long_is_refused(changed: dict) -> None:
    with pytest.raises(UserError):
        check(suited(SMALL, "dann").model_copy(update=changed))


def test_the_presets_ship_with_their_films() -> None:
    keys = {normalised(preset.experiment()).key for preset in PRESETS.values()}
    films = {file.stem: read_film(file.read_bytes()) for file in SHIPPED.glob(f"*{SUFFIX}")}
    assert set(films) == keys, "make them again: python -m da_core make films"
    for key, film in films.items():
        assert film.header.key == key
        assert {"source", "target"} <= film.frames[-1].numbers.keys()


def test_every_preset_has_the_shift_that_it_is_named_after() -> None:
    for name, preset in PRESETS.items():
        pair = load_pair(preset.experiment().data)
        assert pair.provenance.shift == ("appearance" if name == "missing" else preset.shift), name
    missing = load_pair(PRESETS["missing"].experiment().data)
    assert set(missing.target.y) < set(missing.source.y)
