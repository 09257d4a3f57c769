"""What ``.github/SECURITY.md`` says: each threat has its test, packages are pinned, known holes in them are found."""

from __future__ import annotations

import ast
import json
import re
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support import dependency_audit

ROOT = Path(__file__).parents[1]
POLICY = ROOT / ".github" / "SECURITY.md"
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"


def test_every_threat_names_tests_that_there_are() -> None:
    rows = [line for line in POLICY.read_text(encoding="utf-8").splitlines() if re.match(r"\| (?!Threat )", line)]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for path, name in named:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{path}::{name}"


def test_every_package_is_pinned_with_hashes_and_no_place_is_named() -> None:
    text = CONSTRAINTS.read_text(encoding="utf-8")
    assert "://" not in text
    assert "/" not in re.sub(r"(?m)^\s*#.*$", "", text), "no path of a machine"
    entries = re.findall(r"(?m)^([\w.-]+)==([\w.!]+)[^\n\\]*((?: \\\n +--hash=sha256:[0-9a-f]{64})+)$", text)
    pinned = {canonicalize_name(name): version for name, version, _hashes in entries}
    assert len(pinned) == len(re.findall(r"(?m)^\w", text)), "each line is a version with hashes"
    wanted = [
        Requirement(line.partition("#")[0])
        for file in ("requirements.txt", "tests/requirements.txt")
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
        if line.partition("#")[0].strip()
    ]
    assert not [one.name for one in wanted if canonicalize_name(one.name) not in pinned]
    assert not [one for one in wanted if not one.specifier.contains(pinned[canonicalize_name(one.name)], True)]


# The audit of packages -----------------------------------------------------------------------------------------------


def advisory(**affected: object) -> dict[str, object]:
    package = {"ecosystem": "PyPI", "name": "Some_Package"}
    return {"id": "PYSEC-0", "summary": "It leaks.", "affected": [{"package": package, **affected}]}


def ecosystem(*events: dict[str, str]) -> dict[str, object]:
    return {"ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}


@pytest.mark.parametrize(
    ("affected", "versions"),
    [
        (ecosystem({"introduced": "0"}, {"fixed": "1.10"}), "1.0 1.9"),
        (ecosystem({"introduced": "1.9"}, {"last_affected": "1.10"}), "1.9 1.10"),
        (ecosystem({"introduced": "0"}, {"fixed": "1.9"}, {"introduced": "1.11"}), "1.0 1.11"),
        (ecosystem({"introduced": "1.10"}), "1.10 1.11"),
        ({"versions": ["1.9"]}, "1.9"),
        ({"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}, ""),
    ],
)
def test_an_advisory_is_about_just_these_versions(affected: dict[str, object], versions: str) -> None:
    found = [
        version
        for version in ("1.0", "1.9", "1.10", "1.11")
        if dependency_audit.findings({"some-package": version}, iter([advisory(**affected)]))
    ]
    assert found == versions.split()


def test_a_planted_advisory_is_found_and_a_withdrawn_one_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = advisory(**ecosystem({"introduced": "0"}))
    planted["affected"][0]["package"]["name"] = "Pytest"  # type: ignore[index]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("PYSEC-0.json", json.dumps(planted))
        archive.writestr("PYSEC-1.json", json.dumps({**planted, "id": "PYSEC-1", "withdrawn": "2026-01-01T00:00:00Z"}))
    assert dependency_audit.main([str(tmp_path / "all.zip")]) == 1
    assert re.search(rf"pytest {pytest.__version__}: PYSEC-0 It leaks.\n\d+ packages, 1 adv", capsys.readouterr().out)
