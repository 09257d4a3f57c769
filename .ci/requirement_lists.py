"""Give the package the requirements that pip reads in a checkout, so that each stands in one list.

A heading ``# [NAME] …`` begins the packages of the extra NAME; the extra ``tests`` is all of its file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import chain
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class RequirementLists(MetadataHookInterface):
    """Fill in ``dependencies`` and ``optional-dependencies``; hatchling calls it."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Read both files. The extra ``app`` adds nothing: the plain package opens the app, as a checkout does."""
        required = read_sections(Path(self.root, "requirements.txt"))
        of_tests = read_sections(Path(self.root, "tests", "requirements.txt"))
        metadata["dependencies"] = [*chain(*required.values())]
        metadata["optional-dependencies"] = {
            "app": required["app"],
            "server": of_tests["server"],
            "cluster": of_tests["cluster"],
            "tests": [*chain(*of_tests.values())],
        }


def read_sections(file: Path) -> dict[str, list[str]]:
    """Return the requirements below each heading, without comments; those of no extra are under ""."""
    sections: dict[str, list[str]] = defaultdict(list)
    extra = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = re.match(r"# \[(\w+)\]", line)
            extra = heading[1] if heading else ""
        elif requirement := line.partition("#")[0].strip():
            sections[extra].append(requirement)
    return sections
