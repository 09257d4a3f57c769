"""A finished run as one HTML file, in either language: it opens without a network and prints well."""

from __future__ import annotations

import json

from markupsafe import Markup

from da_core.evaluation.shift.domain_distances import interpret_shift
from da_core.events import STAGES, Finding, Scores, ShiftMeasures
from da_core.export import figures, setting_words
from da_core.export.recipe_sentences import recipe_sentences
from da_core.export.scored_rows import METRICS, MODEL_TITLES, judged_rows, models_of, scored_rows
from da_core.export.script import command
from da_core.export.validator_rows import validator_rows, verdict_words
from da_core.i18n import Language
from da_core.run_folder import Record
from da_core.several_runs.setting_differences import settings_of
from da_core.templates import render

Table = tuple[list[str], list[list[str]]]
"""A header, and rows."""


def report_html(record: Record, language: Language) -> str:
    """Write the whole document."""
    result, titles = record.result, _titles(record, language)
    provenance = result.recipe.get("provenance", {})
    shift = result.shift
    interpreted = interpret_shift(shift) if shift.before.intervals else None
    return render(
        "report.html.jinja",
        language,
        heading=f"{titles['method']} · {titles['data']}",
        subtitle=_subtitle(record, language, titles),
        accuracies=_accuracies(record, language),
        judged=judged_rows(result, language),
        notices=_notices(record, language),
        findings=[_finding(finding, language) for finding in result.findings],
        scored=scored_rows(result, language),
        drawings={name: _drawing(record, name, language) for name in figures.names(record)},
        tables={"scores": _scores(record, language), "f1-by-class": _classes(record, language)},
        shift_verdict=interpreted and language.translate_message(interpreted.message, interpreted.values),
        shift=_shift(record, language),
        validators=[
            [row.title, row.before, row.after, row.pick, verdict_words(result, row.name, language)]
            for row in validator_rows(result, language, unlocked=False)
        ],
        command=command(record.experiment),
        settings=[
            [
                setting_words.setting_title(record.experiment, name, language),
                setting_words.setting_value(record.experiment, name, value, language),
            ]
            for name, value in settings_of(record.experiment).items()
        ],
        meaning=recipe_sentences(result.recipe, language),
        origin=" · ".join(
            language.word(str(provenance[key])) for key in ("title", "origin", "licence") if key in provenance
        ),
        times=[
            [language.translate(title), language.seconds(result.seconds[stage])]
            for stage, title in STAGES.items()
            if stage in result.seconds
        ],
        recipe=json.dumps(result.recipe, indent=2, ensure_ascii=False, default=str),
        run_id=record.run_id,
    )


def _titles(record: Record, language: Language) -> dict[str, str]:
    """Return the titles of data, network, head (unless it is the network's) and method."""
    experiment = record.experiment
    groups = ["data", "network", *(["head"] if experiment.head.name != "linear" else []), "method"]
    return {group: setting_words.part_title(experiment, group, language) for group in groups}


def _subtitle(record: Record, language: Language, titles: dict[str, str]) -> str:
    experiment = record.experiment
    epochs = language.translate(
        "{count} epochs of batches of {size}", count=experiment.training.epochs, size=experiment.training.batch_size
    )
    seed = language.translate("seed {seed}", seed=experiment.seed)
    return " · ".join([*titles.values(), epochs, seed, language.day(record.finished_at)])


def _accuracies(record: Record, language: Language) -> list[tuple[str, str, str]]:
    """List each model with its accuracy on the target, the adapted one with what it gained; none where not scored."""
    result = record.result
    if result.adapted.target is None or result.source_only.target is None:
        return []
    gain = language.points(result.adapted.target.accuracy - result.source_only.target.accuracy)
    if paired := result.gain.get("target"):
        gain += f" ({language.signed(paired.interval[0])} … {language.signed(paired.interval[1])})"
    return [
        (name, language.percent(figures.on_target(scores).accuracy), gain if place == 1 else "")
        for place, (name, scores) in enumerate(figures.models(record, language).items())
    ]


def _notices(record: Record, language: Language) -> list[str]:
    notices = [language.translate_message(notice.message, notice.values) for notice in record.result.notices]
    if not record.complete:
        notices.append(
            language.translate(
                "This run was stopped early and keeps what it had learned; more epochs may change all of its numbers."
            )
        )
    return notices


def _finding(finding: Finding, language: Language) -> tuple[str, str, list[str]]:
    """Say what is wrong, what shows it and what to do about it, and why."""
    title, evidence, advice = (
        language.translate_message(message, finding.values)
        for message in (finding.title, finding.evidence, finding.advice)
    )
    reasons = [language.translate_message(change.reason, change.values) for change in finding.changes]
    return title, language.paragraph(evidence, advice), reasons


def _drawing(record: Record, name: str, language: Language) -> Markup:
    # the XML prolog belongs to a file of its own; ids must not meet those of another figure in this document
    _prolog, tag, drawing = figures.svg(record, name, language).partition("<svg")
    body = drawing.replace('id="', f'id="{name}-').replace('"#', f'"#{name}-').replace("url(#", f"url(#{name}-")
    return Markup(tag + body)


def _scores(record: Record, language: Language) -> Table:
    """List the scores of every model on every domain, with intervals."""
    say, result = language.translate, record.result
    rows = []
    for model, both in models_of(result).items():
        for domain, scores in (("target", both.target), ("source", both.source), ("third", both.third)):
            if scores is not None:
                error = "" if scores.calibration is None else language.number(scores.calibration.error, 3)
                values = [_score(scores, metric, language) for metric in METRICS]
                rows.append([say(MODEL_TITLES[model]), language.word(domain), *values, error])
    return ["", "", *map(say, METRICS.values()), say("Calibration error (ECE)")], rows


def _score(scores: Scores, metric: str, language: Language) -> str:
    value = language.percent(getattr(scores, metric))
    if metric not in scores.intervals:
        return value
    low, high = (language.number(100 * end, 1) for end in scores.intervals[metric])
    return f"{value} ({low}\u00a0…\u00a0{high})"


def _classes(record: Record, language: Language) -> Table | None:
    if record.result.adapted.target is None:
        return None

    def by_name(scores: Scores) -> dict[str, float]:
        return {label.name: label.f1 for label in scores.per_class}

    named = {name: by_name(figures.on_target(scores)) for name, scores in figures.models(record, language).items()}
    header = ["", language.translate("Samples"), *(f"F1 · {name}" for name in named)]
    rows = [
        [
            language.word(label.name),
            language.number(label.support),
            *(language.percent(f1.get(label.name, 0)) for f1 in named.values()),
        ]
        for label in record.result.adapted.target.per_class
    ]
    return header, rows


def _shift(record: Record, language: Language) -> list[list[str]]:
    shift, say = record.result.shift, language.translate
    measures = {
        "proxy_a_distance": (say("Proxy A-distance"), 2),
        "mmd": (say("MMD²"), 3),
        "coral": (say("CORAL distance"), 3),
        "classwise": (say("Class-wise distance"), 3),
    }
    rows = [
        [title, *(_measure(measured, name, digits, language) for measured in (shift.before, shift.after))]
        for name, (title, digits) in measures.items()
        if getattr(shift.before, name) is not None
    ]
    if (mix := shift.neighbours) is not None:
        title = say("Neighbours of the other domain")
        even = say("evenly mixed: {share}", share=language.percent(mix.even, 0))
        rows.append([f"{title} ({even})", *(language.percent(share, 0) for share in (mix.before, mix.after))])
    spread = record.result.weights or {}
    if "effective_sample_size" in spread:
        size = language.number(spread["effective_sample_size"])
        rows.append([say("Effective sample size: {size} samples count as much.", size=size), "", ""])
    return rows


def _measure(measures: ShiftMeasures, name: str, digits: int, language: Language) -> str:
    value = getattr(measures, name)
    if value is None:
        return "–"
    written = language.number(value, digits)
    if name not in measures.intervals:
        return written
    low, high = (language.number(end, digits) for end in measures.intervals[name])
    return f"{written} ({low}\u00a0…\u00a0{high})"
