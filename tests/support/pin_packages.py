"""Write ``.ci/constraints.txt``: every package that the app and its tests need, in one version, with all its hashes.

python -m tests.support.pin_packages [options of pip, such as -c tested.txt]

It wants pip-tools. Of each version the hashes of all files are written, as the index tells them, so that they hold on
every platform; which packages there are is what pip chooses on this one. A place that is not the index (an own folder
of wheels) would put versions of its own there, so pip's settings are left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILE = ROOT / ".ci" / "constraints.txt"
REQUIREMENTS = ("requirements.txt", "tests/requirements.txt")
HEAD = "# Made by “python -m tests.support.pin_packages”; .github/SECURITY.md says what for.\n"


def chosen(options: list[str]) -> dict[str, str]:
    """Ask pip which versions it would install into an empty environment."""
    from packaging.utils import canonicalize_name

    files = [part for name in REQUIREMENTS for part in ("-r", str(ROOT / name))]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        ask = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--report", str(report)]
        subprocess.run([*ask, *files, *options], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {canonicalize_name(one["metadata"]["name"]): one["metadata"]["version"] for one in found}


def hashes(index: Any, name: str, version: str) -> list[str]:
    """List the hashes of all files of a version. Raises `ValueError` where the index tells none of one of them."""
    from pip._internal.req.constructors import install_req_from_line

    wanted = install_req_from_line(f"{name}=={version}")
    links = [candidate.link for candidate in index._get_matching_candidates(wanted)]
    if not links or any(link.hash_name != "sha256" or link.is_file for link in links):
        raise ValueError(f"{name} {version} has files without a hash")
    return sorted({link.hash for link in links})


def main(options: list[str]) -> None:
    """Write the file anew."""
    from piptools.repositories import PyPIRepository

    with tempfile.TemporaryDirectory() as cache:
        index = PyPIRepository(["--no-input"], cache_dir=cache)
        lines = []
        with index.allow_all_wheels():
            for name, version in sorted(chosen(options).items()):
                sums = hashes(index, name, version)
                lines.append(" \\\n    ".join([f"{name}=={version}", *(f"--hash=sha256:{one}" for one in sums)]))
    FILE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ["PIP_CONFIG_FILE"] = os.devnull
    os.environ.pop("PIP_FIND_LINKS", None)
    main(sys.argv[1:])
