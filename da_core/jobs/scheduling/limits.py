"""Limit what one run may ask of a server. The command line has no such limits."""

from __future__ import annotations

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.settings import settings


def check_limits(experiment: Experiment) -> None:
    """Raise `UserError` where an experiment asks for more epochs or samples than the settings allow."""
    most = settings().run_epochs
    asked = ((experiment.training.epochs, "Network"), (experiment.method.params.get("epochs", 0), "Method"))
    for epochs, screen in asked:
        if isinstance(epochs, int) and epochs > most:
            raise UserError(
                "This server allows a run at most {most} epochs, and here are {count}; lower “Epochs” on the screen "
                "{screen}.",
                most=most,
                count=epochs,
                screen=screen,
            )
    check_samples(experiment)


def check_samples(experiment: Experiment) -> None:
    """Raise `UserError` where a domain has more samples than the settings allow, as far as that is known by now."""
    most = settings().run_samples
    if most is None:
        return
    from da_core.data.loading.cache import known_sizes  # all sources come with it

    for spec in filter(None, (experiment.data, experiment.third)):
        sizes = known_sizes(spec)
        if sizes is not None and max(sizes[:2]) > most:
            raise UserError(
                "This server allows a run at most {most} samples of a domain, and here are {count}; take fewer on "
                "the screen {screen}.",
                most=most,
                count=max(sizes[:2]),
                screen="Data",
            )
