"""PostgreSQL refuses root: root lends the server another identity."""

import os
import shutil
from pathlib import Path

import pytest

from crm_core.base.embedded import programs, running
from tests.base.embedded.processes import (
    QUICK,
    ROOT,
    address_of,
    ask,
    holder,
    leave,
    processes_of,
    server_pid,
    tell,
)

pytestmark = pytest.mark.skipif(not ROOT, reason="only root lends the server another identity")


def test_programs_in_a_closed_folder_work(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = closed_programs(tmp_path)
    monkeypatch.setenv("CRM_PG_BIN", str(closed))
    with running(data, settings=QUICK) as cluster:
        assert ask(cluster.url(), "SELECT 1") == 1
        assert (data / "cluster").stat().st_uid == 0


def test_a_container_without_namespaces_works(data: Path, tmp_path: Path) -> None:
    env = {"CRM_PG_BIN": str(closed_programs(tmp_path)), "PATH": str(tools(tmp_path))}
    with holder(data, env) as process:
        assert ask(address_of(process), "SELECT 1") == 1
        assert Path(f"/proc/{server_pid(data)}").stat().st_uid != 0
        assert leave(process) == 0
    assert processes_of(data) == []


def test_a_database_made_in_a_namespace_moves_to_a_container_without(
    data: Path, tmp_path: Path
) -> None:
    with running(data, settings=QUICK) as cluster:
        tell(cluster.url(), "CREATE TABLE kept AS SELECT 7 AS number")
    with holder(data, {"PATH": str(tools(tmp_path))}) as process:
        assert ask(address_of(process), "SELECT number FROM kept") == 7
        assert leave(process) == 0
    with running(data, settings=QUICK) as cluster:
        assert ask(cluster.url(), "SELECT number FROM kept") == 7


def test_the_folder_of_another_account_stays_its_own(data: Path) -> None:
    data.mkdir()
    os.chown(data, 65534, 65534)
    with running(data, settings=QUICK) as cluster:
        assert ask(cluster.url(), "SELECT 1") == 1
        for path in (data, *data.iterdir()):
            assert path.stat().st_uid == 65534


def closed_programs(tmp_path: Path) -> Path:
    """A copy of the programs and their libraries in a folder that only root may enter."""
    folder = programs.find(None).folder
    closed = tmp_path / "closed" / "site"
    closed.parent.mkdir(mode=0o700)
    package = folder.parents[1]
    shutil.copytree(folder.parent, closed / package.name / folder.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, closed / libraries.name, symlinks=True)
    return closed / package.name / folder.parent.name / "bin"


def tools(tmp_path: Path) -> Path:
    """A PATH on which `unshare` is missing, as if the kernel had refused it."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("setpriv", "test"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder
