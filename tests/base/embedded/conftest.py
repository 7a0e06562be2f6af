"""Data folders for embedded databases."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.base.embedded.processes import processes_of, with_pid_gone


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder, whose processes do not outlive the test."""
    yield tmp_path / "data"
    for pid in processes_of(tmp_path):
        with_pid_gone(pid)


@pytest.fixture
def long_path() -> Iterator[Path]:
    """A data folder whose path has exactly 100 characters."""
    base = mkdtemp(dir="/tmp")
    yield Path(base) / ("x" * (99 - len(base)))
    shutil.rmtree(base)
