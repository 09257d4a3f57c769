from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from torch import nn

from da_core import params
from da_core.data.text_units import UNSPACED
from da_core.errors import UserError
from da_core.networks.extractor import Extractor, Norm, Rows, Samples, norm_setting
from da_core.networks.mlp import MLP
from da_core.networks.word_dropout import WordDropout
from da_core.params import hyper

_LETTERS = rf"[^\W{UNSPACED}]+"
_TOKEN = rf"(?u)[{UNSPACED}]|{_LETTERS}(?:['’]{_LETTERS})*|[^\w\s]+"
"""A word, a character of a writing without spaces (Chinese), or signs: “:-)” and “!!!” say something too."""


class TextMLP(Extractor):
    """Counts of words or of pieces of words, weighted by TF-IDF (Salton and Buckley 1988), into a small `MLP`.

    Vocabulary and document frequencies are learned on the training texts of both domains; labels play no part. A text
    is scaled to a mean square of 1 over its features, which is what the layers' initial weights expect. In training
    some pieces are left out at random (word dropout; Iyyer, Manjunatha, Boyd-Graber and Daumé 2015): a network that
    knows its few training texts by heart has nothing that could be aligned.
    """

    name = "text_mlp"
    title = "Text MLP"
    summary = "Counts of words and word pieces, weighted by TF-IDF, then fully connected layers."
    takes = frozenset({"texts"})
    learns_from_target = True

    class Params(params.Params):
        pieces: Literal["words", "characters", "both"] = hyper("words", title="Pieces")
        """Counts words, runs of 2 to 4 characters within a word, or both. In Chinese and Japanese, which have no
        spaces, each character counts as a word."""
        vectors: Literal["tf-idf", "hashed"] = hyper("tf-idf", title="Vectors")
        """One number for each of the most common pieces, or for each group of pieces with the same hash: this omits
        nothing, but merges some pieces."""
        size: int = hyper(1024, ge=64, le=8192, log=True, title="Vector size")
        """Number of values that represent a text."""
        dropout: float = hyper(0.3, ge=0, le=0.9, step=0.1, title="Word dropout")
        """Share of the pieces that each training step omits, so that the network relies on no single piece."""
        hidden: int = hyper(128, ge=8, le=1024, step=8, title="Hidden units", help="Size of each hidden layer.")
        layers: int = hyper(1, ge=1, le=5, step=1, title="Layers")
        """Number of hidden layers; the last one is the feature."""
        norm: Norm = norm_setting("none")

    params: Params

    def prepare(self, Xs: Samples, Xt: Samples, fit_s: Rows, fit_t: Rows) -> tuple[Samples, Samples]:
        """TF-IDF vectors (n_s, d) and (n_t, d) float32. Raises `UserError` where no text holds a word."""
        counts = _counts(self.params)
        try:
            counts.fit(np.concatenate([Xs[fit_s], Xt[fit_t]]))
        except ValueError:
            raise UserError("These texts contain no words; choose another column, or other data.") from None
        return _dense(counts, Xs), _dense(counts, Xt)

    def preprocessing(self, kind: str) -> dict[str, Any]:
        return {"kind": "text_vectors", "vectors": self.params.vectors, "pieces": self.params.pieces}

    def build(self, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        layers, size = MLP(**self.params.model_dump(include={"hidden", "layers", "norm"})).build(sample_shape)
        return nn.Sequential(WordDropout(self.params.dropout), layers), size


def _counts(params: TextMLP.Params) -> Any:
    """Build what turns texts into weighted counts, not fitted yet."""
    from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer
    from sklearn.pipeline import make_pipeline, make_union

    kinds: dict[str, dict[str, Any]] = {
        "words": {"token_pattern": _TOKEN},
        "characters": {"analyzer": "char_wb", "ngram_range": (2, 4)},
    }
    chosen = list(kinds.values()) if params.pieces == "both" else [kinds[params.pieces]]
    size = params.size // len(chosen)
    if params.vectors == "hashed":
        counters = [HashingVectorizer(n_features=size, alternate_sign=False, norm=None, **kind) for kind in chosen]
    else:
        counters = [CountVectorizer(max_features=size, **kind) for kind in chosen]
    return make_pipeline(make_union(*counters), TfidfTransformer(sublinear_tf=True))


def _dense(counts: Any, texts: Samples) -> Samples:
    vectors: Samples = counts.transform(texts).toarray().astype(np.float32)
    vectors *= math.sqrt(vectors.shape[1])
    return vectors
