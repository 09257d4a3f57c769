"""Look the installed packages up among known vulnerabilities, without asking anybody.

python -m tests.support.dependency_audit ADVISORIES

ADVISORIES is a zip or a folder of records in the Open Source Vulnerability format (https://ossf.github.io/osv-schema/),
such as the database of PyPI that osv.dev gives away as one file; carry it to where there is no network.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version


class Finding(NamedTuple):
    """An advisory that is about an installed version."""

    package: str
    version: str
    advisory: str
    summary: str


def installed() -> dict[str, str]:
    """List the packages of this environment and their versions, without what a build has added to one (“+cpu”)."""
    return {canonicalize_name(one.name): one.version.partition("+")[0] for one in distributions() if one.name}


def advisories(place: Path) -> Iterator[Mapping[str, Any]]:
    """Read all records of a zip or a folder. Raises `ValueError` for an empty one: silence would look like health."""
    count = 0
    for count, text in enumerate(_texts(place), start=1):  # noqa: B007  # it is looked at behind the loop
        yield json.loads(text)
    if count == 0:
        raise ValueError(f"{place} holds no advisories (*.json)")


def findings(packages: Mapping[str, str], known: Iterator[Mapping[str, Any]]) -> list[Finding]:
    """Find the advisories that are about one of these packages in this version, and were not withdrawn."""
    found = []
    for advisory in known:
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", ()):
            package = affected.get("package", {})
            name = canonicalize_name(package.get("name", ""))
            if package.get("ecosystem") == "PyPI" and name in packages and _is_affected(packages[name], affected):
                found.append(Finding(name, packages[name], advisory["id"], advisory.get("summary", "")))
    return sorted(set(found))


def _texts(place: Path) -> Iterator[bytes]:
    if place.is_dir():
        yield from (path.read_bytes() for path in sorted(place.rglob("*.json")))
        return
    with zipfile.ZipFile(place) as archive:
        yield from (archive.read(name) for name in archive.namelist() if name.endswith(".json"))


def _is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    if version in affected.get("versions", ()):
        return True
    ranges = [one["events"] for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM"]
    return any(_is_within(Version(version), events) for events in ranges)


def _is_within(version: Version, events: list[Mapping[str, str]]) -> bool:
    """Evaluate the events of a range in their order, as the format's own algorithm does."""
    within = False
    for event in sorted(events, key=_of_event):
        at = _of_event(event)
        if "introduced" in event and version >= at:
            within = True
        if ("fixed" in event and version >= at) or ("last_affected" in event and version > at):
            within = False
    return within


def _of_event(event: Mapping[str, str]) -> Version:
    text = next(iter(event.values()))
    try:
        return Version(text)
    except InvalidVersion:  # of long ago; before all that can be installed
        return Version("0")


def main(arguments: list[str]) -> int:
    """Print what was found; return 1 if that is anything."""
    packages = installed()
    found = findings(packages, advisories(Path(arguments[0])))
    for one in found:
        print(f"{one.package} {one.version}: {one.advisory} {one.summary}".rstrip())
    print(f"{len(packages)} packages, {len(found)} advisories")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
