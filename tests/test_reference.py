"""What README and the pages that it links to say agrees with the code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from da_core.data.sources import sources
from da_core.methods import methods
from da_core.teaching import reference

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
PAGES = [*READMES, ROOT / "CHANGELOG.md", ROOT / ".github" / "CONTRIBUTING.md", *reference.FOLDER.glob("*.md")]
"""What somebody reads who has not started the app yet."""


@pytest.mark.parametrize(
    ("name", "page"),
    reference.PAGES.items(),
    ids=list(reference.PAGES),
)
def test_a_reference_page_is_what_its_command_writes(name: str, page: Callable[[], str]) -> None:
    written = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert written == page(), f"assets/reference/{name} is behind the registry; run “{reference.COMMAND}”."


def measured(page: str) -> list[str]:
    text = (reference.FOLDER / page).read_text(encoding="utf-8")
    return re.findall(r"^\| ([^|]+) \| (?:[\d.]+ \(|–)", text, re.MULTILINE)


def test_every_method_has_a_measured_row_and_of_the_webcams_that_we_may_not_ship_only_known_ones() -> None:
    titles = sorted(method.title for method in methods().values())
    assert sorted(measured("results_street.md")) == titles
    webcams = measured("results_webcams.md")
    assert len(webcams) == len(set(webcams)) > 0
    assert set(webcams) <= set(titles)


def test_links_files_and_modules_of_pages_exist() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)|(?:src|srcset)=\"([^\"]+)\"", text)
        for link in filter(None, (first or second for first, second in links)):
            assert "://" in link or (page.parent / link).exists(), f"{page.name} links to {link}"
        modules = (module.replace(".", "/") + ".py" for module in re.findall(r"-m (tests(?:\.\w+)+)", text))
        for path in [*re.findall(r"(?:tests|da_core|assets)/[\w/]+\.\w+", text), *modules]:
            assert (ROOT / path).exists(), f"{page.name} names {path}"


def test_readme_fits_on_a_few_screens() -> None:
    for page in READMES:
        lines = page.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 120
        assert max(map(len, lines)) <= 160, page.name


def test_what_our_code_makes_has_our_licence() -> None:
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert all("MIT" in sources()[name].licence for name in ("street", "moons", "sentiment", "ratings", "hillside"))
