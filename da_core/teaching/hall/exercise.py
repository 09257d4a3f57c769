"""An exercise: a pair, a task and a bar to reach, all in a link, and the code that shows that a run reached it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment
from da_core.jobs.store import RUN_ID

LONGEST_TASK = 300
FIELDS = ("task", "goal", "labels")
"""What the link of an exercise says besides the experiment."""
_CODE = re.compile(rf"(\d{{1,4}})\.({RUN_ID.pattern})\.([0-9a-f]{{6}})\.([0-9a-f]{{20}})")


@dataclass(frozen=True)
class Exercise:
    """An exercise: reach ``goal`` on the target of ``data``; with ``labels``, a few target labels may be used."""

    task: str
    goal: float
    labels: bool
    data: DataSpec

    @classmethod
    def of_query(cls, query: Mapping[str, str], data: DataSpec) -> Exercise | None:
        """Read what a link says besides the experiment; None where it is no exercise."""
        task = " ".join(query.get("task", "").split())[:LONGEST_TASK]
        try:
            goal = float(query.get("goal", ""))
        except ValueError:
            return None
        if not task or not 0 < goal <= 100:
            return None
        return cls(task, goal / 100, query.get("labels") == "1", data)

    def to_query(self) -> dict[str, str]:
        """Write what the link says besides the experiment."""
        return {"task": self.task, "goal": f"{100 * self.goal:g}"} | ({"labels": "1"} if self.labels else {})

    @property
    def key(self) -> str:
        """Digest the exercise: the same for the same link."""
        content = f"{self.task}\n{self.goal:g}\n{self.labels}\n{self.data.model_dump_json()}"
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def refusal(self, experiment: Experiment, accuracy: float | None) -> UserError | None:
        """Say why a run does not meet the exercise; None if it does."""
        if experiment.data != self.data:
            return UserError("This run uses other data than the exercise.")
        if accuracy is None:
            return UserError("The target of this run has no labels, so its accuracy is unknown.")
        if not self.labels and uses_target_labels(experiment):
            return UserError("This method learns from labels of the target, which the exercise does not allow.")
        if accuracy < self.goal:
            return UserError("The goal is not reached yet.")
        return None


def uses_target_labels(experiment: Experiment) -> bool:
    """Tell whether the method of an experiment learns from labels of the target."""
    from da_core.methods import methods
    from da_core.registry import resolve

    method = resolve(methods(), experiment.method)
    return method.name() == "oracle" or method.few_per_class() > 0


@dataclass(frozen=True)
class ResultsCode:
    """The content of a code: the accuracy, the run, and a mark shared by all codes of one visitor."""

    accuracy: float
    run_id: str
    mark: str


def write_code(key: bytes, exercise: Exercise, run_id: str, accuracy: float, visitor: str) -> str:
    """Write the code of a run for a visitor, which takes the server's ``key``."""
    mark = hmac.new(key, f"mark:{exercise.key}:{visitor}".encode(), hashlib.sha256).hexdigest()[:6]
    content = f"{round(1000 * accuracy)}.{run_id}.{mark}"
    return f"{content}.{_seal(key, exercise, content)}"


def read_code(key: bytes, exercise: Exercise, code: str) -> ResultsCode:
    """Read a code. Raises `UserError` for one that this server did not write for this exercise."""
    match = _CODE.fullmatch(code.strip())
    if match is None:
        raise UserError("This is not a results code; was it copied completely?")
    content, seal = code.strip().rpartition(".")[::2]
    if not hmac.compare_digest(seal, _seal(key, exercise, content)):
        raise UserError("This server did not write this code for this exercise.")
    return ResultsCode(int(match[1]) / 1000, match[2], match[3])


def _seal(key: bytes, exercise: Exercise, content: str) -> str:
    return hmac.new(key, f"{exercise.key}:{content}".encode(), hashlib.sha256).hexdigest()[:20]


def exercise_of_link(link: str) -> Exercise:
    """Read the exercise of a whole link. Raises `UserError` where there is none."""
    from urllib.parse import parse_qsl, urlsplit

    query: dict[str, Any] = dict(parse_qsl(urlsplit(link.strip()).query))
    settings = {name: value for name, value in query.items() if name == "data" or name.startswith("data.")}
    exercise = Exercise.of_query(query, Experiment.from_flat(settings).data)
    if exercise is None:
        raise UserError("This is not the link of an exercise: it has no task or no goal.")
    return exercise
