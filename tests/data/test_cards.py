"""What a card promises, the walk gives: the pair as it is chosen, the card's method, and nothing else touched."""

from __future__ import annotations

from statistics import mean

import pytest

from da_core.data.measured import figures
from da_core.data.sources import sources
from da_core.experiment import DataSpec
from tests.bench.measure_catalogue import finish, walked

SMALL = [
    name
    for name, source in sources().items()
    if source.area in ("points", "features") and name in figures() and name != "hillside"
]


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_the_cards_best_method_reaches_what_the_card_says(name: str) -> None:
    card = figures()[name]
    results = [finish(walked(DataSpec(name=name), card.method, seed)) for seed in range(3)]
    source_only = mean(result.source_only.target.accuracy for result in results)
    adapted = mean(result.adapted.target.accuracy for result in results)
    assert source_only == pytest.approx(card.source_only, abs=0.03)
    assert adapted == pytest.approx(card.best, abs=0.03)
