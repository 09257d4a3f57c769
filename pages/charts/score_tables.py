"""A run's scores as tables: every metric, every domain, every class."""

from __future__ import annotations

import pandas as pd

from da_core.events import Gain, Interval, Result, Scored, Scores
from da_core.export.scored_rows import domain_words
from pages.charts import score_charts
from pages.session.words import _, language, number, percent, points, safe, signed, word


def by_metric(result: Result) -> pd.DataFrame:
    """Tabulate the metrics, one a row: each model's score with its interval, and what adapting gained."""
    columns = {
        model.name: [_score(model.scores.scored, name) for name in score_charts.metrics().values()]
        for model in score_charts.models(result)
    }
    before, after = result.source_only.scored, result.adapted.scored
    gains = [points(getattr(after, name) - getattr(before, name)) for name in score_charts.metrics().values()]
    gained = result.gain.get("target" if result.target_scored else "source")
    if gained is not None:
        gains[0] = _gain(gained)
    rows = list(score_charts.metrics())
    if before.calibration is not None and after.calibration is not None:
        rows.append(_("Calibration error (ECE)"))
        for model in score_charts.models(result):
            calibration = model.scores.scored.calibration
            columns[model.name].append(number(calibration.error, 3) if calibration is not None else "")
        gains.append(f"{after.calibration.error - before.calibration.error:+.3f}".replace("-", "−"))
    return pd.DataFrame({**columns, _("Gain"): gains}, index=pd.Index(rows))


def by_domain(result: Result) -> pd.DataFrame:
    """Tabulate the domains, one a row: each model's accuracy there, and what adapting gained or lost."""
    domains: tuple[Scored, ...] = ("target", "source", "third")
    there = [name for name in domains if getattr(result.adapted, name) is not None]
    columns = {
        model.name: [_score(getattr(model.scores, domain), "accuracy") for domain in there]
        for model in score_charts.models(result)
    }
    gains = [_gain(result.gain[domain]) if domain in result.gain else "" for domain in there]
    rows = pd.Index([domain_words(result, domain, language()) for domain in there])
    return pd.DataFrame({**columns, _("Gain"): gains}, index=rows)


def effects_elsewhere(result: Result) -> list[str]:
    """Say what adapting did to the domains that it was not for, the source and a third one: a sentence each."""
    sentences: list[str] = []
    if source := result.gain.get("source"):
        sentences.append(
            _verdict(
                source,
                _("Accuracy on the source fell by {points}: adapting had a cost there."),
                _("Accuracy on the source rose by {points} as well."),
                _("Accuracy on the source did not change significantly."),
            )
        )
    if third := result.gain.get("third"):
        sentences.append(
            _verdict(
                third,
                _("On the third domain accuracy fell by {points}: adapting does not carry over."),
                _(
                    "On the third domain, which was never used in training, accuracy rose by {points}: adapting "
                    "carries over."
                ),
                _("On the third domain accuracy did not change significantly."),
            )
        )
    return sentences


def by_class(result: Result) -> pd.DataFrame:
    """Tabulate the classes, one a row: samples among those scored, then precision, recall and F1 before → after."""
    before, after = result.source_only.scored.per_class, result.adapted.scored.per_class
    pairs = list(zip(before, after, strict=True))
    return pd.DataFrame(
        {
            _("Samples"): [number(old.support) for old, _new in pairs],
            _("Precision"): [_arrow(old.precision, new.precision) for old, new in pairs],
            _("Recall"): [_arrow(old.recall, new.recall) for old, new in pairs],
            _("F1"): [_arrow(old.f1, new.f1) for old, new in pairs],
            _("F1 of adapted, 95%"): [_range(new.intervals.get("f1")) for _old, new in pairs],
            _("F1 gained"): [points(new.f1 - old.f1) for old, new in pairs],
        },
        index=pd.Index([safe(word(old.name)) for old, _new in pairs]),
    )


def by_sureness(result: Result) -> pd.DataFrame:
    """Tabulate the bins of both models' confidence, one a row: how sure, how often right, how many samples."""
    rows: list[list[str]] = []
    for name, scores in ((_("Source only"), result.source_only), (_("Adapted"), result.adapted)):
        if (calibration := scores.scored.calibration) is not None:
            rows += [[name, percent(b.confidence), percent(b.accuracy), number(b.count)] for b in calibration.bins]
    columns = ["", _("how sure the model is"), _("how often it is right"), _("Samples")]
    return pd.DataFrame(rows, columns=columns).set_index("")


def _verdict(gain: Gain, lost: str, gained: str, same: str) -> str:
    much = points(gain.accuracy)
    if gain.interval[1] < 0:
        return lost.format(points=much.lstrip("-"))
    return gained.format(points=much.lstrip("+")) if gain.interval[0] > 0 else same


def _score(scores: Scores, name: str) -> str:
    value, between = percent(getattr(scores, name)), _range(scores.intervals.get(name))
    return f"{value} :gray[{between}]" if between else value


def _gain(gain: Gain) -> str:
    low, high = (signed(end) for end in gain.interval)
    return f"{points(gain.accuracy)} :gray[{low} … {high}]"


def _range(interval: Interval | None) -> str:
    return "" if interval is None else f"{number(100 * interval[0], 1)} – {percent(interval[1])}"


def _arrow(old: float, new: float) -> str:
    return f"{percent(old)} → {percent(new)}"
