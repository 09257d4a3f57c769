"""The events of a run and its result. Who reads them need not know how training works."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, computed_field, model_validator

from da_core.own_names import mark_own

When = Literal["before", "after"]
Phase = Literal["source_only", "adapt", "oracle"]
Stage = Literal["load", "source_only", "before", "adapt", "oracle", "after"]
Layout = Literal["pca", "umap", "tsne"]
Scored = Literal["target", "source", "third"]
Basis = Literal["held_out", "cross_fitted", "all"]
"""What scores rest on: samples that were held out; or that were learned from as well, and then each half scored by a
classifier that was fitted on the other half, or all of them as they are."""
LIVE = 400
"""Held-out samples of each domain, at most, that the accuracies of a live run are measured on."""
Interval = tuple[float, float]
"""Low and high end, at the 95% level."""
STAGES: dict[Stage, str] = {
    "load": "Load data",
    "source_only": "Train source only",
    "before": "Look before",
    "oracle": "Train oracle",
    "adapt": "Adapt",
    "after": "Look after",
}
"""What the stages are called, as messages."""


@dataclass(frozen=True)
class StageStarted:
    """A new stage has begun. ``stages`` is the whole plan, so that a reader can say what is left."""

    stage: Stage
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Progress:
    """Progress of the run: ``fraction`` of the whole in [0, 1], ``seconds_left`` once it can be estimated."""

    fraction: float
    seconds_left: float | None


@dataclass(frozen=True)
class Losses:
    """Mean of each loss term since the last such event; ``epoch`` is fractional."""

    phase: Phase
    epoch: float
    terms: dict[str, float]


LOSS_TITLES = {"critic": "critic loss"}
"""Titles of the loss terms whose names mean something else on other screens."""


@dataclass(frozen=True)
class Accuracies:
    """At an epoch's end, as fractions: ``source`` and ``target`` (held-out), ``domain`` (its classifier) if any.

    There is no ``target`` where no target sample has a label.
    """

    phase: Phase
    epoch: float
    values: dict[str, float]


@dataclass(frozen=True, eq=False)
class Samples:
    """Classes of a layout's points, source first: class indices ``label`` and ``predicted``, both (n,).

    ``label`` is −1 where a target sample has none.
    """

    source_count: int
    label: NDArray[np.int64]
    predicted: NDArray[np.int64]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Embedded:
    """A 2-D layout of the held-out samples, source first. ``points`` is (n_s + n_t, 2) float32."""

    when: When
    layout: Layout
    points: NDArray[np.float32]
    samples: Samples


@dataclass(frozen=True)
class Notice:
    """Something that the user should know. ``message`` with ``values`` as in `da_core.errors.UserError`."""

    message: str
    values: dict[str, Any] = field(default_factory=dict)


class ClassScores(BaseModel):
    """Precision, recall and F1 of one class as fractions, and how many held-out samples it has.

    ``intervals`` by the same names; empty in records from before there were any.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    intervals: dict[str, Interval] = Field(default_factory=dict)


class ConfidenceBin(BaseModel):
    """Samples of about the same confidence: how many, how sure the model is on average, and how often it is right."""

    count: int
    confidence: float
    accuracy: float


class Calibration(BaseModel):
    """Calibration of a model: the expected calibration error (ECE) and its bins."""

    error: float
    bins: list[ConfidenceBin]


class Scores(BaseModel):
    """Scores on one domain's held-out part, as fractions; precision, recall and F1 are macro averages.

    ``intervals`` by the scores' names; empty in records from before there were any.
    """

    accuracy: float
    precision: float
    recall: float
    f1: float
    per_class: list[ClassScores] = Field(default_factory=list)
    confusion: list[list[int]] = Field(default_factory=list, description="rows true class, columns predicted class")
    intervals: dict[str, Interval] = Field(default_factory=dict)
    calibration: Calibration | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def balanced_accuracy(self) -> float:
        """Average the recall of the classes that have samples: each class counts alike."""
        recalls = [one.recall for one in self.per_class if one.support]
        return sum(recalls) / len(recalls) if recalls else self.recall

    @property
    def samples(self) -> int:
        """Count the samples that were scored."""
        return sum(one.support for one in self.per_class)


class DomainScores(BaseModel):
    """One model's scores on both domains, and on a third that no training saw, where there is one.

    ``target`` is None where no target sample has a label.
    """

    target: Scores | None
    source: Scores
    third: Scores | None = None

    @property
    def scored(self) -> Scores:
        """Return what the model is judged by: its scores on the target or, where that has no labels, on the source."""
        return self.source if self.target is None else self.target


class Gain(BaseModel):
    """Change by adapting on the same ``count`` samples: accuracy after minus before, with its paired interval.

    ``fixed`` samples were wrong before and are right after, ``broken`` ones the other way round.
    """

    accuracy: float
    interval: Interval
    fixed: int
    broken: int
    count: int


class ShiftMeasures(BaseModel):
    """Distances between the two domains' features; see `da_core.evaluation.shift.domain_distances`.

    ``classwise`` compares the domains class by class; None where no class has samples enough in both. ``intervals`` by
    the measures' names; a result of an earlier version has neither these nor the last two measures.
    """

    proxy_a_distance: float
    mmd: float
    coral: float | None = None
    classwise: float | None = None
    intervals: dict[str, Interval] = Field(default_factory=dict)


class NeighbourMix(BaseModel):
    """Share of the other domain's samples among each sample's nearest in feature space, averaged over all samples.

    ``even`` is what samples give that are mixed at random. Weights move no sample and change none of it.
    """

    before: float
    after: float
    even: float
    count: int = Field(description="nearest samples that were looked at")


class Shift(BaseModel):
    """Shift before and after adapting. A reweighting method's "after" weighs the source samples."""

    before: ShiftMeasures
    after: ShiftMeasures
    neighbours: NeighbourMix | None = Field(None, description="None in a result of an earlier version")
    classes_from: Literal["labels", "predictions"] = Field(
        "labels", description="the target's classes in the class-wise distance: its labels, or each network's guesses"
    )


class Change(BaseModel):
    """A likely reason for what was found, and the settings that change it; none where no setting does.

    ``reason`` and ``label`` are messages; ``settings`` as `da_core.experiment.Experiment.to_flat` writes them.
    """

    reason: str
    label: str = ""
    values: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, str] = Field(default_factory=dict)


class Finding(BaseModel):
    """Something that went wrong, by the run's numbers: what, the numbers, and what to do.

    ``title``, ``evidence`` (filled with ``values``) and ``advice`` are messages as in `da_core.errors.UserError`.
    """

    name: str
    title: str
    evidence: str
    advice: str
    values: dict[str, Any] = Field(default_factory=dict)
    uses_target_labels: bool = Field(False, description="whether finding it took the target's labels")
    changes: tuple[Change, ...] = Field((), description="likely reasons, the likeliest first, each with its remedy")


class ValidatorScore(BaseModel):
    """A validator's scores of the models before and after adapting; higher is better.

    None where it cannot be applied; ``reason``, a message to be filled with ``values``, says why.
    """

    before: float | None = None
    after: float | None = None
    reason: str = ""
    values: dict[str, Any] = Field(default_factory=dict)

    @property
    def pick(self) -> When | None:
        """Return the model that it would choose; None where it finds both alike or cannot tell."""
        if self.before is None or self.after is None or self.before == self.after:
            return None
        return "after" if self.after > self.before else "before"


class Result(BaseModel):
    """The measurements of a finished run; this is ``result.json``."""

    source_only: DomainScores
    adapted: DomainScores
    oracle: DomainScores | None = None
    source_only_bn: DomainScores | None = Field(
        None, description="source only with batch norm's statistics of the target; where there is batch norm"
    )
    gain: dict[Scored, Gain] = Field(default_factory=dict)
    shift: Shift
    classes: list[str]
    seconds: dict[str, float]
    recipe: dict[str, Any]
    notices: list[Notice] = Field(default_factory=list, description="on how the data were read")
    findings: list[Finding] = Field(default_factory=list, description="what went wrong, the gravest first")
    weights: dict[str, float] | None = Field(None, description="reweighting: effective sample size, largest share, …")
    validators: dict[str, ValidatorScore] = Field(
        default_factory=dict, description="what each validator says; empty in a result of an earlier version"
    )

    @model_validator(mode="after")
    def _keep_own_names(self) -> Result:
        """Mark the names in a run on the user's own files: JSON forgets that no dictionary is to translate them."""
        if self.recipe.get("experiment", {}).get("data", {}).get("name") != "files":
            return self
        self.classes = mark_own(self.classes)
        for model in filter(None, (self.source_only, self.source_only_bn, self.adapted, self.oracle)):
            for scores in filter(None, (model.source, model.target, model.third)):
                for one in scores.per_class:
                    one.name = mark_own(one.name)
        self.notices = [Notice(notice.message, mark_own(notice.values)) for notice in self.notices]
        for finding in self.findings:
            finding.values = mark_own(finding.values, self.classes)
        return self

    @property
    def target_scored(self) -> bool:
        """Tell whether the target has labels to score on."""
        return self.adapted.target is not None


@dataclass(frozen=True)
class Evidence:
    """The arrays behind a `Result`, all of held-out samples: enough to draw every picture again.

    ``*_index`` are rows of the pair's domains, ``*_features`` (n, d) float32, ``*_predicted`` (n,) int64 class indices,
    ``*_probabilities`` (n, c) float32 (empty in records from before they were kept); ``target_label`` is −1 where there
    is none. ``state`` is the adapted network's state dict (None where no network was trained). ``answers`` (n_t,) are
    the adapted model's classes for all of the target, kept where labels are missing.
    ``snapshots`` by epoch ("0", "1", "4", …) are features (n_s + n_t, k) of the same samples, source first, while the
    network adapted, in few principal components; ``snapshot_predicted`` and ``snapshot_confidence`` (n_s + n_t,) are
    its own head's classes and their probabilities. ``*_odds`` (n,) float32 are the log-odds of being a target sample
    that a fresh domain classifier gives, NaN where it looked at others; empty in records of an earlier version.
    """

    source_index: NDArray[np.int64]
    target_index: NDArray[np.int64]
    source_label: NDArray[np.int64]
    target_label: NDArray[np.int64]
    source_features: dict[When, NDArray[np.float32]]
    target_features: dict[When, NDArray[np.float32]]
    source_predicted: dict[When, NDArray[np.int64]]
    target_predicted: dict[When, NDArray[np.int64]]
    embeddings: dict[str, NDArray[np.float32]]
    weights: NDArray[np.float32] | None = None
    answers: NDArray[np.int64] | None = None
    state: dict[str, Any] | None = None
    source_probabilities: dict[When, NDArray[np.float32]] = field(default_factory=dict)
    target_probabilities: dict[When, NDArray[np.float32]] = field(default_factory=dict)
    snapshots: dict[str, NDArray[np.float16]] = field(default_factory=dict)
    snapshot_predicted: dict[str, NDArray[np.int16]] = field(default_factory=dict)
    snapshot_confidence: dict[str, NDArray[np.float16]] = field(default_factory=dict)
    source_odds: dict[When, NDArray[np.float32]] = field(default_factory=dict)
    target_odds: dict[When, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True)
class Finished:
    """The last event of a run that was not cancelled."""

    result: Result
    evidence: Evidence


Event = StageStarted | Progress | Losses | Accuracies | Embedded | Notice | Finished
