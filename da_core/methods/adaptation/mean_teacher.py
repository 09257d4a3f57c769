from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, cross_entropy

from da_core import params
from da_core.methods.adaptation.shared.augmentation import Augmentation
from da_core.methods.adaptation.shared.epochs import BATCH_SIZE, EPOCHS, LEARNING_RATE, Means, descend, pairs_of_batches
from da_core.methods.base import AdaptationData, ModelAdaptation, loss_weight
from da_core.methods.norms import forgetful, measure
from da_core.networks.extractor import Network
from da_core.params import hyper


class MeanTeacher(ModelAdaptation):
    r"""Mean teacher (Tarvainen and Valpola 2017) between domains, as self-ensembling (French et al. 2018).

        L = L_y(student(x_s), y_s) + λ · mean over target    1[max q ≥ τ] · ‖p − q‖² / c + β · s · L_b(p̄)
        L_b(p̄) = Σ_k −(1/c) log p̄_k − (1 − 1/c) log(1 − p̄_k)                                          (section 3.4)
        θ_teacher ← α θ_teacher + (1 − α) θ_student                                          after every step

    p are the student's class probabilities of a target sample, q the teacher's of another random change of it. The
    teacher, a moving mean of the student's past, is steadier than the student and gets no gradient. The student learns
    from the labelled source as well. In the end the teacher is the network. In place of a slow start of λ only samples
    of which the teacher is sure count, s being their share, as French et al. have it. Surest is often one class, which
    would then swallow the others: L_b holds the student's mean answer p̄ to all classes alike.

    It fails where the source's network is surely wrong on the target: teacher and student then agree on the mistake.
    L_b fails where the target's classes are not about as frequent.
    """

    title = "Mean teacher"
    summary = "A student learns to agree on the target with a moving average of itself, which is the network kept."
    paper = "French, Mackiewicz, Fisher 2018, Self-ensembling for visual domain adaptation, ICLR"
    link = "https://arxiv.org/abs/1706.05208"
    keywords = ("self-training",)

    class Params(params.Params):
        decay: float = hyper(0.99, ge=0, le=0.9999, step=0.01, symbol="α", title="Decay")
        """Share of the teacher that each step keeps; larger values change the teacher more slowly."""
        weight: float = loss_weight(3.0, le=100, step=0.5)
        """Weight of the target loss."""
        balance: float = hyper(0.3, ge=0, le=10, step=0.1, symbol="β", title="Class balance")
        """Weight of the loss that evens out the student's mean prediction over the classes. The paper uses 0.005 to
        0.01 over hundreds of epochs. Use 0 if class frequencies differ."""
        strong_source: bool = hyper(False, title="Strong source augmentation")
        """Augments source samples as strongly as target samples, as in the paper; otherwise weakly."""
        threshold: float = hyper(0.968, ge=0, le=1, step=0.001, symbol="τ", title="Threshold")
        """Minimum confidence of the teacher's prediction; the paper uses 0.968."""
        epochs: int = EPOCHS
        learning_rate: float = LEARNING_RATE
        batch_size: int = BATCH_SIZE

    params: Params

    def adapt(self, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        chosen, teacher = self.params, network
        student = copy.deepcopy(network)
        optimizer = torch.optim.Adam(student.parameters(), lr=chosen.learning_rate)
        generator = torch.Generator().manual_seed(self.seed)
        source, target = (Augmentation(X, data.flips, generator) for X in (data.Xs, data.Xt))
        with forgetful(student), forgetful(teacher):
            student.train()
            for _ in range(chosen.epochs):
                teacher.train()
                means = Means()
                for s, t in data.steps(pairs_of_batches(data, chosen.batch_size, generator)):
                    with torch.no_grad():
                        q = teacher(target.strong(data.Xt[t])).softmax(1)
                    p = student(target.strong(data.Xt[t])).softmax(1)
                    sure = (q.max(1).values >= chosen.threshold).to(p.dtype)
                    changed = source.strong(data.Xs[s]) if chosen.strong_source else source.weak(data.Xs[s])
                    terms = {
                        "class": cross_entropy(student(changed), data.ys[s]),
                        "consistency": chosen.weight * (sure * (p - q).square().mean(1)).mean(),
                        "balance": chosen.balance * sure.mean() * imbalance(p),
                    }
                    descend(student, optimizer, means.add(terms))
                    follow(teacher, student, chosen.decay)
                measure(teacher, data.Xt, generator)
                yield means.read()


@torch.no_grad()
def follow(teacher: Network, student: Network, decay: float) -> None:
    """θ_teacher ← α θ_teacher + (1 − α) θ_student."""
    weights: list[Tensor] = [weight.data for weight in teacher.parameters()]
    torch._foreach_lerp_(weights, [weight.data for weight in student.parameters()], 1 - decay)


def imbalance(p: Tensor) -> Tensor:
    """L_b: sum over classes of the binary cross-entropy of a batch's mean answer, of p (n, c), and 1 / c.

    >>> even, lopsided = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.9, 0.1]])
    >>> bool(imbalance(even) < imbalance(lopsided))
    True
    """
    mean = p.mean(0).clamp(1e-6, 1 - 1e-6)
    return binary_cross_entropy(mean, torch.full_like(mean, 1 / len(mean)), reduction="sum")
