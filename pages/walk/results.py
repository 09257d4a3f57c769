"""Step 6 · what adapting was worth, counted on samples that no model was trained on."""

from __future__ import annotations

import re

import pandas as pd
import streamlit as st

from da_core.events import Result, Scores
from da_core.jobs.store import Record
from pages.parts import charts, downloads, finished, live, steps
from pages.parts.words import _, number, percent, seconds, word


def scores_table(result: Result) -> pd.DataFrame:
    """One row a metric: each model's score on the target, the source's beside it in grey, and what adapting gained.

    Where the target has no labels there is the source's alone.
    """
    metrics = charts.metrics()
    columns = {
        name: [
            percent(of(scores.source))
            if scores.target is None
            else _(
                "{target} :gray[source {source}]", target=percent(of(scores.target)), source=percent(of(scores.source))
            )
            for of in metrics.values()
        ]
        for name, scores in charts.models(result)
    }
    if result.target_scored:
        gains = [of(result.adapted.scored) - of(result.source_only.scored) for of in metrics.values()]
        columns[_("Gain on the target")] = [finished.points(gain) for gain in gains]
    return pd.DataFrame(columns, index=pd.Index(list(metrics)))


def class_table(result: Result) -> pd.DataFrame:
    """One row a class: its samples among those scored, then precision, recall and F1 before → after."""
    before, after = result.source_only.scored.per_class, result.adapted.scored.per_class
    pairs = list(zip(before, after, strict=True))
    return pd.DataFrame(
        {
            _("Samples"): [number(old.support) for old, _new in pairs],
            _("Precision"): [_arrow(old.precision, new.precision) for old, new in pairs],
            _("Recall"): [_arrow(old.recall, new.recall) for old, new in pairs],
            _("F1"): [_arrow(old.f1, new.f1) for old, new in pairs],
            _("F1 gained"): [finished.points(new.f1 - old.f1) for old, new in pairs],
        },
        index=pd.Index([verbatim(word(old.name)) for old, _new in pairs]),
    )


def confusions(result: Result) -> None:
    """Before and after side by side, in one scale."""
    classes = [word(name) for name in result.classes]
    both: list[tuple[str, str, Scores]] = [
        ("confusion-before", _("Before: source only"), result.source_only.scored),
        ("confusion-after", _("After: adapted"), result.adapted.scored),
    ]
    for column, (key, title, scores) in zip(st.columns(2, gap="medium"), both, strict=True):
        with column:
            st.markdown(f"**{title}**")
            charts.draw(charts.confusion(scores, classes), key, charts.confusion_alt(scores, classes, title))
    stronger = _(
        "Rows are true classes, columns what they were taken for. The stronger the colour, the larger the row's share."
    )
    st.caption(stronger)


def recipe(record: Record) -> None:
    """What one needs to know to get these numbers again."""
    names = live.stage_names()
    spent = {names[stage]: seconds(spent) for stage, spent in record.result.seconds.items() if stage in names}
    left, right = st.columns([1, 2], gap="large")
    with left:
        st.markdown(f"**{_('Time by stage')}**")
        st.table(pd.DataFrame({_("Time"): spent.values()}, index=pd.Index(list(spent))), border="horizontal")
    with right:
        st.markdown(f"**{_('Recipe')}**")
        st.json(record.result.recipe, expanded=1)


def verbatim(name: str) -> str:
    """``name`` so that Markdown shows it as it is: people name their classes as they like."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|<>~:$&-])", r"\\\1", name)


def _arrow(old: float, new: float) -> str:
    return f"{percent(old)} → {percent(new)}"


steps.header("results")
record = finished.looked_at()
if record is not None:
    result = record.result
    finished.headline(result)
    live.notices(result.notices)
    st.subheader(_("All scores"), anchor=False)
    st.table(scores_table(result), border="horizontal")
    st.caption(_("On held-out samples. Precision, recall and F1 are averages over the classes, each counting alike."))
    alt = (
        _("Accuracy, precision, recall and F1 of each model on the target")
        if result.target_scored
        else _("Accuracy, precision, recall and F1 of each model on the source")
    )
    charts.draw(charts.comparison(result), "scores", alt)
    st.subheader(_("Class by class"), anchor=False)
    alt = (
        _("F1 of each class on the target, before and after adapting")
        if result.target_scored
        else _("F1 of each class on the source, before and after adapting")
    )
    charts.draw(charts.class_f1(result), "f1-by-class", alt)
    with st.expander(_("Precision, recall and F1 of each class")):
        st.table(class_table(result), border="horizontal")
    st.subheader(_("What is taken for what"), anchor=False)
    confusions(result)
    st.subheader(_("Take it home"), anchor=False)
    downloads.buttons(record)
    with st.expander(_("How to get these numbers again")):
        recipe(record)
steps.footer("results")
