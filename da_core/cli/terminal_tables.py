"""Tables and progress bars in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_MOST_NAMES = 12  # in a line


def print_table(header: Iterable[str], rows: list[list[Any]], numbers_from: int | None = None) -> None:
    """Print rows below a header; columns from ``numbers_from`` on are aligned to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for at, name in enumerate(header):
        table.add_column(name, justify="right" if numbers_from is not None and at >= numbers_from else "left")
    for line in rows:
        table.add_row(*map(str, line))
    Console().print(table)


@contextmanager
def progress_bar(title: str, total: float = 1.0) -> Iterator[tuple[Progress, TaskID]]:
    """Show a progress bar with one task on stderr."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        yield bar, bar.add_task(title, total=total)


def print_reading(reading: dict[str, Any]) -> None:
    """Print how the user's own files were understood: label, domain, source → target and features."""
    texts: dict[str, str] = {name: reading[name] for name in ("label", "domain", "text") if name in reading}
    if "source" in reading:
        texts["source → target"] = f"{reading['source']} → {reading['target']}"
    if features := reading.get("features"):
        texts["features"] = ", ".join(features[:_MOST_NAMES]) + (" …" if len(features) > _MOST_NAMES else "")
    for name, text in texts.items():
        print(f"{name}: {text}")
