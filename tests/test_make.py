"""The Makefile: what is missing on a new machine is said in one sentence."""

import os
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
MAKEFILE = (PROJECT / "Makefile").read_text()


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """`make` with these words, apart from the one that may have started the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *words], cwd=PROJECT, capture_output=True, text=True, env=clean, check=False
    )


def make_python(folder: Path, script: str) -> str:
    """An interpreter that is a shell script; what it is asked stands in ``$2``."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("exit 1", "is older than Python 3.11: name a newer one"),
        ('case "$2" in *venv*) exit 1;; esac', "lacks its venv module: install it"),
    ],
)
def test_an_interpreter_that_will_not_do(tmp_path: Path, script: str, sentence: str) -> None:
    python = make_python(tmp_path, script)
    result = make("install", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}")
    assert result.returncode != 0
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"{python} {sentence}")
    assert not (tmp_path / "venv").exists()


def test_an_interpreter_that_is_not_there(tmp_path: Path) -> None:
    result = make("install", "PYTHON=no-such-python", f"VENV={tmp_path / 'venv'}")
    assert result.returncode != 0
    assert result.stdout.startswith("no-such-python is not there: install Python 3.11 or newer")


def test_help_is_the_default_and_lists_every_target() -> None:
    targets = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert targets is not None
    listed = re.findall(r"^make ([a-z]+) +\S", make().stdout, re.MULTILINE)
    assert sorted(listed) == sorted(targets[1].split())


@pytest.mark.parametrize(
    ("target", "stamp", "file"),
    [
        ("run", ".installed", "requirements.txt"),
        ("test", ".installed-dev", "requirements-dev.txt"),
    ],
)
def test_changed_requirements_are_installed_before_anything_runs(
    tmp_path: Path, target: str, stamp: str, file: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pip").touch()
    (tmp_path / stamp).touch()
    fresh = make("--dry-run", target, f"VENV={tmp_path}").stdout
    stale = make("--dry-run", f"--what-if={file}", target, f"VENV={tmp_path}").stdout
    assert "pip" not in fresh
    assert f"install -r {file}" in stale
