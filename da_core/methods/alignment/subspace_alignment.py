from __future__ import annotations

from da_core.methods.alignment.shared.subspaces import SubspaceParams, principal_directions, scaling
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, rows


class SubspaceAlignment(FeatureAlignment):
    r"""Subspace alignment (Fernando, Habrard, Sebban and Tuytelaars 2013).

    Each domain is summed up by its d leading principal directions, P_s and P_t. A matrix M turns the source's basis
    towards the target's; the closest that it can come is known in closed form:

        M = argmin ‖P_s M − P_t‖²_F = P_sᵀ P_t
        source x → x P_s P_sᵀ P_t,        target x → x P_t

    Directions that both domains share stay as they are; a source direction that the target does not have is shrunk by
    the cosine of the angle between them, and one perpendicular to the target's subspace is dropped.
    As in the paper each feature is standardised beforehand, here in each domain by its own mean and deviation.

    It fails where the domains differ inside the common subspace (means apart from the centring, or a turn of the
    classes: principal directions do not know classes), where d cuts off what tells the classes apart, and where
    class proportions differ, which moves the means that standardising takes away.

    Cost: O((n_s + n_t) d² + d³) for d features, exact at any size.
    """

    title = "Subspace alignment"
    summary = "Rotates the source's principal directions onto the target's and drops those that only one domain has."
    paper = "Fernando et al. 2013, Unsupervised Visual Domain Adaptation Using Subspace Alignment, ICCV"
    link = "https://doi.org/10.1109/ICCV.2013.368"
    keywords = ("subspace",)

    Params = SubspaceParams
    params: SubspaceParams

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> SubspaceAlignment:
        """Learn both subspaces from source (n_s, D) and target (n_t, D). Raises `UserError` for unusable tables."""
        Xs, Xt = feature_pair(Xs, Xt)
        self._scale_s, self._scale_t = (scaling(X, self.params.standardise) for X in (Xs, Xt))
        Ps = principal_directions(self._scale_s(Xs), self.params.dimensions)
        self._Pt = principal_directions(self._scale_t(Xt), self.params.dimensions)
        self._PsM = Ps @ (Ps.T @ self._Pt)
        return self

    def map_source(self, Xs: Rows) -> Rows:
        return self._scale_s(rows(Xs, "source")) @ self._PsM

    def map_target(self, Xt: Rows) -> Rows:
        return self._scale_t(rows(Xt, "target")) @ self._Pt
