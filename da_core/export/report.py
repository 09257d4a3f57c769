"""A finished run as one HTML file, in either language: it opens without a network and prints well."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from da_core import palette
from da_core.data.sources import sources
from da_core.evaluation.shift import interpret_shift
from da_core.events import STAGES, Finding, Scores, ShiftMeasures
from da_core.export import figures, setting_words
from da_core.export.recipe_sentences import recipe_sentences
from da_core.export.scored_rows import judged_rows, scored_rows
from da_core.export.script import command
from da_core.export.validator_rows import validator_rows, verdict_words
from da_core.i18n import Language
from da_core.jobs.leaderboard import settings_of
from da_core.methods import methods
from da_core.networks import networks
from da_core.networks.head_kinds import heads
from da_core.run_folder import Record

_LIGHT = palette.LIGHT
_COLOURS = f"""
:root {{ color-scheme: light; --ink: {_LIGHT.ink}; --soft: {_LIGHT.soft}; --line: {_LIGHT.line};
  --paper: {_LIGHT.paper}; --field: {_LIGHT.field}; --accent: {_LIGHT.accent}; }}
"""
_STYLE = """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 52rem; padding: 2.5rem 1.5rem 4rem; color: var(--ink); background: var(--paper);
  font: 15px/1.55 Inter, system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC",
  "Noto Sans SC", sans-serif; font-variant-numeric: tabular-nums; }
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.02em; margin: 0 0 0.3rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 0.6rem; break-after: avoid; }
p { margin: 0.4rem 0; } .soft, figcaption { color: var(--soft); font-size: 0.92rem; }
.numbers { display: flex; flex-wrap: wrap; gap: 2.5rem; margin: 1.4rem 0; }
.numbers div { border-left: 3px solid var(--line); padding-left: 0.9rem; }
.numbers div.main { border-color: var(--accent); } .numbers .main b { color: var(--accent); }
.numbers b { display: block; font-size: 2rem; line-height: 1.15; }
ul.notices { padding: 0.8rem 1rem 0.8rem 2rem; background: var(--field); border-radius: 10px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th, td { text-align: left; padding: 0.35rem 0.8rem 0.35rem 0; border-bottom: 1px solid var(--line); }
th, td { vertical-align: top; word-break: keep-all; }
figcaption { margin: 0.4rem 0 0.6rem; }
th { color: var(--soft); font-weight: 500; } tr { break-inside: avoid; }
figure { margin: 0; break-inside: avoid; } figure svg { width: 100%; height: auto; display: block; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 0.86rem; }
pre { background: var(--field); border-radius: 10px; padding: 0.8rem 1rem; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; }
@page { margin: 15mm; }
@media print {
  body { padding: 0; max-width: none; font-size: 10.5pt; }
  .wide { overflow: visible; }
  table { font-size: 8.5pt; } th, td { padding-right: 0.5rem; }
  details { display: none; }
  h2 { margin-top: 1.6rem; }
}
"""


def report_html(record: Record, language: Language) -> str:
    """Write the whole document."""
    say = language.translate
    titles = _titles(record, language)
    heading = f"{titles['method']} · {titles['data']}"
    parts = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="soft">{escape(_line(record, language, titles))}</p>',
        _numbers(record, language),
        _notices(record, language),
        _findings(record, language),
    ]
    captions = {
        "before-after": say("The same samples before and after adapting, one point a sample."),
        "scores": scored_rows(record.result, language)
        + " "
        + say(
            "95% intervals in brackets. Balanced accuracy, precision, recall and F1 are averages over the classes, "
            "each counting alike."
        ),
        "f1-by-class": "",
        "confusion": say(
            "Rows are true classes, columns are predicted classes. A stronger colour means a larger share of the row."
        ),
        "curves": "",
    }
    subtitles = {
        "before-after": say("What moved in feature space"),
        "scores": say("All scores"),
        "f1-by-class": say("Class by class"),
        "confusion": say("Confusion matrix"),
        "curves": say("How it went"),
    }
    tables = {"scores": _scores(record, language), "f1-by-class": _classes(record, language)}
    for figure in figures.names(record):
        parts.append(f"<h2>{escape(subtitles[figure])}</h2>")
        parts.append(_figure(record, figure, captions[figure], language))
        parts.append(tables.get(figure, ""))
    parts += [_shift(record, language), _validators(record, language), _recipe(record, language)]
    return (
        f'<!doctype html>\n<html lang="{language.code}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(heading)}</title>\n<style>{_COLOURS}{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(filter(None, parts))
        + f'\n<p class="soft">{escape(say("Made by Domain Adaptation Lab."))} {escape(record.run_id)}</p>\n'
        "</body>\n</html>\n"
    )


def _titles(record: Record, language: Language) -> dict[str, str]:
    """Return the titles of data, network, head (unless it is the network's) and method; an unknown one by its name."""
    experiment = record.experiment

    def title(known: Mapping[str, Any], name: str) -> str:
        return language.word(known[name].title) if name in known else name

    head = {} if experiment.head.name == "linear" else {"head": title(heads(), experiment.head.name)}
    return {
        "data": title(sources(), experiment.data.name),
        "network": title(networks(), experiment.network.name),
        **head,
        "method": title(methods(), experiment.method.name),
    }


def _line(record: Record, language: Language, titles: dict[str, str]) -> str:
    experiment = record.experiment
    epochs = language.translate(
        "{count} epochs of batches of {size}", count=experiment.training.epochs, size=experiment.training.batch_size
    )
    seed = language.translate("seed {seed}", seed=experiment.seed)
    return " · ".join([*titles.values(), epochs, seed, language.day(record.finished_at)])


def _numbers(record: Record, language: Language) -> str:
    """Accuracy on the target of each model, and what adapting gained."""
    result = record.result
    if result.adapted.target is None or result.source_only.target is None:
        return f"<p>{escape(language.translate('not scored: no target labels'))}</p>"
    gain = language.points(result.adapted.target.accuracy - result.source_only.target.accuracy)
    if paired := result.gain.get("target"):
        gain += f" ({language.signed(paired.interval[0])} … {language.signed(paired.interval[1])})"
    cells = []
    for place, (name, scores) in enumerate(figures.models(record, language).items()):
        gained = f"<span>{escape(gain)}</span>" if place == 1 else ""
        reached = language.percent(figures.on_target(scores).accuracy)
        cells.append(f'<div class="{"main" if place == 1 else ""}">{escape(name)}<b>{reached}</b>{gained}</div>')
    above = f"{language.translate('Accuracy on the target')} · {judged_rows(result, language)}"
    return f'<p class="soft">{escape(above)}</p><div class="numbers">{"".join(cells)}</div>'


def _notices(record: Record, language: Language) -> str:
    notices = [language.translate_message(notice.message, notice.values) for notice in record.result.notices]
    if not record.complete:
        notices.append(
            language.translate(
                "This run was cut short and keeps what it had learned: more epochs may change all of its numbers."
            )
        )
    return f'<ul class="notices">{"".join(f"<li>{escape(notice)}</li>" for notice in notices)}</ul>' if notices else ""


def _findings(record: Record, language: Language) -> str:
    """Write the diagnosis of the run: the problem, the evidence, and what to do."""
    say, findings = language.translate, record.result.findings
    if not findings:
        nothing = say("No warning sign was found in this run's numbers.")
        return f"<p>{escape(nothing)}</p>"
    cards = "".join(f"<li>{_finding(one, language)}</li>" for one in findings)
    return f'<h2>{escape(say("What to look out for"))}</h2><ul class="notices">{cards}</ul>'


def _finding(finding: Finding, language: Language) -> str:
    title, evidence, advice = (
        escape(language.translate_message(message, finding.values))
        for message in (finding.title, finding.evidence, finding.advice)
    )
    reasons = "".join(f"<li>{escape(language.translate_message(c.reason, c.values))}</li>" for c in finding.changes)
    return f"<b>{title}</b> {language.paragraph(evidence, advice)}" + (f"<ol>{reasons}</ol>" if reasons else "")


def _figure(record: Record, name: str, caption: str, language: Language) -> str:
    # the XML prolog belongs to a file of its own; ids must not meet those of another figure in this document
    drawing = figures.svg(record, name, language).partition("<svg")
    body = drawing[2].replace('id="', f'id="{name}-').replace('"#', f'"#{name}-').replace("url(#", f"url(#{name}-")
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure><svg{body}{below}</figure>"


def _scores(record: Record, language: Language) -> str:
    """Every model on every domain, with intervals, and what adapting gained there."""
    say, result = language.translate, record.result
    of: dict[str, str] = {
        say("Accuracy"): "accuracy",
        say("Balanced accuracy"): "balanced_accuracy",
        say("Precision"): "precision",
        say("Recall"): "recall",
        say("F1"): "f1",
    }
    models = figures.models(record, language)
    if result.source_only_bn is not None:
        models[say("Source only, target batch norm")] = result.source_only_bn
    rows = []
    for name, both in models.items():
        for domain, scores in (("target", both.target), ("source", both.source), ("third", both.third)):
            if scores is not None:
                error = "" if scores.calibration is None else language.number(scores.calibration.error, 3)
                values = [_score(scores, metric, language) for metric in of.values()]
                rows.append([name, language.word(domain), *values, error])
    return _table(["", "", *of, say("Calibration error (ECE)")], rows)


def _score(scores: Scores, metric: str, language: Language) -> str:
    value = language.percent(getattr(scores, metric))
    if metric not in scores.intervals:
        return value
    low, high = (language.number(100 * end, 1) for end in scores.intervals[metric])
    return f"{value} ({low}\u00a0…\u00a0{high})"


def _classes(record: Record, language: Language) -> str:
    if record.result.adapted.target is None:
        return ""

    def by_name(scores: Scores) -> dict[str, float]:
        return {one.name: one.f1 for one in scores.per_class}

    named = {name: by_name(figures.on_target(scores)) for name, scores in figures.models(record, language).items()}
    header = ["", language.translate("Samples"), *(f"F1 · {name}" for name in named)]
    rows = [
        [
            language.word(one.name),
            language.number(one.support),
            *(language.percent(f1.get(one.name, 0)) for f1 in named.values()),
        ]
        for one in record.result.adapted.target.per_class
    ]
    return _table(header, rows)


def _shift(record: Record, language: Language) -> str:
    shift, say = record.result.shift, language.translate
    measures = {
        "proxy_a_distance": (say("Proxy A-distance"), 2),
        "mmd": (say("MMD²"), 3),
        "coral": (say("CORAL distance"), 3),
        "classwise": (say("Class-wise distance"), 3),
    }
    rows = [
        [title, *(_measure(one, name, digits, language) for one in (shift.before, shift.after))]
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
    header = ["", say("Before: source only"), say("After: adapted")]
    notice_html = ""
    if shift.before.intervals:
        notice = interpret_shift(shift)
        notice_html = f"<p>{escape(language.translate_message(notice.message, notice.values))}</p>"
    return f"<h2>{escape(say('How far apart the domains are'))}</h2>{notice_html}" + _table(header, rows)


def _measure(measures: ShiftMeasures, name: str, digits: int, language: Language) -> str:
    value = getattr(measures, name)
    if value is None:
        return "–"
    written = language.number(value, digits)
    if name not in measures.intervals:
        return written
    low, high = (language.number(end, digits) for end in measures.intervals[name])
    return f"{written} ({low}\u00a0…\u00a0{high})"


def _validators(record: Record, language: Language) -> str:
    """Write each validator's scores of both models, and whether it is right."""
    say, result = language.translate, record.result
    if not result.validators:
        return ""
    rows = [
        [row.title, row.before, row.after, row.pick, verdict_words(result, row.name, language)]
        for row in validator_rows(result, language, unlocked=False)
    ]
    header = [say("Validator"), say("Before"), say("After"), say("It would keep"), say("Is it right?")]
    explanation = say(
        "With no labels of the target, which of the two models would you keep? Each validator gives both a score, "
        "the higher the better, and would keep the one that it scores higher."
    )
    return f"<h2>{escape(say('What a validator would say'))}</h2><p>{escape(explanation)}</p>" + _table(header, rows)


def _recipe(record: Record, language: Language) -> str:
    """Every setting, where the data come from, and the command that gives these numbers again."""
    say, recipe = language.translate, record.result.recipe
    settings = [
        [
            setting_words.setting_title(record.experiment, name, language),
            setting_words.setting_value(record.experiment, name, value, language),
        ]
        for name, value in settings_of(record.experiment).items()
    ]
    seconds = record.result.seconds
    spent = [[say(title), language.seconds(seconds[stage])] for stage, title in STAGES.items() if stage in seconds]
    meaning = [[title, sentence] for title, sentence in recipe_sentences(recipe, language).items()]
    whole = json.dumps(recipe, indent=2, ensure_ascii=False, default=str)
    provenance = recipe.get("provenance", {})
    origin = " · ".join(
        language.word(str(provenance[key])) for key in ("title", "origin", "licence") if key in provenance
    )
    return "\n".join(
        [
            f"<h2>{escape(say('How to get these numbers again'))}</h2>",
            f"<pre>{escape(command(record.experiment))}</pre>",
            _table([say("Setting"), say("Value")], settings),
            _table(["", ""], meaning),
            f"<h2>{escape(say('Data'))}</h2><p>{escape(origin)}</p>" if origin else "",
            f"<h2>{escape(say('Time by stage'))}</h2>" + _table(["", say("Time")], spent),
            f"<details><summary>{escape(say('Recipe'))}</summary><pre>{escape(whole)}</pre></details>",
        ]
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)

    def line(cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"

    return f'<div class="wide"><table><tr>{head}</tr>{"".join(map(line, rows))}</table></div>'
