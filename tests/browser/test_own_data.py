"""One's own pictures through the browser: uploads good and bad, and a folder on the server."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import scipy.io
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.screen import Visitor, finished, go, heading, main, open_screen, settle
from tests.support.server import Server
from tests.support.webcams import WEBCAMS, needs_webcams

ROOT = Path(__file__).parents[2]
CLASSES = {"apple": (200, 40, 30), "leaf": (40, 160, 60), "sky": (60, 110, 220)}
PER_CLASS = 12
FEW = {"data.count": "200"}
"""Of the pair that is there before one's own."""


def pictures(brightness: float) -> bytes:
    """A zip in ImageFolder layout: noisy pictures of one colour a class."""
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, colour in CLASSES.items():
            for number in range(PER_CLASS):
                noisy = np.array(colour) * brightness + rng.normal(0, 20, (24, 24, 3))
                picture = io.BytesIO()
                Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(picture, "PNG")
                archive.writestr(f"{name}/{number}.png", picture.getvalue())
    return file.getvalue()


def bring(page: Page, role: str, name: str, content: bytes) -> None:
    """Upload a file as the source or the target, and wait until the server has it."""
    settle(page)  # a file that comes while the page is drawn anew can be lost with the field that took it
    uploader = page.get_by_test_id("stFileUploader").filter(has_text=role)
    uploader.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/zip", "buffer": content}
    )
    expect(uploader.get_by_text(name)).to_be_visible()
    settle(page)


def choose_own_files(page: Page) -> None:
    page.get_by_role("radio", name="Your own", exact=True).click()
    expect(page.get_by_role("radio", name="Upload a file")).to_be_checked()


def use(page: Page) -> None:
    """Use the data that the preview shows; it is gone then."""
    button = page.get_by_role("button", name="Use this data")
    expect(main(page).get_by_text("How your files were read")).to_be_visible()
    button.click()
    expect(button).to_have_count(0)
    settle(page)


def matlab(change: bool) -> bytes:
    """A file of MATLAB 5; with one byte changed it crashes SciPy's reader."""
    file = io.BytesIO()
    features, labels = np.random.default_rng(0).normal(size=(6, 2)), [[0, 1] * 3]
    scipy.io.savemat(file, {"Xs": features * 0, "ys": labels, "Xt": features * 0, "yt": labels})
    content = bytearray(file.getvalue())
    content[145] = 8 if change else content[145]
    return bytes(content)


def test_a_file_that_crashes_its_reader_harms_nobody(server: Server, visitor: Visitor) -> None:
    sender, other = visitor(server), visitor(server, locale="zh-CN")
    open_screen(sender, "Data", **FEW)
    choose_own_files(sender)
    killer = matlab(change=True)
    bring(sender, "Source", "killer.mat", killer)
    expect(sender.get_by_role("alert")).to_contain_text("Reading “killer.mat” crashed the process that read it")
    place = f"upload:{hashlib.sha256(killer).hexdigest()}.mat/killer.mat"
    link = {"data": "files", "data.source": place, "network": "identity", "method": "coral"}
    open_screen(other, "Train", **link)
    other.get_by_role("button", name="开始训练").click()
    expect(other.get_by_role("alert").first).to_contain_text("读取“killer.mat”时，负责读取的进程崩溃了")
    sender.reload()
    settle(sender)
    choose_own_files(sender)
    bring(sender, "Source", "fine.mat", matlab(change=False))
    expect(main(sender).get_by_text("How your files were read")).to_be_visible()


def test_a_folder_from_this_machine_as_source_and_loose_pictures_as_target(page: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(pictures(1))) as archive:
        archive.extractall(tmp_path / "bright")
    (tmp_path / "dim").mkdir()
    with zipfile.ZipFile(io.BytesIO(pictures(0.5))) as archive:
        for number, name in enumerate(archive.namelist()):
            (tmp_path / "dim" / f"{number:02}.png").write_bytes(archive.read(name))
    open_screen(page, "Data", **FEW, **{"training.epochs": "2", "method": "dann", "device": "cpu"})
    choose_own_files(page)
    page.get_by_role("radio", name="Upload a folder").click()
    for role, name in (("Source", "bright"), ("Target", "dim")):
        settle(page)
        uploader = page.get_by_test_id("stFileUploader").filter(has_text=f"{role} (a folder")
        uploader.locator("input[type=file]").set_input_files(tmp_path / name)
    expect(main(page)).to_contain_text(f"{len(CLASSES) * PER_CLASS} samples without labels")
    use(page)
    go(page, "Train")
    page.get_by_role("button", name="Start training").click()
    finished(page)
    expect(main(page)).to_contain_text("nothing is scored on it")
    page.get_by_role("link", name="See what moved").click()
    expect(heading(page)).to_have_text("Features")
    page.get_by_role("radio", name="Class", exact=True).click()
    expect(page.get_by_role("button", name="unknown")).to_be_visible()
    go(page, "Results")
    page.get_by_text("Downloads").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Predictions (CSV)").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(CLASSES) * PER_CLASS
    assert "00.png" in lines[1]
    assert {line.rpartition(",")[2] for line in lines[1:]} <= set(CLASSES)


@needs_webcams
def test_real_webcams_by_day_and_night_walk_from_a_folder_on_the_server(page: Page) -> None:
    open_screen(page, "Data", **FEW, **{"training.epochs": "2", "method": "coral", "device": "cpu"})
    choose_own_files(page)
    page.get_by_role("radio", name="Folder on the server").click()
    for role, name in (("Source", "day"), ("Target", "night")):
        field = page.get_by_label(role, exact=True)
        field.fill(str(WEBCAMS / name))
        field.press("Enter")
    use(page)
    expect(main(page).get_by_text("cam00", exact=True).first).to_be_visible()
    go(page, "Train")
    page.get_by_role("button", name="Start training").click()
    finished(page)
    page.get_by_role("link", name="See what moved").click()
    expect(heading(page)).to_have_text("Features")
    expect(page.get_by_role("figure", name=re.compile("^After"))).to_be_visible()
    go(page, "Results")
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible()


def test_too_large_a_file_is_answered_in_the_readers_language_for_all_to_see(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(201 * 2**20)  # nothing of it is sent
    open_screen(page, "Data", lang="zh", **FEW)
    page.get_by_role("radio", name="自己的数据").click()
    page.get_by_test_id("stFileUploader").first.locator("input[type=file]").set_input_files(large)
    answer = page.get_by_test_id("stFileChip").get_by_role("alert")
    expect(answer).to_have_text(re.compile("错误：这个文件超过 200"))
    box = answer.bounding_box()
    assert box is not None
    assert box["width"] > 100, "it is not for screen readers alone"
    page.get_by_role("radio", name="English").click()
    expect(answer).to_have_text(re.compile("This file is larger than 200"))
