from __future__ import annotations

from torch import Tensor

from da_core import params
from da_core.methods.base import Batch, DeepAlignment, loss_weight


class DeepCORAL(DeepAlignment):
    r"""Deep CORAL (Sun and Saenko 2016): second-order statistics of the two domains' features are made alike.

        L = L_y + λ · ‖C_s − C_t‖²_F / (4 d²)                                                    (eq. 1 and 6)

    C_s and C_t are the d×d covariances of a batch's source and target features (eq. 2 and 3). The factor makes the
    loss small: the paper chooses λ so that both losses end at about the same size.

    It fails when the domains differ in more than mean-free second-order structure, and when class proportions differ.
    """

    title = "Deep CORAL"
    summary = "Pulls the covariances of source and target features together during training."
    paper = "Sun and Saenko 2016, Deep CORAL: Correlation Alignment for Deep Domain Adaptation, ECCV workshops"
    link = "https://arxiv.org/abs/1607.01719"
    keywords = ("moment matching",)

    class Params(params.Params):
        weight: float = loss_weight(10.0, le=10000, log=True)
        """Weight of the alignment loss; raise it until both losses end at a similar size."""

    params: Params

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        return {"coral": self.params.weight * coral_loss(batch.source_features, batch.target_features)}


def coral_loss(Fs: Tensor, Ft: Tensor) -> Tensor:
    """‖C_s − C_t‖²_F / 4d² of features (b, d), with sample covariances (divided by b − 1).

    >>> F = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    >>> coral_loss(F, 2 * F)  # covariances diag(2, 0) and diag(8, 0)
    tensor(2.2500)
    """
    return (covariance(Fs) - covariance(Ft)).square().sum() / (4 * Fs.shape[1] ** 2)


def covariance(F: Tensor) -> Tensor:
    centred = F - F.mean(0)
    return centred.T @ centred / (len(F) - 1)
