"""Make the film of an experiment: a view of a run as every other."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Generator, Iterator

from da_core.errors import UserError
from da_core.experiment import Experiment, plan_epoch
from da_core.methods import methods
from da_core.methods.base import DeepAlignment, Method, ModelAdaptation
from da_core.registry import pick
from da_core.run import run
from da_core.teaching.films import direction
from da_core.teaching.films.film import Film, FilmFrame, Header
from da_core.teaching.films.film_file import FilmWriter
from da_core.teaching.films.recorder import Recorder
from da_core.training.prepared import resolve_names

log = logging.getLogger(__name__)

ON_PICTURES = {"fda", "night_augmentation"}
"""Methods that work on pictures alone."""
MOST_STEPS = 3000
MOST_HIDDEN = 256


def film_key(experiment: Experiment, acts: str = "", *, still: bool = False) -> str:
    """Name a film by its experiment and by what a hand did meanwhile, or the ``still`` of its end."""
    return "-".join([experiment.key, *([acts] if acts else []), *(["still"] if still else [])])


def normalised(experiment: Experiment) -> Experiment:
    """Leave out what is a default, so that one film has one name however it was asked for.

    Raises `UserError` for names and settings that do not exist.
    """
    parts = {
        of: getattr(experiment, of).model_copy(update={"params": kind.params.overrides()})
        for of, kind in resolve_names(experiment)._asdict().items()
    }
    return experiment.model_copy(update={**parts, "oracle": False})


def shoot(experiment: Experiment, acts: str = "", *, still: bool = False) -> Iterator[Header | FilmFrame]:
    """Run an experiment and yield the film's header, then its frames as they are made.

    A ``still`` ends with the same frame and leaves out what led there. To end it, close the generator. The run goes as
    far as its last frame: what a result holds besides is not waited for. Raises `UserError` for an experiment that
    cannot be done or would take long.
    """
    check(experiment)
    recorder = Recorder(film_key(experiment, acts, still=still), direction.read(acts), still=still)
    begun = False
    for _event in run(experiment, embed=False, observer=recorder):
        if not begun and recorder.header is not None:
            begun = True
            yield recorder.header.model_copy(update={"direction": acts})
        yield from recorder.take()
        if recorder.done:
            return


def film_of(experiment: Experiment, acts: str = "", *, still: bool = False) -> Film:
    """Make a whole film."""
    stream = shoot(experiment, acts, still=still)
    header = next(stream)
    assert isinstance(header, Header)
    return Film(header, [frame for frame in stream if isinstance(frame, FilmFrame)])


def film_bytes(experiment: Experiment, acts: str = "", *, still: bool = False) -> Generator[bytes]:
    """Make a film as bytes, one line at a time; see `da_core.teaching.films.film_file`.

    Where it cannot be made the last line says why, and then `UserError` is raised.
    """
    writer = FilmWriter()
    try:
        for line in shoot(experiment, acts, still=still):
            yield writer.write(line)
    except Exception as error:
        problem = error if isinstance(error, UserError) else _unexpected()
        yield writer.fail(problem)
        raise problem from error
    yield writer.end()


def _unexpected() -> UserError:
    number = secrets.token_hex(4)
    log.exception("error %s in a film", number)
    sentence = "Something went wrong with this film; give the administrator the number {number}."
    return UserError(sentence, number=number)


def check(experiment: Experiment) -> None:
    """Raise `UserError` for what no film is made of: it would take long, or show nothing."""
    kind = pick(methods(), experiment.method.name, "method")
    if kind.name() in ON_PICTURES:
        raise UserError("{method} works on pictures alone; choose another method.", method=kind.title)
    training, count = experiment.training, experiment.data.params.get("count", 1000)
    steps = training.epochs * plan_epoch(int(count), training.batch_size, training.least_steps)[0]
    hidden = experiment.network.params.get("hidden", 128)
    if steps > MOST_STEPS or not isinstance(hidden, int) or hidden > MOST_HIDDEN:
        raise UserError(
            "A film is of a small network and at most {steps} steps; lower the epochs or the hidden units.",
            steps=MOST_STEPS,
        )
    if experiment.data.name not in ("drawn", *POINTS) or experiment.third is not None:
        raise UserError("A film shows points in the plane; choose a pair with two features.")


POINTS = ("moons", "blobs", "covariate", "label_shift", "concept", "subspace")
"""The pairs of points in the catalogue, which can be filmed, too."""


def trains_network(method: type[Method]) -> bool:
    """Tell whether a method needs a network that learns; the others take points as they are."""
    return issubclass(method, DeepAlignment | ModelAdaptation) or method.family() == "control"
