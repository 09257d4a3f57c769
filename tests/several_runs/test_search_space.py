"""Each method's own `Params` say where a search may look: within their bounds, around their defaults."""

from __future__ import annotations

from typing import Any, Literal

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from da_core.methods import methods
from da_core.params import Params, Range, hyper
from da_core.several_runs.search_space import STANDS_STILL, draw, search_space

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Made(Params):
    weight: float = hyper(1.0, ge=0, le=1000, log=True, title="Weight", help="")
    tiny: float = hyper(0.001, ge=0, le=1, title="Decades by its bounds alone", help="")
    share: float = hyper(0.5, gt=0, le=1, title="Share", help="")
    off: float = hyper(0.0, ge=0, le=100, title="Zero is no size", help="")
    kernels: int = hyper(5, ge=1, le=15, step=2, title="Odd", help="")
    game: Literal["steady", "reversal"] = hyper("steady", title="Game", help="")
    centred: bool = hyper(True, title="Centred", help="")
    only: Literal["one"] = hyper("one", title="No choice", help="")
    ends: Range[float] = hyper((0.1, 0.2), ge=0, le=1, title="A range", help="")
    open_ended: float = hyper(1.0, title="Without bounds", help="")
    exact_up_to: int = hyper(1000, ge=0, le=20000, title="Time for exactness", help="")


def test_each_kind_of_field_has_its_distribution_and_the_others_stand_still() -> None:
    found: dict[str, Any] = dict(search_space(Made))
    assert set(found) == {"weight", "tiny", "share", "kernels", "game", "centred"}
    assert found["weight"] == FloatDistribution(0.0333, 30, log=True)
    assert found["tiny"].log
    assert not found["share"].log
    assert 0 < found["share"].low < 0.01
    assert found["kernels"] == IntDistribution(1, 15, step=2)
    assert found["game"] == CategoricalDistribution(("steady", "reversal"))
    assert found["centred"] == CategoricalDistribution((False, True))


@pytest.mark.parametrize("name", list(methods()))
def test_every_value_that_can_be_drawn_is_one_that_the_method_takes(name: str) -> None:
    kind = methods()[name].Params
    space = search_space(kind)
    defaults = kind().model_dump()
    assert not STANDS_STILL & set(space)
    for setting, distribution in space.items():
        assert distribution._contains(distribution.to_internal_repr(defaults[setting])), setting
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(40):
        trial = study.ask()
        kind(**{setting: draw(trial, setting, distribution) for setting, distribution in space.items()})
    for ends in ("low", "high"):
        kind(**{setting: getattr(one, ends) for setting, one in space.items() if hasattr(one, ends)})


def test_the_methods_main_weights_are_searched_on_a_logarithmic_scale() -> None:
    for name in ("dann", "cdan", "deep_coral", "dan", "mcc", "bnm", "mdd"):
        weight: Any = search_space(methods()[name].Params)["weight"]
        assert weight.log, name
