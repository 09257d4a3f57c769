"""An experiment as a Python script that runs by itself beside this repository, and as the command of the same."""

from __future__ import annotations

import shlex
from typing import Any

from da_core.experiment import Experiment
from da_core.i18n import Language
from da_core.methods.wanted_network import lacks_batch_norm
from da_core.params import Params
from da_core.run_folder import Record

_FLAGS = ("data", "method", "network", "prepare", "head", "seed", "device")
_SCRIPT = '''"""One experiment, written by Domain Adaptation Lab. Run it in the repository's folder: python {file}"""

from da_core.events import STAGES, Accuracies, Finished, Notice, Result, StageStarted
from da_core.experiment import {specs}
from da_core.i18n import Language
from da_core.run import run

{experiment}

LANGUAGE = Language({language!r})
NAMES = {names}

MEASURED = {measured}
"""Accuracy on the target when the app ran it{short}; another kind of processor may differ in the last digits."""


def main() -> None:
    for event in run(EXPERIMENT, embed=False):
        match event:
            case StageStarted():
                print(LANGUAGE.translate(STAGES[event.stage]))
            case Accuracies():
                scores = ", ".join(f"{{LANGUAGE.word(name)}} {{value:.1%}}" for name, value in event.values.items())
                print(f"  {epoch} {{event.epoch:g}}: {{scores}}")
            case Notice():
                print(" ", LANGUAGE.translate_message(event.message, event.values))
            case Finished():
                tell(event.result)


def tell(result: Result) -> None:
    models = {{"source only": result.source_only, "adapted": result.adapted, "oracle": result.oracle}}
    for name, scores in models.items():
        if scores is not None and scores.target is not None:
            print(f"{{NAMES[name]}}: {{scores.target.accuracy:.4f}} ({app}: {{MEASURED[name]:.4f}})")


if __name__ == "__main__":
    main()
'''


def script(record: Record, language: Language, file: str = "experiment.py") -> str:
    """Write the script, which trains again and prints, in ``language``, its own figures beside this run's."""
    return _SCRIPT.format(
        file=file,
        specs=", ".join(sorted(specs(record.experiment))),
        experiment=code(record.experiment),
        measured=repr(measured(record)),
        language=language.code,
        epoch=language.translate("epoch"),
        app=language.translate("the app"),
        names=repr(model_names(language)),
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
    """``EXPERIMENT = Experiment(…)`` in full, so that every setting can be seen and changed."""
    lines = ["EXPERIMENT = Experiment("]
    for name in type(experiment).model_fields:
        value = getattr(experiment, name)
        if isinstance(value, Params):
            lines.append(f"    {name}={type(value).__name__}(")
            lines += [f"        {field}={part!r}," for field, part in set_fields(value).items()]
            lines.append("    ),")
        else:
            lines.append(f"    {name}={value!r},")
    if any(str(place).startswith("upload:") for place in places(experiment)):
        lines.append("    # an “upload:…” is known to the server that took it: put the path of your own file there")
    return "\n".join([*lines, ")"])


def measured(record: Record) -> dict[str, float]:
    """Accuracy on the target of each model that was scored on it."""
    result = record.result
    models = {"source only": result.source_only, "adapted": result.adapted, "oracle": result.oracle}
    return {
        name: scores.target.accuracy
        for name, scores in models.items()
        if scores is not None and scores.target is not None
    }


def model_names(language: Language) -> dict[str, str]:
    """Name the models that are scored, by their keys in `measured`."""
    titles = {"source only": "Source only", "adapted": "Adapted", "oracle": "Oracle"}
    return {name: language.translate(title) for name, title in titles.items()}


def specs(experiment: Experiment) -> set[str]:
    """List the names that `code` needs."""
    values = [getattr(experiment, name) for name in type(experiment).model_fields]
    return {"Experiment"} | {type(value).__name__ for value in values if isinstance(value, Params)}


def set_fields(value: Params) -> dict[str, Any]:
    """Take a spec's fields less those that are not set."""
    fields = {name: getattr(value, name) for name in type(value).model_fields}
    return {name: field for name, field in fields.items() if field is not None}


def places(experiment: Experiment) -> list[str | None]:
    """List where the experiment reads the user's own files."""
    return [experiment.data.source, experiment.data.target, experiment.network.checkpoint]
