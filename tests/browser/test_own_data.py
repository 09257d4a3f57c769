"""One's own pictures through the browser: uploads good and bad, and a folder on the server."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import scipy.io
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.screen import Visitor, finished, go, heading, main, open_screen, settle
from tests.support.server import Server
from tests.support.webcams import WEBCAMS, needs_webcams

ROOT = Path(__file__).parents[2]
CLASSES = {"apple": (200, 40, 30), "leaf": (40, 160, 60), "sky": (60, 110, 220)}
PER_CLASS = 12
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
"""The namespace of a workbook's sheets."""
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


def slow_workbook() -> bytes:
    """A small workbook that takes minutes to read: rows with one empty cell in the last column but 702."""
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    rows = "".join(f'<row r="{row}"><c r="ZZZ{row}"/></row>' for row in range(1, 40_001))
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    slow = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(slow, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member, sheet if "sheet1" in member.filename else old.read(member))
    return slow.getvalue()


def test_a_file_that_crashes_its_reader_harms_nobody(server: Server, visitor: Visitor) -> None:
    sender, other = visitor(server), visitor(server, locale="zh-CN", dark=True, size=(390, 844))
    open_screen(other, "Data", **FEW)
    open_screen(sender, "Data", **FEW)
    choose_own_files(sender)
    killer = matlab(change=True)
    bring(sender, "Source", "killer.mat", killer)
    expect(sender.get_by_role("alert")).to_contain_text("Reading “killer.mat” crashed the process that read it")
    place = f"upload:{hashlib.sha256(killer).hexdigest()}.mat/killer.mat"
    link = {"data": "files", "data.source": place, "network": "identity"}
    open_screen(other, "Data", **link, lang="zh")
    expect(other.get_by_role("alert").first).to_contain_text("读取“killer.mat”时，负责读取的进程崩溃了")
    open_screen(other, "Train", **link, method="coral", lang="en")
    other.get_by_role("button", name="Start training").click()
    expect(other.get_by_role("alert").first).to_contain_text("crashed the process that read it")
    choose_own_files(sender)
    sender.reload()
    settle(sender)
    choose_own_files(sender)
    bring(sender, "Source", "fine.mat", matlab(change=False))
    expect(main(sender).get_by_text("How your files were read")).to_be_visible()


def test_a_file_that_takes_long_says_so_and_holds_up_nobody_else(server: Server, visitor: Visitor) -> None:
    slow, quick = visitor(server), visitor(server)
    for page in (slow, quick):
        open_screen(page, "Data", **FEW)
        choose_own_files(page)
    bring(slow, "Source", "slow.xlsx", slow_workbook())
    expect(main(slow)).to_contain_text(re.compile(r"Reading your files: \d+ of at most 20 seconds"))
    bring(quick, "Source", "bright.zip", pictures(1))
    bring(quick, "Target", "dim.zip", pictures(0.5))
    expect(main(quick).get_by_text("How your files were read")).to_be_visible()
    expect(main(slow)).to_contain_text("Reading your files")
    sentence = "Reading “slow.xlsx” took longer than this server's limit of 20 seconds"
    expect(slow.get_by_role("alert")).to_contain_text(sentence)


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


def table() -> bytes:
    """Two kinds of flowers in two gardens; a column that says nothing, some gaps, and a cell that looks like HTML."""
    rng = np.random.default_rng(0)
    lines = ["colour,petal,leaf,kind,garden"]
    for number in range(120):
        kind, garden = number % 2, "north" if number < 60 else "south"
        petal, leaf = rng.normal(4 * kind + 2 * (number >= 60), 1), rng.normal(-3 * kind, 1)
        gap = "" if number % 40 == 0 else f"{petal:.2f}"
        lines.append(f"<b>red</b>,{gap},{leaf:.2f},{('rose', 'lily')[kind]},{garden}")
    return "\n".join(lines).encode()


def test_a_table_with_chosen_columns(page: Page) -> None:
    open_screen(page, "Data", **FEW, **{"training.epochs": "2", "method": "coral", "device": "cpu"})
    choose_own_files(page)
    bring(page, "Source", "flowers.csv", table())
    expect(page.get_by_role("button", name="Use this data")).to_have_count(0)  # two columns might be the domain
    pick(page, "Domain", "garden")
    pick(page, "Source", "south")
    expect(main(page)).to_contain_text("colour")
    expect(main(page)).to_contain_text("3 missing cells were filled")
    use(page)
    expect(page).to_have_url(re.compile("data.domain=garden.*data.source_domain=south"))
    go(page, "Train")
    page.get_by_role("button", name="Start training").click()
    finished(page)
    go(page, "Results")
    expect(main(page)).to_contain_text("lily")


def pick(page: Page, label: str, option: str) -> None:
    """Choose in one of the select boxes for the columns of a table."""
    page.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=re.compile(f"^{option}")).click()
    settle(page)
    expect(page.get_by_text("Reading your files")).to_have_count(0)


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
