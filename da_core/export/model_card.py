"""The adapted network with its card, as one zip: weights, where they come from, how good they are, how to load them."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC

from da_core.experiment import Experiment
from da_core.export.figures import models
from da_core.export.recipe_sentences import preprocessing_sentence
from da_core.export.scored_rows import scored_rows
from da_core.export.script import command
from da_core.export.setting_words import GROUPS, part_title
from da_core.i18n import Language
from da_core.networks import networks
from da_core.run_folder import Record, model_bytes
from da_core.system.app_files import ASSETS
from da_core.templates import render

_LOAD = ASSETS / "export" / "load_model.txt"


def has_model(experiment: Experiment) -> bool:
    """Tell whether a network was trained: features that are computed, or used as they are, leave none behind."""
    return networks()[experiment.network.name].learns


def model_zip(record: Record, language: Language) -> bytes:
    """Zip ``model.pt`` (a state dict), ``README.md`` (the card), ``load.py``, ``experiment.json`` and ``result.json``.

    Raises `UserError` where the run's files are damaged.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.pt", model_bytes(record.state() or {}))
        archive.writestr("README.md", card(record, language))
        archive.writestr("load.py", _LOAD.read_text(encoding="utf-8"))
        archive.writestr("experiment.json", record.experiment.model_dump_json(indent=2))
        archive.writestr("result.json", record.result.model_dump_json(indent=2))
    return file.getvalue()


def card(record: Record, language: Language) -> str:
    """Write the model's origin, scores and limits as Markdown."""
    say, recipe, experiment = language.translate, record.result.recipe, record.experiment
    provenance = recipe.get("provenance", {})
    origin = [str(provenance[key]) for key in ("title", "origin", "licence") if key in provenance]
    facts = {
        say("Data"): language.paragraph(*(_sentence(language.word(text), language) for text in origin)),
        **{
            say(GROUPS[group]): _plain(part_title(experiment, group, language))
            for group in ("network", "head", "method")
        },
        say("Preprocessing"): _plain(preprocessing_sentence(recipe, language)),
        say("Classes"): ", ".join(_plain(language.word(name)) for name in record.result.classes),
        say("Run"): f"{record.run_id}, {record.finished_at.astimezone(UTC):%Y-%m-%d}",
    }
    return render(
        "model_card.md.jinja",
        language,
        facts=facts,
        models=models(record, language),
        basis=scored_rows(record.result, language),
        command=command(experiment),
    )


def _sentence(text: str, language: Language) -> str:
    """End a text as a sentence."""
    plain = _plain(text)
    stop = "。" if language.code == "zh" else "."
    return plain if plain.endswith((".", "。")) else plain + stop


def _plain(text: str) -> str:
    """Put a text on one line and escape its Markdown."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>#|" else sign for sign in " ".join(text.split()))
