"""What is taken away gives the same numbers as the run, opens anywhere, and hides nothing that could run."""

from __future__ import annotations

import dataclasses
import html.parser
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import nbformat
import numpy as np
import pytest
from matplotlib import font_manager
from nbclient import NotebookClient
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from da_core.cli import main
from da_core.errors import UserError
from da_core.events import Finding, Finished, Notice
from da_core.experiment import DataSpec, Experiment, MethodSpec, TrainingSpec
from da_core.export import figures, files
from da_core.export.files import exports, write_run
from da_core.export.notebook import notebook
from da_core.export.report import report_html
from da_core.export.script import command, script
from da_core.i18n import Language, missing
from da_core.run_folder import Record, read_record, write_record
from da_core.settings import settings

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("export")  # the run is made once
EN, ZH = Language("en"), Language("zh")
EXPERIMENT = Experiment(
    data=DataSpec(name="street", params={"count": 200}),
    method=MethodSpec(name="deep_coral", params={"weight": 0.5}),
    training=TrainingSpec(epochs=1),
    seed=3,
    device="cpu",
)


@pytest.fixture(scope="module", autouse=True)
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Also for the processes that a test starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DA_LAB_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        settings.cache_clear()
        yield
    settings.cache_clear()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of the command line."""
    place = tmp_path_factory.mktemp("run") / "mine"
    asked = tmp_path_factory.mktemp("asked") / "experiment.json"
    asked.write_text(EXPERIMENT.model_dump_json())
    assert main(["run", "--experiment", str(asked), "--out", str(place)]) == 0
    return place


@pytest.fixture(scope="module")
def record(folder: Path) -> Record:
    return read_record(folder)


def python(*arguments: str, cwd: Path = ROOT) -> str:
    """What a fresh Python says that finds the repository."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(output: str) -> dict[str, tuple[str, str]]:
    """Model → what was measured now, and what the run had measured, in either language."""
    lines = re.findall(r"^(.+): (\d\.\d+) \((?:the app|应用中): (\d\.\d+)\)", output, re.MULTILINE)
    return {model: (now, then) for model, now, then in lines}


def accuracies(record: Record, language: Language) -> dict[str, tuple[str, str]]:
    result = record.result
    both = {language.translate("Source only"): result.source_only, language.translate("Adapted"): result.adapted}
    return {name: (f"{scores.target.accuracy:.4f}",) * 2 for name, scores in both.items()}


def test_a_folder_that_cannot_be_written_is_told(record: Record, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("the user's")
    finished = Finished(record.result, record.evidence)
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(UserError, match="cannot be written"):
            write_run(place, EXPERIMENT, finished, record.history)
    assert (tmp_path / "file").read_text() == "the user's"


@pytest.mark.slow
def test_the_script_gives_the_same_numbers(record: Record, tmp_path: Path) -> None:
    (tmp_path / "experiment.py").write_text(script(record, EN), encoding="utf-8")
    assert told(python(str(tmp_path / "experiment.py"))) == accuracies(record, EN)


def test_the_script_and_the_command_say_every_setting() -> None:
    experiment = Experiment(
        data=DataSpec(name="files", source='/it\'s "here"/$HOME', target="upload:1"), method=MethodSpec(name="coral")
    )
    again = Experiment.from_flat(experiment.to_flat())
    assert again == experiment
    names: dict[str, object] = {}
    from da_core.export.script import code

    exec("from da_core.experiment import *\nfrom da_core.experiment import DataSpec\n" + code(experiment), names)
    assert names["EXPERIMENT"] == experiment
    assert "put the path of your own file there" in code(experiment)
    assert "--method coral" in command(experiment)
    listed = subprocess.run(
        ["bash", "-c", command(experiment).replace("python", "printf '%s\\n'", 1)], capture_output=True, text=True
    )
    assert 'data.source=/it\'s "here"/$HOME' in listed.stdout.splitlines()


@pytest.mark.slow
def test_the_notebook_gives_the_same_numbers(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)  # Streamlit sets it to one that shows nothing
    pages = nbformat.reads(notebook(record, ZH), as_version=4)
    nbformat.validate(pages)
    client = NotebookClient(
        pages, timeout=300, iopub_timeout=60, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute()
    outputs = [output for cell in pages.cells if cell.cell_type == "code" for output in cell.outputs]
    text = "".join(output.text for output in outputs if output.output_type == "stream")
    assert told(text) == accuracies(record, ZH)
    assert "class DeepCORAL" in text
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3


@pytest.mark.slow
def test_the_model_loads_and_predicts_as_the_run_did(record: Record, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(exports(record)["model"].make(record, EN))) as archive:
        assert set(archive.namelist()) == {"model.pt", "README.md", "load.py", "experiment.json", "result.json"}
        archive.extractall(tmp_path)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"| Adapted | {EN.percent(record.result.adapted.target.accuracy)} |" in card
    assert "--method deep_coral" in card
    python("-c", "import load, numpy; numpy.save('predicted.npy', load.predicted)", cwd=tmp_path)
    predicted = np.load(tmp_path / "predicted.npy")[record.evidence.target_index]
    np.testing.assert_array_equal(predicted, record.evidence.target_predicted["after"])


def test_tensorboard_reads_the_curves(record: Record, tmp_path: Path) -> None:
    files.write(record, "tensorboard", tmp_path, EN)
    read = EventAccumulator(str(tmp_path)).Reload()
    losses = [event for event in record.history if event.phase == "adapt" and hasattr(event, "terms")]
    scalars = read.Scalars("adapt/loss/class")
    assert [scalar.value for scalar in scalars] == pytest.approx([event.terms["class"] for event in losses])
    assert [scalar.step for scalar in scalars] == [round(100 * event.epoch) for event in losses]
    reached = read.Scalars("result/adapted/target_accuracy")[0].value
    assert reached == pytest.approx(record.result.adapted.target.accuracy)


class Reader(html.parser.HTMLParser):
    """Every tag of a document, and every address in it that a browser would follow."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "action") and value and not value.startswith("#"):
                self.addresses.append(value)
            if name == "id" and value:
                self.ids.append(value)


@pytest.mark.parametrize("language", [EN, ZH])
def test_the_report_stands_alone_and_speaks_one_language(record: Record, language: Language) -> None:
    missing.clear()
    text = report_html(record, language)
    read = Reader(text)
    assert read.addresses == []
    assert "script" not in read.tags
    assert "url(http" not in text
    assert read.tags.count("svg") == len(figures.names(record)) == 5
    assert len(read.ids) == len(set(read.ids))
    assert all(f"#{name}" not in text or name in read.ids for name in re.findall(r'href="#([^"]+)"', text))
    assert language.percent(record.result.adapted.target.accuracy) in text
    assert "--set method.weight=0.5" in text
    settings_told = {row[0]: row[1] for row in re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td></tr>", text)}
    assert settings_told[language.translate("Learning rate")] == "0.002"
    assert settings_told[language.translate("Device")] == "CPU"
    assert not any(re.fullmatch(r"[a-z]+[._][a-z_.]+", name) for name in settings_told), "words, not keys"
    low, high = record.result.adapted.target.intervals["f1"]
    assert f"({language.number(100 * low, 1)}\u00a0…\u00a0{language.number(100 * high, 1)})" in text
    low, high = record.result.shift.after.intervals["coral"]
    assert f"({language.number(low, 3)}\u00a0…\u00a0{language.number(high, 3)})" in text
    low, high = record.result.gain["target"].interval
    assert f"({language.signed(low)} … {language.signed(high)})" in text
    assert not missing


def test_the_report_warns_as_the_screen_does(record: Record) -> None:
    missing.clear()
    warning = Finding(
        name="mine",
        title="Training diverged.",
        evidence="The class loss fell to {least:.2f} but ended at {last:.2f}.",
        advice="Choose a smaller “Learning rate”, or give the method less weight.",
        values={"least": 0.25, "last": 9.5},
    )
    told = record.result.model_copy(update={"findings": [warning]})
    text = report_html(dataclasses.replace(record, result=told), ZH)
    assert ZH.translate(warning.title) in text
    assert "0.25" in text
    assert "9.50" in text
    assert ZH.translate(warning.advice) in text
    none = record.result.model_copy(update={"findings": []})
    quiet = ZH.translate("No warning sign was found in this run's numbers.")
    assert quiet in unescape(report_html(dataclasses.replace(record, result=none), ZH))
    assert not missing


def test_a_name_that_is_code_stays_a_name(record: Record, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>$x_1$"
    result = record.result.model_copy(deep=True)
    result.classes[0] = evil
    result.notices = [Notice("{name} is dark.", {"name": evil})]
    result.recipe["provenance"] = {"title": evil, "origin": "[a](http://x)", "licence": "*"}
    for scores in (result.source_only, result.adapted):
        scores.target.per_class[0].name = evil
    spoiled = dataclasses.replace(record, result=result)
    text = report_html(spoiled, EN)
    assert "script" not in Reader(text).tags
    assert text.count("<script") == 0
    assert "x_1" in figures.svg(spoiled, "f1-by-class", EN)
    with zipfile.ZipFile(io.BytesIO(exports(spoiled)["model"].make(spoiled, EN))) as archive:
        card = archive.read("README.md").decode()
    assert "<script" not in card.replace("\\<script", "")
    assert "](http" not in card.replace("\\](http", "")


@pytest.mark.slow
def test_figures_are_drawn_for_print(record: Record) -> None:
    with zipfile.ZipFile(io.BytesIO(exports(record)["figures"].make(record, EN))) as archive:
        names = archive.namelist()
        assert {"before-after.svg", "before-after.png", "confusion.png", "curves.svg"} <= set(names)
        with Image.open(io.BytesIO(archive.read("before-after.png"))) as picture:
            assert picture.width == pytest.approx(7.2 * 300, abs=2)
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=1)
        drawn = archive.read("before-after.svg").decode()
    count = len(record.evidence.source_label) + len(record.evidence.target_label)
    assert drawn.count("<use ") >= 2 * count
    assert "Source" in drawn or "source" in drawn
    assert figures.svg(record, "curves", EN) == figures.svg(record, "curves", EN)


@pytest.mark.slow
def test_a_chinese_picture_has_chinese_signs_whatever_fonts_the_machine_has(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    figures.chinese_font.cache_clear()
    found = font_manager.FontProperties(family=figures.chinese_font())
    path = font_manager.findfont(found, fallback_to_default=False)
    assert {ord(sign) for sign in "域适应之前准确率"} <= set(font_manager.get_font(path).get_charmap())
    assert figures.png(record, "scores", ZH) != figures.png(record, "scores", EN)


def test_a_run_of_the_store_is_exported_too(record: Record, tmp_path: Path, capsys) -> None:
    stored = tmp_path / ("0" * 16 + "-" + "0" * 8)
    write_record(stored, record.experiment, record.result, record.evidence, record.history)
    out = tmp_path / "out"
    wishes = ["--report", f"{out}/r.html", "--table", f"{out}/t.csv", "--script", f"{out}/s.py"]
    wishes += ["--notebook", f"{out}/n.ipynb", "--tensorboard", f"{out}/tb", "--language", "zh"]
    wishes += ["--figures", f"{out}/figures", "--model", f"{out}/m.zip"]
    assert main(["export", str(stored), *wishes]) == 0
    assert 'lang="zh"' in (out / "r.html").read_text(encoding="utf-8")
    assert read_record(stored).result == record.result
    assert json.loads((out / "n.ipynb").read_text(encoding="utf-8"))["nbformat"] == 4
    assert len(list((out / "tb").iterdir())) == 1
    assert {file.suffix for file in (out / "figures").iterdir()} >= {".svg", ".png"}
    assert (out / "m.zip").stat().st_size > 0
    assert main(["export", str(stored), "--predictions", f"{out}/p.csv"]) == 2, "every sample has a label"
    for arguments, says in ([str(out), "--report", "x.html"], "is not a run folder"), ([str(stored)], "--report"):
        assert main(["export", *arguments]) == 2
        assert says in capsys.readouterr().err


def test_a_target_without_labels_is_exported_without_scores(record: Record) -> None:
    result = record.result.model_copy(deep=True)
    for scores in (result.source_only, result.adapted):
        scores.target = None
    result.recipe["unlabelled"] = 100
    evidence = dataclasses.replace(record.evidence, answers=np.zeros(3, np.int64))
    unscored = dataclasses.replace(record, result=result, read_evidence=lambda: evidence)
    assert figures.names(unscored) == ["before-after", "curves"]
    assert "no target labels" in report_html(unscored, EN)
    assert "MEASURED = {}" in script(unscored, EN)
    there = exports(unscored)
    for export in (there["table"], there["model"], there["notebook"], there["tensorboard"]):
        assert export.make(unscored, ZH)
    assert there["predictions"].make(unscored, EN).decode("utf-8-sig").count(record.result.classes[0]) == 3
    assert "predictions" not in exports(record)
