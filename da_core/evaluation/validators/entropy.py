from __future__ import annotations

from da_core.evaluation.validators.validator import ModelOutputs, UnlabelledValidator


class Entropy(UnlabelledValidator):
    r"""Negative mean entropy of the target's predictions (Morerio, Cavazza and Murino 2018), in nats.

        score = −(1 / n_t) Σ_j H(p(x_j)),    H(p) = −Σ_k p_k log p_k

    A model that knows the target is sure of it; the best score is 0. It fails since sure is not right: a model that
    calls everything by one class has the best score of all, and so has any method that minimises entropy.
    """

    title = "Prediction entropy"
    summary = "How confident the model is on the target, by the entropy of its predictions; 0 is the most confident."
    paper = "Morerio, Cavazza and Murino 2018, Minimal-Entropy Correlation Alignment for Unsupervised Deep DA, ICLR"
    link = "https://arxiv.org/abs/1711.10288"
    formula = "−1/n_t · Σ H(p(x_j)) over the target, in nats"
    fails = "Confident is not correct: it prefers a collapsed model, which predicts one class for everything."

    def score(self, outputs: ModelOutputs) -> float:
        from scipy.special import entr

        return -float(entr(outputs.target_probabilities).sum(axis=1).mean())
