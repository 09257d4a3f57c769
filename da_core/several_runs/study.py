"""Run the same experiment over several methods and seeds: one run is one draw, a study shows what is stable."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from da_core.errors import UserError
from da_core.experiment import Experiment, MethodSpec
from da_core.params import Scalar, hyper
from da_core.several_runs.trials import Trial, Trials

SEEDS = 2, 20


class Study(Trials):
    """``experiment`` with each of ``methods`` and each of ``seeds`` seeds, counted from the experiment's own.

    A method that wants batch norm gets it where the experiment has its data's usual network: see `with_method`. The
    source-only network is then another, so each method is held against that of its own runs. A method whose score
    depends on no seed is run once.
    """

    experiment: Experiment
    methods: tuple[MethodSpec, ...] = Field(min_length=1)
    seeds: int = hyper(5, ge=2, le=20, step=1, title="Seeds")
    """Number of runs of each method, each with another seed."""

    @classmethod
    def of(cls, experiment: Experiment, names: list[str], seeds: int) -> Study:
        """Make a study of methods, the experiment's own with its settings. Raises `UserError` for none or bad seeds."""
        if not names:
            raise UserError("Choose the methods to compare.")
        if not SEEDS[0] <= seeds <= SEEDS[1]:
            raise UserError("Choose 2 to 20 seeds; {seeds} is not allowed.", seeds=seeds)
        own = experiment.method
        specs = tuple(own if name == own.name else MethodSpec(name=name) for name in dict.fromkeys(names))
        return cls(experiment=experiment, methods=specs, seeds=seeds)

    @classmethod
    def sweep(cls, experiment: Experiment, setting: str, values: Sequence[Scalar], seeds: int) -> Study:
        """Make a study of the experiment's method with one of its settings at each of some values."""
        own = experiment.method
        specs = tuple(own.model_copy(update={"params": own.params | {setting: value}}) for value in values)
        return cls(experiment=experiment, methods=specs, seeds=seeds)

    @property
    def swept(self) -> str | None:
        """Return the one setting that the methods differ by, if they are one method; else None."""
        first = self.methods[0]
        if len(self.methods) < 2 or any(spec.name != first.name for spec in self.methods):
            return None
        names = dict.fromkeys(name for spec in self.methods for name in spec.params)
        differing = [name for name in names if len({spec.params.get(name) for spec in self.methods}) > 1]
        return differing[0] if len(differing) == 1 else None

    def called(self, spec: MethodSpec) -> str:
        """Name one of the methods; where it is there with several settings, by those as well."""
        if sum(other.name == spec.name for other in self.methods) == 1:
            return spec.name
        return " ".join([spec.name, *(f"{name}={value}" for name, value in spec.params.items())])

    def trials(self) -> list[Trial]:
        """List all runs, seed by seed, so that a study that is cut short has whole pairs."""
        from da_core.methods.wanted_network import with_method

        own, first = self.experiment.method, self.experiment.seed
        seeds = tuple(range(first, first + self.seeds))
        trials = []
        for spec in self.methods:
            experiment = self.experiment if spec == own else with_method(self.experiment, spec)
            runs = [(seed,) for seed in seeds] if depends_on_seed(experiment) else [seeds]
            trials += [
                Trial(self.called(spec), of[0], experiment.model_copy(update={"seed": of[0]}), of) for of in runs
            ]
        return sorted(trials, key=lambda trial: trial.seed)  # it keeps the methods' order


def depends_on_seed(experiment: Experiment) -> bool:
    """Tell whether an experiment's scores on the target can differ between seeds."""
    from da_core.training.prepared import set_up

    try:
        return set_up(experiment).draws
    except UserError:  # the run itself raises it, when it starts
        return True
