"""One's own pictures through the browser: uploads good and bad, and a folder on the server."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from screen import finished, go, heading, main, open_screen, shoot

ROOT = Path(__file__).parents[2]
WEBCAMS = ROOT.parent / "shared" / "data" / "webcams"
CLASSES = {"apple": (200, 40, 30), "leaf": (40, 160, 60), "sky": (60, 110, 220)}
PER_CLASS = 12


def pictures(brightness: float, classes: dict[str, tuple[int, int, int]] = CLASSES) -> bytes:
    """A zip in ImageFolder layout: noisy pictures of one colour a class."""
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, colour in classes.items():
            for number in range(PER_CLASS):
                noisy = np.array(colour) * brightness + rng.normal(0, 20, (24, 24, 3))
                picture = io.BytesIO()
                Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(picture, "PNG")
                archive.writestr(f"{name}/{number}.png", picture.getvalue())
    return file.getvalue()


def climbing() -> bytes:
    file = io.BytesIO(pictures(1))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../x/0.png", b"not here")
    return file.getvalue()


def bring(page: Page, role: str, name: str, content: bytes) -> None:
    """Upload a file as the source or the target, and wait until the server has it."""
    uploader = page.get_by_test_id("stFileUploader").filter(has_text=role)
    uploader.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/zip", "buffer": content}
    )
    expect(uploader.get_by_text(name)).to_be_visible()


def choose_own_files(page: Page) -> None:
    page.get_by_role("radio", name="Your own", exact=True).click()
    expect(page.get_by_role("button", name="Use these files")).to_be_visible()


def use(page: Page) -> None:
    button = page.get_by_role("button", name="Use these files")
    expect(button).to_be_enabled()
    button.click()


def test_uploaded_pictures_walk_all_the_way(page: Page) -> None:
    open_screen(page, "Data", **{"training.epochs": "2", "method": "coral", "device": "cpu"})
    choose_own_files(page)
    bring(page, "Source", "bright.zip", pictures(1))
    bring(page, "Target", "dim.zip", pictures(0.5))
    use(page)
    for name in CLASSES:
        expect(main(page).get_by_text(name, exact=True).first).to_be_visible()
    expect(main(page)).to_contain_text(re.compile(rf"{len(CLASSES) * PER_CLASS} samples"))
    shoot(page, "data-own-light-wide")
    go(page, "Method")
    page.get_by_role("button", name="Train", exact=True).click()
    finished(page)
    go(page, "Results")
    expect(page.get_by_role("heading", name="Class by class")).to_be_visible()
    page.get_by_text("Precision, recall and F1 of each class").click()
    for name in CLASSES:
        expect(page.get_by_role("rowheader", name=name)).to_be_visible()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"this is no archive", "zip", id="not a zip"),
        pytest.param(pictures(1, {"apple": CLASSES["apple"]}), "class", id="one class"),
        pytest.param(climbing(), r"\.\./x", id="a path out of the archive"),
    ],
)
def test_a_bad_upload_gets_one_sentence_and_changes_nothing(page: Page, content: bytes, sentence: str) -> None:
    open_screen(page, "Data", data="digits_night")
    before = page.url
    choose_own_files(page)
    bring(page, "Source", "bad.zip", content)
    use(page)
    alert = page.get_by_role("alert")
    expect(alert).to_have_count(1)
    expect(alert).to_have_text(re.compile(sentence))
    expect(alert).not_to_contain_text("Traceback")
    assert alert.inner_text().strip().endswith((".", "?"))
    assert page.url == before
    page.reload()
    expect(page.get_by_role("radio", name=re.compile("Digits.*night", re.IGNORECASE))).to_be_checked()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"training.epochs": "100000"}, "500"),
        ({"method": "magic"}, "magic"),
        ({"method.weight": "much"}, "weight|number"),
        ({"data.count": "7"}, "100"),
    ],
)
def test_a_bad_link_gets_one_sentence_and_the_default_stays(page: Page, query: dict[str, str], sentence: str) -> None:
    open_screen(page, "Method", **query)
    expect(page.get_by_role("alert")).to_have_text(re.compile(sentence))
    expect(page.get_by_role("radio", name="DANN")).to_be_checked()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()


def test_real_webcams_by_day_and_night_walk_from_a_folder_on_the_server(page: Page) -> None:
    if not WEBCAMS.is_dir():
        pytest.skip(f"the webcam pictures are not at {WEBCAMS}")
    open_screen(page, "Data", **{"method": "coral", "device": "cpu"})
    choose_own_files(page)
    page.get_by_role("radio", name="Folder on the server").click()
    for role, name in (("Source", "day"), ("Target", "night")):
        field = page.get_by_label(role, exact=True)
        field.fill(str(WEBCAMS / name))
        field.press("Enter")
    use(page)
    expect(main(page).get_by_text("cam00", exact=True).first).to_be_visible()
    shoot(page, "data-webcams-light-wide")
    go(page, "Train")
    page.get_by_role("button", name="Start training").click()
    finished(page)
    page.get_by_role("link", name="See what moved").click()
    expect(heading(page)).to_have_text("Features")
    expect(page.get_by_role("figure", name=re.compile("^After"))).to_be_visible()
    shoot(page, "features-webcams-light-wide")
    go(page, "Results")
    expect(page.get_by_role("heading", name="What is taken for what")).to_be_visible()
    shoot(page, "results-webcams-light-wide")
