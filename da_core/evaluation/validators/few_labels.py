from __future__ import annotations

from da_core import params
from da_core.evaluation.validators.validator import LabelledValidator
from da_core.params import hyper


class FewLabels(LabelledValidator):
    r"""Accuracy on k labelled target samples a class.

        score = (1 / m) Σ_j 1[ argmax p(x_j) = y_j ]    over m = k · c target samples with labels

    It costs k · c labels, and where the classes are even it has no bias; papers on semi-supervised adaptation choose
    their settings like this. The samples are training samples of the target whose labels no method has learned; where
    nothing is held out they are among those that are scored.

    It fails by luck: of m samples the score is right to about 1/√m, so models closer than that it cannot tell apart.
    """

    title = "Few labels"
    summary = "Accuracy on a few labelled target samples per class."
    paper = "Saito et al. 2019, Semi-supervised Domain Adaptation via Minimax Entropy, ICCV"
    link = "https://arxiv.org/abs/1904.06487"
    formula = "1/(k·c) · Σ 1[argmax p(x_j) = y_j] over k labelled target samples of each class"
    fails = "By chance: with so few samples it cannot separate models that differ by less than its error."
    labels = "few"

    class Params(params.Params):
        per_class: int = hyper(
            5, ge=1, le=100, step=1, symbol="k", title="Labels per class", help="Labelled target samples per class."
        )

    params: Params
