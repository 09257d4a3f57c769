"""Make the README's pictures: the first screen, light and dark.

    python -m tests.support.readme_picture

starts the app on an empty data folder, waits for the example on its first screen, and writes ``assets/readme``.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import ViewportSize, expect, sync_playwright

from tests.support import chromium, screen
from tests.support.server import serving

FOLDER = Path(__file__).parents[2] / "assets" / "readme"
SIZE = ViewportSize(width=1280, height=1140)


def make(folder: Path) -> None:
    """Write ``light.webp`` and ``dark.webp`` of the first screen."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, serving(Path(data)) as server, sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in themes:
            context = browser.new_context(
                base_url=server.url, locale="en-US", color_scheme=theme, viewport=SIZE, device_scale_factor=1.5
            )
            page = context.new_page()
            screen.open_screen(page, "Start")
            expect(page.locator("canvas").first).to_be_visible(timeout=120_000)
            page.wait_for_load_state("networkidle")
            Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(
                folder / f"{theme}.webp", quality=82, method=6
            )
            context.close()
        browser.close()


if __name__ == "__main__":
    make(FOLDER)
