"""Accuracy, precision, recall, F1 and the confusion matrix of one model on one domain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from da_core.events import ClassScores, Scores


def scores(y_true: NDArray[np.int64], y_pred: NDArray[np.int64], classes: Sequence[str]) -> Scores:
    """Compare class indices (n,) with the truth (n,).

    Macro averages run over the classes that occur among the true or the predicted labels, as scikit-learn's do; a share
    of nothing (the recall of a class without samples) counts as 0.
    """
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    labels = np.arange(len(classes))
    table = np.stack(precision_recall_fscore_support(y_true, y_pred, labels=labels, zero_division=0))
    precision, recall, f1 = table[:3, np.union1d(y_true, y_pred)].mean(axis=1)
    return Scores(
        accuracy=accuracy_score(y_true, y_pred),
        precision=precision,
        recall=recall,
        f1=f1,
        per_class=[
            ClassScores(name=name, precision=p, recall=r, f1=f, support=int(n))
            for name, (p, r, f, n) in zip(classes, table.T, strict=True)
        ],
        confusion=confusion_matrix(y_true, y_pred, labels=labels).tolist(),
    )
