"""Findings about a reweighting method's weights."""

from __future__ import annotations

from da_core.evaluation.diagnosis.facts import Facts
from da_core.events import Change, Finding
from da_core.networks.preparation import steps_apart

FEW_EFFECTIVE = 0.05
"""Share of the samples left as effective sample size, below which weights are not to be trusted."""
LARGEST_SHARE = 0.1
"""Of all weight on one sample."""


def weights_concentrated(facts: Facts) -> Finding | None:
    """Find weights that rest on a handful of samples."""
    weights = facts.result.weights
    if weights is None:
        return None
    share = weights["effective_sample_size"] / weights["samples"]
    if share >= FEW_EFFECTIVE and weights["largest_share"] <= LARGEST_SHARE:
        return None
    return Finding(
        name="weights_concentrated",
        title="The weights cannot be trusted.",
        evidence=(
            "{samples:.0f} source samples count like {effective:.0f} ({share:.1%}); the heaviest has {largest:.0%} "
            "of the total weight."
        ),
        advice="Set a smaller maximum weight, or choose an alignment method: reweighting needs overlapping domains.",
        values={
            "samples": weights["samples"],
            "effective": weights["effective_sample_size"],
            "share": share,
            "largest": weights["largest_share"],
        },
    )


def shift_scaled_away(facts: Facts) -> Finding | None:
    """Find weights for a shift that the preparation of the rows has taken away."""
    apart = steps_apart(facts.result.recipe.get("prepare", []))
    if facts.family != "reweighting" or not apart:
        return None
    return Finding(
        name="shift_scaled_away",
        title="The preparation removed the shift that the weights are for.",
        evidence="The step {steps} maps each domain on its own; afterwards both have the same mean and deviation.",
        advice="Prepare both domains by the source (zscore_source), or not at all.",
        values={"steps": ", ".join(apart)},
        changes=(
            Change(
                reason=(
                    "Each domain was scaled by its own statistics, which removes a shift that weights or alignment "
                    "could correct."
                ),
                label="Scale both domains by the source",
                settings={"prepare": "zscore_source"},
            ),
        ),
    )
