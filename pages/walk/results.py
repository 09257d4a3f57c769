"""Step 6 · what adapting was worth, and on which samples that was counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from da_core.events import Result, Scores
from da_core.export.recipe_sentences import recipe_sentences
from da_core.export.scored_rows import Compared, judged_rows, scored_rows
from da_core.jobs.store import Record
from pages.charts import chart_table, plotly_figure, score_charts, score_tables
from pages.run import change_one, changed_samples, current_run, export_buttons, findings, live, validators_section
from pages.session.words import _, language, number, paragraph, percent, safe, seconds, word
from pages.shell import fold, navigation

BEFORE_AND_AFTER: tuple[Compared, ...] = ("source_only", "adapted")


def confusions(result: Result) -> None:
    """Draw both confusion matrices side by side, in one scale; then what changed."""
    classes = [word(name) for name in result.classes]
    before, after = result.source_only.scored, result.adapted.scored
    score_charts.draw_confusions(
        ("confusion-before", _("Before: source only"), before, classes),
        ("confusion-after", _("After: adapted"), after, classes),
    )
    stronger = _(
        "Rows are true classes, columns are predicted classes. A stronger colour means a larger share of the row."
    )
    st.caption(paragraph(judged_rows(result, language(), BEFORE_AND_AFTER), stronger))
    picture, text = st.columns(2, gap="medium", vertical_alignment="center")
    with picture:
        st.markdown(f"**{_('What adapting changed')}**")
        change = score_charts.confusion_change(before, after, classes)
        plotly_figure.draw(
            change,
            "confusion-change",
            chart_table.sentence(
                _("After minus before: change in the number of samples in each cell"),
                _("right: {was} → {now}", was=_right(before), now=_right(after)),
            ),
        )
    with text:
        st.markdown("\n".join(f"- {line}" for line in changes(before, after, classes)))
        st.caption(_("Green cells are better than before, orange ones worse."))


def _right(scores: Scores) -> str:
    return number(int(np.trace(np.asarray(scores.confusion))))


def changes(before: Scores, after: Scores, classes: list[str], most: int = 6) -> list[str]:
    """Write the mistakes whose number changed most, a line each."""
    was, now = np.asarray(before.confusion), np.asarray(after.confusion)
    change = now - was
    np.fill_diagonal(change, 0)
    cells = np.argsort(-np.abs(change), axis=None, kind="stable")[:most]
    return [
        _(
            "{true} predicted as {predicted}: {was} → {now}",
            true=safe(classes[row]),
            predicted=safe(classes[column]),
            was=number(int(was[row, column])),
            now=number(int(now[row, column])),
        )
        for row, column in zip(*np.unravel_index(cells, change.shape), strict=True)
        if change[row, column]
    ]


def every_metric(result: Result) -> None:
    """Draw each metric of each model on what is scored."""
    chart_table.scores(score_tables.by_metric(result), "metrics")
    intervals = _(
        "95% intervals in grey: Wilson's for accuracy, combined from those of the classes for the others. Balanced "
        "accuracy, precision, recall and F1 are averages over the classes with equal weight."
    )
    st.caption(paragraph(judged_rows(result, language()), intervals))
    accuracies = [f"{model.name} {percent(model.scores.scored.accuracy)}" for model in score_charts.models(result)]
    alt = chart_table.sentence(_("Each metric of each model; accuracy"), *accuracies)
    plotly_figure.draw(score_charts.comparison(result), "scores", alt, tabulated=True)


def every_domain(result: Result) -> None:
    """Draw each model's accuracy on each domain, and what adapting did to those that it was not for."""
    chart_table.scores(score_tables.by_domain(result), "domains")
    st.caption(scored_rows(result, language()))
    st.markdown(paragraph(*score_tables.effects_elsewhere(result)))


def every_class(result: Result) -> None:
    """Draw F1 of each class before and after, and a table with precision and recall."""
    alt = (
        _("F1 of each class on the target, before and after adapting")
        if result.target_scored
        else _("F1 of each class on the source, before and after adapting")
    )
    alt = chart_table.sentence(alt, *score_charts.class_f1_ends(result))
    plotly_figure.draw(score_charts.class_f1(result), "f1-by-class", alt, tabulated=True)
    on_top = _("F1 of each class, with 95% intervals; the classes that gained most are on top.")
    st.caption(paragraph(judged_rows(result, language()), on_top))
    with st.expander(_("Precision, recall and F1 of each class")):
        st.table(score_tables.by_class(result), border="horizontal")


def calibration(result: Result) -> None:
    """Draw whether the models are as sure as they are right."""
    before, after = result.source_only.scored.calibration, result.adapted.scored.calibration
    if before is None or after is None:
        return
    picture, text = st.columns([3, 2], gap="large", vertical_alignment="center")
    with picture:
        alt = _("Reliability diagram: accuracy of each model on the target at each confidence level")
        errors = (f"{_('Before')} {number(before.error, 3)}", f"{_('After')} {number(after.error, 3)}")
        alt = chart_table.sentence(f"{alt}. {_('Calibration error (ECE)')}", *errors)
        table = score_tables.by_sureness(result)
        plotly_figure.draw(score_charts.reliability(result), "reliability", alt, table)
    with text:
        st.markdown(
            _(
                "Expected calibration error on the target: **{before}** before, **{after}** after adapting.",
                before=number(before.error, 3),
                after=number(after.error, 3),
            )
        )
        promises = _(
            "Below the dashed line a model is overconfident. Support vector machines and nearest neighbours give no "
            "reliable probabilities."
        )
        st.caption(paragraph(judged_rows(result, language()), promises))


def recipe(record: Record) -> None:
    """Draw what it takes to get these numbers again: the time of each stage and the recipe."""
    names = live.stage_names()
    spent = {names[stage]: seconds(took) for stage, took in record.result.seconds.items() if stage in names}
    left, right = st.columns([1, 2], gap="large")
    with left:
        st.markdown(f"**{_('Time by stage')}**")
        st.table(pd.DataFrame({_("Time"): spent.values()}, index=pd.Index(list(spent))), border="horizontal")
    with right:
        st.markdown(f"**{_('Recipe')}**")
        sentences = recipe_sentences(record.result.recipe, language())
        st.markdown("\n".join(f"- {title}: {safe(sentence)}" for title, sentence in sentences.items()))
        st.json(record.result.recipe, expanded=1)


navigation.header("results")
record = current_run.load()
if record is not None:
    result = record.result
    current_run.headline(result)
    change_one.ask(record.experiment, [record.run_id])
    live.notices(result.notices)
    findings.section(result.findings, record)
    st.subheader(_("Confusion matrix"), anchor=False)
    confusions(result)
    if result.target_scored:
        st.subheader(_("Which samples changed"), anchor=False)
        count = number(len(record.evidence.target_label))
        saved = _("{count} of the scored samples are saved for display.", count=count)
        st.caption(paragraph(judged_rows(result, language(), BEFORE_AND_AFTER), saved))
        changed_samples.section(record)
    with fold.section(_("All scores")):
        every_metric(result)
    with fold.section(_("Scores by domain")):
        every_domain(result)
    with fold.section(_("Scores by class")):
        every_class(result)
    if result.target_scored and result.adapted.scored.calibration is not None:
        with fold.section(_("Calibration: does confidence match accuracy?")):
            calibration(result)
    if result.validators:
        with fold.section(_("Validators: choosing a model without target labels")):
            validators_section.section(result)
    with fold.section(_("Downloads")):
        export_buttons.draw(record)
        with st.expander(_("How to reproduce these numbers")):
            recipe(record)
navigation.footer("results")
