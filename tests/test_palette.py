"""One palette: no other file has a colour of its own, and what must repeat some agrees with it."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from da_core import palette
from da_core.palette import DARK, LIGHT, Theme, contrast

ROOT = Path(__file__).parents[1]
HEX = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})\b")
MAKES_PICTURES = ("da_core/data/scenes", "da_core/data/synthesis")
"""What these paint are samples, not marks of the project's."""


def dyed() -> list[Path]:
    assets = ROOT / "assets"
    files = [ROOT / "app.py", *(file for folder in (assets, assets / "scatter") for file in folder.glob("*.[cj]s*"))]
    for folder in ("da_core", "pages"):
        files += (ROOT / folder).rglob("*.py")
    return [file for file in files if not file.relative_to(ROOT).as_posix().startswith(MAKES_PICTURES)]


def test_no_other_file_has_a_colour_of_its_own() -> None:
    own = {str(file.relative_to(ROOT)): HEX.findall(file.read_text(encoding="utf-8")) for file in dyed()}
    assert own.pop("da_core/palette.py")
    assert {name: found for name, found in own.items() if found} == {}


@pytest.mark.parametrize(("name", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_streamlits_settings_are_the_palettes(name: str, theme: Theme) -> None:
    settings: dict[str, Any] = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["theme"][name] == {
        "primaryColor": theme.accent,
        "backgroundColor": theme.paper,
        "secondaryBackgroundColor": theme.field,
        "textColor": theme.ink,
        "borderColor": theme.line,
        "linkColor": theme.link,
        "grayTextColor": theme.soft,
        "sidebar": {"backgroundColor": theme.sidebar, "secondaryBackgroundColor": theme.sidebar_field},
    }
    assert not HEX.search(str({key: value for key, value in settings["theme"].items() if key not in ("light", "dark")}))


def test_the_style_sheet_has_every_property_that_it_uses() -> None:
    sheet = (ROOT / "assets" / "style.css").read_text(encoding="utf-8")
    given = set(re.findall(r"(--[a-z-]+):", palette.style_properties()))
    assert (
        set(re.findall(r"var\((--[a-z-]+)\)", sheet)) - {"--lab-choose", "--lab-start-here"} == given
    )  # these are words


def test_text_can_be_read_on_what_it_stands_on() -> None:
    """The contrast that WCAG 2 asks of text, 4.5, and of marks, 3, on either theme."""
    for theme in (LIGHT, DARK):
        texts = (theme.ink, theme.soft, theme.accent, theme.link, theme.gained, theme.lost)
        for text, ground in product(texts, (theme.paper, theme.card, theme.field)):
            assert contrast(text, ground) >= 4.5, (text, ground)
        assert contrast("#FFFFFF", theme.heat[1]) >= 4.5
        assert contrast(theme.accent, theme.accent_soft) >= 4.5
        hovered = palette.mixed(theme.accent, theme.ink, 0.12)  # a primary button, as assets/style.css has it
        assert contrast(hovered, theme.paper) >= 4.5
        for mark in (palette.ACCENT, palette.GREY, palette.SOURCE, palette.RIGHT, palette.WRONG):
            assert contrast(mark, theme.paper) >= 3, (mark, theme.paper)


def test_no_class_looks_like_a_domain() -> None:
    assert len(set(palette.CLASSES)) == len(palette.CLASSES)
    assert not {palette.SOURCE, palette.TARGET} & {*palette.CLASSES, *palette.SERIES, palette.ACCENT, palette.GREY}
