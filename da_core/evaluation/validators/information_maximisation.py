from __future__ import annotations

from da_core.evaluation.validators.validator import ModelOutputs, UnlabelledValidator


class InformationMaximisation(UnlabelledValidator):
    r"""Mutual information of the target's samples and predictions (Bridle, Heading and MacKay 1991), in nats.

        score = H( p̄ ) − (1 / n_t) Σ_j H(p(x_j)),    p̄ = (1 / n_t) Σ_j p(x_j)

    Predictions should be sure one by one and varied as a whole; log c is the most. SHOT (Liang et al. 2020)
    minimises its negative, and pytorch-adapt has it as a validator.

    It fails where the target's classes are far from even: a model that spreads its predictions over all classes beats
    one that is right.
    """

    title = "Information maximisation"
    summary = "How confident each prediction on the target is, and how varied they are as a whole."
    paper = (
        "Bridle, Heading and MacKay 1991, Unsupervised Classifiers, Mutual Information and “Phantom Targets”, NeurIPS"
    )
    formula = "H(mean p) − 1/n_t · Σ H(p(x_j)) over the target, in nats"
    fails = "Where some target classes are far more frequent than others: it expects equal frequencies."

    def score(self, outputs: ModelOutputs) -> float:
        from scipy.special import entr

        P = outputs.target_probabilities
        return float(entr(P.mean(axis=0)).sum() - entr(P).sum(axis=1).mean())
