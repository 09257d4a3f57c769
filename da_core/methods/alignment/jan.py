from __future__ import annotations

import torch
from torch import Tensor

from da_core.methods.alignment.dan import DAN, gaussian_kernel, mmd
from da_core.methods.base import Batch, DeepAlignment


class JAN(DeepAlignment):
    r"""Joint adaptation network (Long et al. 2017): features and predictions are aligned together, not one by one.

        L = L_y + λ · JMMD²,    JMMD² = MMD² with the kernel   k((f, g), (f′, g′)) = k_f(f, f′) · k_g(g, g′)

    f are features, g = softmax of the logits. A product of kernels compares joint distributions: two samples count as
    alike only if both their features and their predicted classes are, so a class is drawn to its own counterpart.
    k_f is the mean of Gaussian kernels of several widths around the median, as in DAN; k_g is one Gaussian kernel whose
    width is the median squared distance of the predictions. Both medians are held fixed within a step.

    It fails when the predictions on the target are wrong in large numbers: the joint distributions are then matched
    with classes exchanged. Small batches make the estimate noisy.
    """

    title = "JAN"
    summary = "Matches the joint distribution of features and predicted classes by a kernel (joint MMD)."
    paper = "Long, Zhu, Wang and Jordan 2017, Deep Transfer Learning with Joint Adaptation Networks, ICML"
    link = "https://arxiv.org/abs/1605.06636"
    keywords = ("moment matching",)

    Params = DAN.Params
    params: DAN.Params

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        features = torch.cat([batch.source_features, batch.target_features])
        predictions = torch.cat([batch.source_logits, batch.target_logits]).softmax(1)
        K = gaussian_kernel(features, self.params.kernels) * gaussian_kernel(predictions, 1)
        return {"joint mmd": self.params.weight * mmd(K, len(batch.source_features), self.params.estimate)}
