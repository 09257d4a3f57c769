from __future__ import annotations

from torch import nn

from da_core.networks.extractor import Extractor


class Identity(Extractor):
    """No extractor: the data are features already and go to the head as they are, unscaled."""

    name = "identity"
    title = "None (features as they are)"
    summary = "The data are features already. They go to the head unscaled; only the head is trained."
    takes = frozenset({"features"})
    learns = False

    def build(self, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        return nn.Identity(), sample_shape[0]
