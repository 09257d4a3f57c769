"""What axe-core holds against a page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

ALL = {"resultTypes": ["violations"]}
COLOURS = ALL | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules that another theme can break."""


def violations(page: Page, rules: dict[str, Any] = ALL) -> list[str]:
    """List what axe-core calls serious or critical by ``rules``, a line each."""
    found = Axe().run(page, options=rules).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]} {(node['any'] or [{'message': ''}])[0]['message']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


_UNSEEN_FOCUS = """async () => {
    const still = document.createElement('style');
    still.textContent = '*, *::before, *::after { transition: none !important; animation: none !important }';
    const roots = [document];
    for (const root of roots) {
        (root.head ?? root).append(still.cloneNode(true));
        for (const each of root.querySelectorAll('*')) if (each.shadowRoot) roots.push(each.shadowRoot);
    }
    const around = element => {
        const found = [];
        for (let at = element; at && found.length < 6; at = at.parentElement ?? at.getRootNode().host) found.push(at);
        return [...found, ...(element.labels ?? [])].map(each => [null, '::before', '::after'].map(part => {
            const { outlineStyle, outlineColor, outlineWidth, boxShadow, borderColor, backgroundColor, color, fill,
                stroke, strokeWidth, textDecorationLine } = getComputedStyle(each, part);
            return [outlineStyle, outlineColor, outlineWidth, boxShadow, borderColor, backgroundColor, color, fill,
                stroke, strokeWidth, textDecorationLine].join();
        }).join()).join();
    };
    const wanted = 'a[href], button, input, select, textarea, summary, [tabindex]';
    const wrong = [];
    for (const root of roots) for (const element of root.querySelectorAll(wanted)) {
        if (element.disabled || element.tabIndex < 0) continue;
        if (!element.checkVisibility({ visibilityProperty: true })) continue;
        if (element.type === 'radio' && !element.checked) continue; // the arrow keys come to it
        if (element.matches('[role=radio][aria-checked=false]') || element.matches('[kind=elementToolbar]')) continue;
        document.activeElement?.blur();
        root.activeElement?.blur();
        const before = around(element);
        element.focus({ preventScroll: true });
        const seen = () => root.activeElement === element && around(element) !== before;
        if (!seen()) await new Promise(done => setTimeout(done)); // React draws some rings itself
        if (!seen()) wrong.push(element.outerHTML.slice(0, 160));
    }
    return wrong;
}"""


def unseen_focus(page: Page) -> list[str]:
    """List what takes no focus or does not show that it has it, a line each: no outline, shadow or colour changes."""
    page.keyboard.press("Tab")  # the browser shows the focus to who uses the keyboard
    found: list[str] = page.evaluate(_UNSEEN_FOCUS)
    return found
