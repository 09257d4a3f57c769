"""The main job: from the first screen through a run to its results, in a real browser."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from da_core.experiment import Experiment
from pages.session import keys
from tests.support.looks import PHONE, out_of_sight
from tests.support.screen import Visitor, curves, finished, go, heading, main, open_screen, places_on, settle, stop
from tests.support.server import Server


def test_a_deep_link_is_the_first_thing_that_a_server_is_asked(fresh_server: Server, visitor: Visitor) -> None:
    page = visitor(fresh_server)
    page.goto("/method?method=deep_coral")
    expect(heading(page)).to_have_text("Method")
    expect(page.get_by_role("radio", name="Deep CORAL")).to_be_checked()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_role("link", name="Results")).to_be_visible()
    expect(sidebar).to_contain_text("Domain Adaptation Lab")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    assert "method=deep_coral" in page.url


def test_a_finished_before_and_after_is_on_the_first_screen(page: Page) -> None:
    page.goto("/")
    panel(page, "Before")
    panel(page, "After")
    expect(main(page)).to_contain_text("A finished example run with DANN")
    numbers = main(page).get_by_text(re.compile(r"^\d+\.\d%$")).filter(visible=True)  # a shut table has more
    expect(numbers).to_have_count(3)
    source_only, adapted, oracle = (share(text) for text in numbers.all_inner_texts())
    assert source_only < adapted < oracle
    assert_hover_shows_a_picture(page, "After")


def test_day_to_night_runs_live_and_is_found_again(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Try day → night").click()
    expect(heading(page)).to_have_text("Train")
    expect(page.get_by_role("button", name="Training…")).to_be_disabled()
    expect(curves(page).first).to_be_visible()

    run = re.search(r"run=[\w-]+", page.url)
    assert run is not None
    page.reload()
    expect(page.get_by_role("button", name="Training…")).to_be_disabled()
    expect(curves(page).first).to_be_visible()
    assert run[0] in page.url

    stop(page)
    expect(main(page)).to_contain_text("You stopped this run.")


def test_a_run_ends_in_a_headline_features_results_and_files(page: Page, tmp_path: Path) -> None:
    open_screen(page, "Method", **{"data.count": "300", "training.epochs": "4", "device": "cpu"})
    page.get_by_text("Train the oracle too").click()
    expect(page).to_have_url(re.compile("oracle=true"))
    page.get_by_role("button", name="Train", exact=True).click()
    expect(heading(page)).to_have_text("Train")
    finished(page)
    expect(metrics(page)).to_have_count(3)
    before, after, oracle = (share(text) for text in metrics(page).all_inner_texts())
    assert before < oracle

    page.get_by_role("link", name="See what moved").click()
    expect(heading(page)).to_have_text("Features")
    for name in ("Before", "After"):
        panel(page, name)
    assert_hover_shows_a_picture(page, "Before")
    expect(main(page)).to_contain_text("Proxy A-distance")
    expect(main(page)).to_contain_text("MMD")
    picture = downloaded(page, page.get_by_role("button", name="Save picture"), tmp_path)
    assert picture.startswith(b"\x89PNG")

    go(page, "Results")
    expect(page.get_by_role("heading", name="All scores")).to_have_count(0)  # a first visit sees the doors alone
    page.get_by_test_id("stSidebar").get_by_text("Everything").click()
    expect(page).to_have_url(re.compile("view=everything"))
    expect(page.get_by_role("heading", name="All scores")).to_be_visible()
    table = page.get_by_role("table").first
    for measure in ("Accuracy", "Precision", "Recall", "F1"):
        expect(table.get_by_role("rowheader", name=measure, exact=True)).to_be_visible()
    for model in ("Source only", "Adapted", "Oracle", "Gain"):
        expect(table.get_by_role("columnheader", name=model)).to_be_visible()
    accuracies = table.get_by_role("row", name=re.compile("^Accuracy")).get_by_role("cell").all_inner_texts()
    assert [share(cell) for cell in accuracies[:3]] == [before, after, oracle]
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(6)
    assert_downloads_hold_what_the_screen_says(page, after, tmp_path)

    run = re.search(r"run=([\w-]+)", page.url)
    assert run is not None
    go(page, "Runs")
    page.set_viewport_size(ViewportSize(width=PHONE[0], height=PHONE[1]))
    page.locator(f".st-key-{keys.tick(run[1])} label").click()
    settle(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE[0]
    assert out_of_sight(page) == []


def assert_downloads_hold_what_the_screen_says(page: Page, accuracy: float, folder: Path) -> None:
    files = {
        name: downloaded(page, page.get_by_role("button", name=name), folder)
        for name in ("Table (CSV)", "Results (JSON)", "Experiment (JSON)", "Model (PyTorch)")
    }
    rows = list(csv.DictReader(io.StringIO(files["Table (CSV)"].decode("utf-8-sig"))))
    of_all = next(row for row in rows if (row["model"], row["domain"], row["class"]) == ("adapted", "target", ""))
    assert float(of_all["accuracy"]) * 100 == pytest.approx(accuracy, abs=0.051)
    result = json.loads(files["Results (JSON)"])
    assert result["adapted"]["target"]["accuracy"] * 100 == pytest.approx(accuracy, abs=0.051)
    assert Experiment.from_json(files["Experiment (JSON)"]).method.name == "dann"
    import torch

    with zipfile.ZipFile(io.BytesIO(files["Model (PyTorch)"])) as archive:
        weights = torch.load(io.BytesIO(archive.read("model.pt")), weights_only=True)
    assert all(torch.isfinite(each).all() for each in weights.values() if each.is_floating_point())


def panel(page: Page, name: str) -> Locator:
    """One of the two scatter panels, once points are drawn in it."""
    figure = page.get_by_role("figure", name=re.compile(f"^{name}"))
    expect(figure).to_be_visible()
    drawn = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(v => v)"
    canvas = figure.locator("canvas").first
    page.wait_for_function(drawn, arg=canvas.element_handle())
    return figure


def assert_hover_shows_a_picture(page: Page, name: str) -> None:
    """Move the pointer over a panel until it meets a sample."""
    shown = page.locator(".tip .words")
    for place in places_on(panel(page, name).get_by_role("img"), 10):
        page.mouse.move(*place)
        if shown.is_visible():
            break
    expect(shown).to_contain_text(re.compile(r"(source|target).*Before: .* (right|wrong).*After: ", re.DOTALL))
    picture = page.locator(".tip .picture")
    expect(picture).to_be_visible()
    expect(picture).to_have_css("background-image", re.compile(r'^url\("(data|blob):'))


def metrics(page: Page) -> Locator:
    """The large numbers."""
    return page.get_by_test_id("stMetricValue")


def share(text: str) -> float:
    """The first percentage in a text."""
    found = re.search(r"(\d+\.\d)\s?%", text)
    assert found is not None, text
    return float(found[1])


def downloaded(page: Page, button: Locator, folder: Path) -> bytes:
    with page.expect_download() as download:
        button.click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file.read_bytes()
