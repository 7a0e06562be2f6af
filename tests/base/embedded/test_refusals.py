"""Whatever is missing is said in one sentence that says what to do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from crm_core.base.embedded import EmbeddedError, running
from tests.base.embedded.processes import HOLDER, PROJECT, QUICK, ROOT, processes_of


def test_a_folder_that_cannot_be_written_is_refused_in_a_sentence() -> None:
    folder = Path(mkdtemp(dir="/tmp"))
    folder.chmod(0o555)
    try:
        with (
            as_ordinary_user(),
            pytest.raises(EmbeddedError, match="choose another folder"),
            running(folder, settings=QUICK),
        ):
            pass
    finally:
        folder.rmdir()


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root may write everywhere; for this block it is nobody."""
    if ROOT:
        os.seteuid(65534)
    try:
        yield
    finally:
        if ROOT:
            os.seteuid(0)


def test_a_folder_below_a_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(EmbeddedError, match="choose another folder"),
        running(tmp_path / "file" / "data"),
    ):
        pass


def test_a_path_that_is_too_long_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(EmbeddedError, match="choose a shorter one"),
        running(tmp_path.joinpath(*["x" * 200] * 5)),
    ):
        pass


def test_missing_programs_are_refused_in_a_sentence(
    data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CRM_PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedError, match=r"CRM_PG_BIN=.* correct it"), running(data):
        pass


def test_the_database_of_another_version_is_refused_in_a_sentence(data: Path) -> None:
    with running(data, settings=QUICK):
        pass
    (data / "cluster" / "PG_VERSION").write_text("12\n")
    with (
        pytest.raises(EmbeddedError, match=r"made by PostgreSQL 12 .* pg_dump"),
        running(data, settings=QUICK),
    ):
        pass


def test_a_lost_password_is_refused_in_a_sentence(data: Path) -> None:
    with running(data, settings=QUICK):
        pass
    (data / "password").unlink()
    with (
        pytest.raises(EmbeddedError, match="put it back from a backup"),
        running(data, settings=QUICK),
    ):
        pass


def test_a_wrong_setting_is_refused_in_a_sentence(data: Path) -> None:
    with (
        pytest.raises(EmbeddedError, match=r"max_connections.*postgres\.log and correct"),
        running(data, settings={**QUICK, "max_connections": "many"}),
    ):
        pass
    assert processes_of(data) == []


@pytest.mark.skipif(not ROOT, reason="only root mounts a small disk")
def test_a_full_disk_is_refused_in_a_sentence(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=8m none "$0" && exec "$@"'
    command = [sys.executable, "-c", HOLDER, f"{tmp_path}/data", "fsync=off"]
    answer = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, str(tmp_path), *command],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert "is full: free some space" in answer.stderr
