from __future__ import annotations

import numpy as np

from da_core.methods.base import Labels, Rows
from da_core.methods.distances import kernel_width, mean_kernel, median_distance
from da_core.methods.reweighting.shared.class_proportions import ClassMixture


class TargetShift(ClassMixture):
    r"""TarS: kernel mean matching in class space (Zhang, Schölkopf, Muandet and Wang 2013, section 3).

    Under target shift, here label shift, only the class proportions change. The target's mean in the feature space of a
    Gaussian kernel is then a mixture of the source's class means, and the proportions that mix it best are those of the
    target:

        min_β  ‖ Σ_y p_s(y) β_y μ_y − μ_t ‖²,        β ≥ 0,        Σ_y p_s(y) β_y = 1
        μ_y = mean of k(x, ·) over the source samples of class y,        μ_t = the same over the target

    A quadratic programme with one unknown a class, solved exactly. The paper weights each class by its samples through
    a conditional mean embedding; for classes without its ridge this is just the mean, and its slack on the sum is left
    out. Unlike BBSE and EM it asks no classifier, only how the classes lie in feature space.

    It fails where classes lie on top of each other (their means then mix in many ways), where the target's classes look
    different from the source's (it explains a changed look by changed proportions), and where the kernel is so wide
    that it sees the overall means only.

    Above ``exact_up_to`` samples a domain, that many random ones stand for all.

    Cost: O(n_s (n_s + n_t) d), n up to ``exact_up_to``.
    """

    title = "Target shift (TarS)"
    summary = (
        "Finds class proportions with which the source's class means mix to the target's mean, in a kernel's space."
    )
    paper = "Zhang, Schölkopf, Muandet and Wang 2013, Domain Adaptation under Target and Conditional Shift, ICML"
    link = "https://proceedings.mlr.press/v28/zhang13d.html"

    class Params(ClassMixture.Params):
        width: float = kernel_width(0.3)

    params: Params

    def gram(self, Xs: Rows, ys: Labels, Xt: Rows) -> Rows:
        sigma = self.params.width * median_distance(Xs, Xt, self.seed)
        seen = np.unique(ys)

        def mean_of_classes(values: Rows) -> Rows:
            return np.stack([values[ys == y].mean(axis=0) for y in seen])

        to_class = np.stack([mean_kernel(Xs, Xs[ys == y], sigma) for y in seen], axis=1)  # (n, c)
        classes = mean_of_classes(to_class)  # ⟨μ_y, μ_y'⟩
        cross = mean_of_classes(mean_kernel(Xs, Xt, sigma))  # ⟨μ_y, μ_t⟩
        target = mean_kernel(Xt, Xt, sigma).mean()  # ⟨μ_t, μ_t⟩
        # proportions sum to 1, so the squared distance is πᵀGπ with the products of μ_y − μ_t
        G: Rows = classes - cross[:, None] - cross + target
        return G
