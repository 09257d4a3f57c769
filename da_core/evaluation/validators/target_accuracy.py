from __future__ import annotations

from da_core.evaluation.validators.validator import LabelledValidator


class TargetAccuracy(LabelledValidator):
    r"""The oracle: accuracy on the labelled target, by which too many papers choose their hyperparameters.

        score = (1 / n_t) Σ_j 1[ argmax p(x_j) = y_j ]    over the target

    It is what the others try to guess. It fails as an estimate once it has been chosen by: of many models the best one
    on these samples owes a part of its lead to luck, so its accuracy on them is no longer what it would be on others.
    And who has all these labels need not adapt without them.
    """

    title = "Oracle (target accuracy)"
    summary = "Accuracy on the target's labels: the truth that every other validator estimates."
    paper = "Gulrajani and Lopez-Paz 2021, In Search of Lost Domain Generalization, ICLR"
    link = "https://arxiv.org/abs/2007.01434"
    formula = "1/n_t · Σ 1[argmax p(x_j) = y_j] over the target"
    fails = "Once you choose by it, it no longer measures your choice: the best of many models is partly luck."
    labels = "all"
    cost = (
        "The oracle uses the labels that adaptation has to do without: a choice made with it can no longer be "
        "reported as unsupervised, nor its accuracy on these samples as a fair estimate. Use it only to see what the "
        "others miss."
    )
