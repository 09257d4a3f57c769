"""What an eye would mind on a screen: a word in another language, something out of sight."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from da_core.i18n import translations
from da_core.methods import methods
from tests.support.screen import main

PHONE = (390, 844)
PAPER = re.compile("https?://")
"""Where a link begins that leads out of the house."""
LATIN = "|".join(re.escape(one.title) for one in methods().values() if translations("zh").get(one.title) == one.title)
SAID_ALIKE = re.compile(
    rf"(English|{LATIN}|UMAP|PCA|t-SNE|MMD|Adam|MLP|F1|CPU|ResNet-18|MNIST|scikit-learn|CSV|JSON|PyTorch"
    r"|Skip to main content|[\d\W_])+"
)
"""Names and numbers that a Chinese reader meets in Latin letters, and a link of Streamlit's own, which has no other."""
WORDS = """elements => elements.map(element => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll("[data-testid=stIconMaterial]").forEach(icon => icon.remove());
    return { text: copy.textContent.trim(), href: element.getAttribute("href") ?? "" };
})"""
"""The texts of elements less the names of their icons, which a font draws as pictures; all at once, as a page moves."""


def assert_all_chinese(page: Page) -> None:
    """Titles, buttons, links and choices have Chinese in them, unless they are names."""
    for role in ("heading", "button", "link", "radio", "tab", "alert"):
        for element in page.get_by_role(role).evaluate_all(WORDS):
            if PAPER.match(element["href"]):
                continue  # a paper keeps its name
            text = element["text"]
            assert re.search(r"[\u4e00-\u9fff]", text) or not text or SAID_ALIKE.fullmatch(text), f"{role}: {text}"
    sentences = [
        line
        for line in main(page).inner_text().splitlines()
        if re.search(r"[a-z]+ [a-z]+ [a-z]+", line) and not re.search(r"[\u4e00-\u9fff]", line)
    ]
    assert sentences == []


def out_of_sight(page: Page) -> list[str]:
    """Buttons, links and headings that reach over the screen's right edge; a slider's own input cannot be seen."""
    found: list[str] = page.get_by_role("main").evaluate(
        """main => [...main.querySelectorAll('h1, h2, h3, button, a, input:not([type=range])')]
            .filter(each => each.checkVisibility() && each.getBoundingClientRect().right > innerWidth + 1)
            .filter(each => !each.closest('[data-testid=stTable], [data-testid=stDataFrame]'))
            .map(each => each.outerHTML.slice(0, 200))"""
    )
    return found


def too_low(page: Page) -> list[str]:
    """List the screen's buttons, links and choices that are lower than 40 px, but for help and links within a text."""
    found: list[str] = page.get_by_role("main").evaluate(
        """main => {
            const roots = [main, ...[...main.querySelectorAll('*')].map(each => each.shadowRoot).filter(Boolean)];
            const texts = ['stMarkdownContainer', 'stCaptionContainer'];
            const touched = 'button, a, summary, [role=tab], label:has(input:is([type=radio], [type=checkbox]))';
            const beside = [...texts, 'stTooltipIcon', 'stElementToolbar', 'stFullScreenFrame']
                .map(name => `[data-testid=${name}]`).join();
            return roots.flatMap(root => [...root.querySelectorAll(touched)])
                .filter(each => each.checkVisibility() && !each.closest(beside))
                .filter(each => each.getBoundingClientRect().height > 0 && each.getBoundingClientRect().height < 39.5)
                .map(each => `${each.getBoundingClientRect().height} ${each.outerHTML.slice(0, 160)}`);
        }"""
    )
    return found
