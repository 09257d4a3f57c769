"""Sentiment of short texts, news-style → social-media-style: two registers of one grammar, nothing downloaded."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import Domain, DomainPair, Provenance
from da_core.data.source import DataSource
from da_core.data.synthesis.phrases import BLAME, NEWS, PRAISE, SOCIAL, TOPICS, Register
from da_core.params import Params, hyper

CLASSES = ("negative", "positive")
_OPPOSED = 0.04  # of the opinions say the opposite of their sentence: nobody is of one mind throughout

Labels = NDArray[np.int64]


class SentimentParams(Params):
    """How many texts, and how much the registers share."""

    count: int = hyper(2000, ge=100, le=20_000, step=100, title="Texts", help="Texts written for each domain.")
    shared: float = hyper(
        0.4,
        ge=0,
        le=1,
        step=0.05,
        title="Shared words",
        help="Share of the opinions in words that both kinds of text have. The fewer, the wider the gap.",
    )


class Sentiment(DataSource):
    """Each text holds three opinions of one sign, in words of its register or in words that both have.

    A classifier of news knows the shared words only. It is right where a social text has one, and guesses elsewhere;
    but words of one sign stand together, and over the shared ones a method can find out what the others mean, as
    structural correspondence learning does (Blitzer, McDonald and Pereira 2006). A few words say the opposite in the
    other register, which no such method can see coming.
    """

    name = "sentiment"
    title = "Sentiment, news → social media"
    summary = "Short texts that praise or blame: as a newspaper puts it, and as people put it to their friends."
    area = "text"
    shift = "appearance"
    kind = "texts"
    Params = SentimentParams
    params: SentimentParams

    def load(self, seed: int) -> DomainPair:
        rng = np.random.default_rng([seed, 0x7E87])
        return DomainPair(
            source=_written("news", NEWS, self.params, rng),
            target=_written("social media", SOCIAL, self.params, rng),
            classes=CLASSES,
            provenance=Provenance(
                title=self.title,
                origin="Written by a grammar of this project. Nobody said any of it.",
                licence="Made by this project's code: MIT, as the project.",
                shift="appearance",
            ),
        )


def _written(name: str, register: Register, params: SentimentParams, rng: np.random.Generator) -> Domain:
    y = rng.permutation(np.arange(params.count, dtype=np.int64) % 2)
    return Domain(name, np.array([_text(register, bool(sign), params.shared, rng) for sign in y]), y)


def _text(register: Register, praises: bool, shared: float, rng: np.random.Generator) -> str:
    """One text with three opinions, a few of them of the other sign."""

    def opinion() -> str:
        own, both = (register.praise, PRAISE) if praises != (rng.random() < _OPPOSED) else (register.blame, BLAME)
        return _any(both if rng.random() < shared else own, rng)

    def filled(field: re.Match[str]) -> str:
        match field[1]:
            case "0" | "1" | "2":
                return opinion()
            case "topic":
                return _any(TOPICS, rng)
            case name:
                words = _any(register.fillers[name.lower()], rng)
                return words if name.islower() else words[0].upper() + words[1:]

    return re.sub(r"<(\w+)>", filled, _any(register.sentences, rng)).strip()


def _any(of: tuple[str, ...], rng: np.random.Generator) -> str:
    return of[rng.integers(len(of))]
