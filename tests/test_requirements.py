"""What the product imports is what it asks to be installed, and each has its reason."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1]
OURS = {"crm_core", "pages", "seeds", "tests"}


def direct() -> dict[str, Requirement]:
    """What requirements.in names."""
    lines = (PROJECT / "requirements.in").read_text().splitlines()
    wanted = (Requirement(line) for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(one.name): one for one in wanted}


def pinned(file: str) -> dict[str, list[str]]:
    """Name → versions in a lock file; more than one where they depend on the machine."""
    found: dict[str, list[str]] = {}
    for line in re.findall(r"^[^\s#].*==.*$", (PROJECT / file).read_text(), re.MULTILINE):
        one = Requirement(line)
        found.setdefault(canonicalize_name(one.name), []).append(str(one.specifier)[2:])
    return found


def imported() -> Iterator[str]:
    """Top-level names that the product's code imports from elsewhere."""
    folders = (PROJECT / name for name in ("crm_core", "pages", "seeds"))
    for path in (
        PROJECT / "Home.py",
        *(file for folder in folders for file in folder.rglob("*.py")),
    ):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def test_everything_that_is_imported_is_a_direct_requirement() -> None:
    outside = set(imported()) - OURS - set(sys.stdlib_module_names)
    packages = packages_distributions()
    missing = {
        name
        for name in outside
        if not {canonicalize_name(package) for package in packages[name]} & set(direct())
    }
    # pydantic's own core, which comes with it and never apart from it.
    assert missing - {"pydantic_core"} == set()


def test_every_direct_requirement_is_pinned_within_its_range() -> None:
    versions = pinned("requirements.txt")
    for name, wanted in direct().items():
        assert all(wanted.specifier.contains(version) for version in versions[name]), name


def test_tests_run_with_the_versions_that_the_product_runs_with() -> None:
    tests = pinned("requirements-dev.txt")
    assert {name: tests.get(name) for name in pinned("requirements.txt")} == pinned(
        "requirements.txt"
    )


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_names_no_place(file: str) -> None:
    text = (PROJECT / file).read_text()
    assert not re.search(r"https?://|file:|--index|--find-links|^/", text, re.MULTILINE)


def test_every_direct_requirement_has_its_reason() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| ([a-z0-9, -]+) \| (.+) \|$", text, re.MULTILINE)
    explained = {name.strip() for names, _ in rows for name in names.split(",")}
    assert set(direct()) <= explained
