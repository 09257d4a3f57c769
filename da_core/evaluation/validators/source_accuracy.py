from __future__ import annotations

from da_core.evaluation.validators.validator import ModelOutputs, UnlabelledValidator


class SourceAccuracy(UnlabelledValidator):
    r"""Accuracy on held-out source samples (1 − the source risk of You et al. 2019, who compare it with DEV).

        score = (1 / n_s) Σ_i 1[ argmax p(x_i) = y_i ]

    Where source and target are alike it is the usual validation, and without bias. It sees nothing of the target: a
    model that adapts at the source's expense loses by it, and one that fails on the target wins.
    """

    title = "Source accuracy"
    summary = "Accuracy on held-out source samples, the usual criterion without a target."
    paper = "the usual validation; “source risk” in You, Wang, Long and Jordan 2019, ICML"
    link = "https://proceedings.mlr.press/v97/you19a.html"
    formula = "1/n_s · Σ 1[argmax p(x_i) = y_i] over the source"
    fails = "It does not see the target: of two models that are equal on the source it cannot say which one adapts."
    is_share = True

    def score(self, outputs: ModelOutputs) -> float:
        return float(outputs.source_right.mean())
