"""The adapted network with its card, as one zip: weights, where they come from, how good they are, how to load them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC

from da_core.experiment import Experiment
from da_core.export.figures import models
from da_core.export.recipe_sentences import preprocessing_sentence
from da_core.export.scored_rows import scored_rows
from da_core.export.script import command
from da_core.i18n import Language
from da_core.methods import methods
from da_core.networks import networks
from da_core.networks.head_kinds import heads
from da_core.registry import Registered
from da_core.run_folder import Record, model_bytes
from da_core.system.app_files import ASSETS

_LOAD = ASSETS / "export" / "load_model.txt"


def has_model(experiment: Experiment) -> bool:
    """Tell whether a network was trained: features that are computed, or used as they are, leave none behind."""
    from da_core.networks import networks  # torch comes with it

    return networks()[experiment.network.name].learns


def model_zip(record: Record, language: Language) -> bytes:
    """``model.pt`` (a state dict), ``README.md`` (the card), ``load.py``, ``experiment.json`` and ``result.json``.

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
    """Write what someone who is handed the model has to know, as Markdown."""
    say, recipe, experiment = language.translate, record.result.recipe, record.experiment
    provenance = recipe.get("provenance", {})
    origin = [str(provenance[key]) for key in ("title", "origin", "licence") if key in provenance]
    facts = {
        say("Data"): language.paragraph(*(_sentence(language.word(text), language) for text in origin)),
        say("Network"): _plain(_title(networks(), experiment.network.name, language)),
        say("Head"): _plain(_title(heads(), experiment.head.name, language)),
        say("Method"): _plain(_title(methods(), experiment.method.name, language)),
        say("Preprocessing"): _plain(preprocessing_sentence(recipe, language)),
        say("Classes"): ", ".join(_plain(language.word(name)) for name in record.result.classes),
        say("Run"): f"{record.run_id}, {record.finished_at.astimezone(UTC):%Y-%m-%d}",
    }
    scores = [
        f"| {name} | {language.percent(both.target.accuracy) if both.target is not None else '–'} "
        f"| {language.percent(both.source.accuracy)} |"
        for name, both in models(record, language).items()
    ]
    limits = say(
        "It was trained on this one pair of domains and scored on samples of it; on other data it may be wrong. The "
        "file holds the network with its own linear head: what a method fits to fixed features, and any other head, "
        "is fitted again by the command below."
    )
    return "\n".join(
        [
            f"# {say('A network adapted from one domain to another')}",
            "",
            *(f"- **{name}**: {fact}" for name, fact in facts.items() if fact),
            "",
            f"| {say('Accuracy')} | {say('target')} | {say('source')} |",
            "|---|---|---|",
            *scores,
            "",
            scored_rows(record.result, language),
            "",
            f"## {say('What it is not for')}",
            "",
            limits,
            "",
            f"## {say('How to load it')}",
            "",
            "```sh\npython load.py\n```",
            "",
            f"## {say('How to reproduce these numbers')}",
            "",
            f"```sh\n{command(experiment)}\n```",
            "",
        ]
    )


def _title(known: Mapping[str, Registered | type[Registered]], name: str, language: Language) -> str:
    """Return the title of a network, head or method, or the name of one that only another version knows."""
    return language.word(known[name].title) if name in known else name


def _sentence(text: str, language: Language) -> str:
    """Text that ends as a sentence does."""
    plain = _plain(text)
    stop = "。" if language.code == "zh" else "."
    return plain if plain.endswith((".", "。")) else plain + stop


def _plain(text: str) -> str:
    """Text on one line in which Markdown finds nothing."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>#|" else sign for sign in " ".join(text.split()))
