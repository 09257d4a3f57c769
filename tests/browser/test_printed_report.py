"""The report on paper: nothing of it is wider than the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from da_core.export.report import report_html
from da_core.i18n import LANGUAGES, Language
from da_core.jobs.store import EXAMPLE, store

_A4 = (680, 960)
"""What the margins leave of it, in CSS pixels."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_widest_table_fits_on_the_paper(browser: Browser, language: str) -> None:
    record = store().load(EXAMPLE)
    page = browser.new_page(viewport={"width": _A4[0], "height": _A4[1]})
    page.set_content(report_html(record, Language(language)))
    page.emulate_media(media="print")
    wide = page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('.wide')].map(e => [e.scrollWidth, e.clientWidth])"
    )
    page.close()
    assert len(wide) > 4
    assert all(content <= room for content, room in wide)
