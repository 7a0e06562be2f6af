"""The server is private, and is where and what it was asked to be."""

from pathlib import Path

import psycopg
import pytest

from crm_core.base.embedded import Cluster, EmbeddedError, running, server
from tests.base.embedded.processes import QUICK, ask


def test_a_path_of_100_characters_works(long_path: Path) -> None:
    assert len(str(long_path)) == 100
    with running(long_path, settings=QUICK) as cluster:
        sockets = cluster.socket_dir
        assert ask(cluster.url(), "SELECT 1") == 1
        assert sockets.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()


def test_a_socket_folder_of_somebody_else_is_refused(long_path: Path) -> None:
    with running(long_path, settings=QUICK) as cluster:
        sockets = cluster.socket_dir
    sockets.mkdir(mode=0o777)
    sockets.chmod(0o777)
    with pytest.raises(EmbeddedError, match="remove it"), running(long_path, settings=QUICK):
        pass


def test_a_path_with_blanks_commas_and_quotes_works(tmp_path: Path) -> None:
    with running(tmp_path / "the \"old\" one, O'Neil's", settings=QUICK) as cluster:
        assert ask(cluster.url(), "SELECT 1") == 1


def test_nobody_enters_without_a_password_or_by_the_network(data: Path) -> None:
    with running(data, settings=QUICK) as cluster:
        for secret in (None, "wrong"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(cluster.url(), password=secret or "")
        assert ask(cluster.url(), "SHOW listen_addresses") == ""
        open_doors = "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'"
        assert ask(cluster.url(), open_doors) == 0
        assert (data / "password").stat().st_mode & 0o777 == 0o600
        assert cluster.socket_dir.stat().st_mode & 0o777 == 0o700
        assert cluster.password not in repr(cluster)


def test_addresses_of_other_roles_carry_only_their_own_password() -> None:
    cluster = Cluster(Path("/d"), Path("/d/a b"), "secret")
    assert cluster.url() == "postgresql://crm_admin:secret@/postgres?host=%2Fd%2Fa%20b&port=5432"
    assert cluster.url(user="clerk", database="crm").startswith("postgresql://clerk@/crm?")
    assert cluster.url(user="clerk", password="p@ss").startswith("postgresql://clerk:p%40ss@/")


def test_the_database_is_utf8_with_checksums(data: Path) -> None:
    with running(data, settings=QUICK) as cluster:
        assert ask(cluster.url(), "SHOW server_encoding") == "UTF8"
        assert ask(cluster.url(), "SHOW data_checksums") == "on"
        assert ask(cluster.url(), "SELECT lower('ỌLÁ')") == "ọlá"


def test_waiting_is_said(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_REPORT_SECONDS", 0.0)
    said: list[str] = []
    with running(data, settings=QUICK, say=said.append):
        assert "this happens once" in said[0]
        assert any("not ready yet" in sentence for sentence in said)


def test_a_large_log_is_put_aside_at_the_start(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_LOG_LIMIT", 10)
    for _ in range(2):
        with running(data, settings=QUICK):
            pass
    assert (data / "postgres.log").read_text().count("database system is ready") == 1
    assert (data / "postgres.log.1").read_text().count("database system is ready") == 1
