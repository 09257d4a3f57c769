"""An experiment as a Python script that runs by itself beside this repository, and as the command of the same."""

from __future__ import annotations

import shlex

from da_core.experiment import Experiment
from da_core.export.scored_rows import models_of
from da_core.i18n import Language
from da_core.methods.wanted_network import lacks_batch_norm
from da_core.params import Params
from da_core.run_folder import Record
from da_core.system.app_files import ASSETS

_FLAGS = ("data", "method", "network", "prepare", "head", "seed", "device")
_SCRIPT = ASSETS / "export" / "experiment_script.txt"


def script(record: Record, language: Language, file: str = "experiment.py") -> str:
    """Write the script, which trains again and prints, in ``language``, its own figures beside this run's."""
    return _SCRIPT.read_text(encoding="utf-8").format(
        file=file,
        specs=", ".join(sorted(specs(record.experiment))),
        experiment=code(record.experiment),
        measured=repr(target_accuracies(record)),
        language=language.code,
        epoch=language.translate("epoch"),
        app=language.translate("the app"),
        short="" if record.complete else ", cut short before its end",
    )


def command(experiment: Experiment) -> str:
    """Write the command line that does the experiment."""
    words = ["python", "-m", "da_core", "run"]
    flat = experiment.to_flat()
    for name in _FLAGS:
        if name in flat:
            words += [f"--{name}", flat.pop(name)]
    if "network" not in flat and lacks_batch_norm(experiment.network, experiment.method):
        words += ["--network", experiment.network.name]  # or the command would take the one that the method wants
    for name, value in flat.items():
        words += ["--set", f"{name}={value}"]
    return shlex.join(words)


def code(experiment: Experiment) -> str:
    """Write ``EXPERIMENT = Experiment(…)`` in full, so that every setting can be seen and changed."""
    lines = ["EXPERIMENT = Experiment("]
    for name in type(experiment).model_fields:
        value = getattr(experiment, name)
        if isinstance(value, Params):
            lines.append(f"    {name}={type(value).__name__}(")
            fields = {field: getattr(value, field) for field in type(value).model_fields}
            lines += [f"        {field}={part!r}," for field, part in fields.items() if part is not None]
            lines.append("    ),")
        else:
            lines.append(f"    {name}={value!r},")
    if any(str(place).startswith("upload:") for place in experiment.places):
        lines.append("    # an “upload:…” is known to the server that took it: put the path of your own file there")
    return "\n".join([*lines, ")"])


def target_accuracies(record: Record) -> dict[str, float]:
    """List the accuracy on the target of each model that was scored on it."""
    models = models_of(record.result).items()
    return {name: scores.target.accuracy for name, scores in models if scores.target is not None}


def specs(experiment: Experiment) -> set[str]:
    """List the names that `code` needs."""
    values = [getattr(experiment, name) for name in type(experiment).model_fields]
    return {"Experiment"} | {type(value).__name__ for value in values if isinstance(value, Params)}
