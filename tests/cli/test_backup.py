"""A backup is restored elsewhere, and the house is whole there: keys, history, people, money."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from crm_core.base.database import in_database
from crm_core.base.db import reading, transaction
from crm_core.base.history import seal
from crm_core.owners import service as owners
from crm_core.owners.schemas import OwnerUpdate
from crm_core.people import service as people
from crm_core.people.schemas import machine
from tests.base.embedded.processes import processes_of, with_pid_gone
from tests.cli.commands import Command, create_ada, run
from tests.make_business import FINANCE, GOOD_ACCOUNT, make_owner
from tests.make_messages import make_message
from tests.make_patients import make_patient

OTHER_KEY = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyMTI="


@pytest.fixture
def house(command: Command, own_database: str) -> int:
    """Ada, who signs in; an owner with an account; a message that waits; half of it sealed."""
    create_ada(command, "admin")
    with transaction(who="command:test") as session:
        owner = make_owner(session)
        seal(session)
    with transaction(who="command:test") as session:
        make_message(session, make_patient(session).id)
    return owner.id


@pytest.fixture
def elsewhere(
    house: int, empty_database: str, set_environment: Callable[..., None]
) -> Callable[..., None]:
    """``elsewhere()``: from then on commands use the empty database."""
    return lambda **more: set_environment(DATABASE_URL=empty_database, **more)


def test_what_was_there_at_the_backup_is_there_after_the_restore(
    command: Command, house: int, elsewhere: Callable[..., None], tmp_path: Path
) -> None:
    file = tmp_path / "house.backup"
    assert "Keep the two keys" in command("backup", str(file)).output
    with transaction(who="command:test") as session:
        owners.update_owner(session, house, OwnerUpdate(first_name="Later"), actor=FINANCE)
    elsewhere()

    restored = command("restore", str(file))

    assert restored.exit_code == 0, restored.output
    assert command("verify").output == "Everything holds.\n"
    with in_database(say=print), reading() as session:
        assert session.execute(text("SELECT first_name FROM crm_owners")).scalars().all() == ["Ada"]
        kept = session.execute(text("SELECT state, count(*) FROM crm_channel_health GROUP BY 1"))
        assert list(map(tuple, kept)) == [("paused", 3)]


def test_after_a_restore_people_sign_in_numbers_are_read_and_the_chain_goes_on(
    command: Command, house: int, elsewhere: Callable[..., None], tmp_path: Path
) -> None:
    command("backup", str(tmp_path / "house.backup"))
    elsewhere()
    command("restore", str(tmp_path / "house.backup"))

    with in_database(say=print):
        with transaction(who="command:test") as session:
            attempt = people.begin_sign_in(session, "ada@example.ng")
            whole = owners.reveal_identity(
                session, house, why="restored", actor=machine("command:test")
            )
            signed_in = people.complete_sign_in(session, attempt, user_agent="test")
        assert signed_in
        assert whole["account_number"] == GOOD_ACCOUNT.account_number
        with transaction(who="command:test") as session:
            assert seal(session).rows > 0
    assert command("verify").output == "Everything holds.\n"


def test_nobody_is_signed_in_any_more(
    command: Command, house: int, elsewhere: Callable[..., None], tmp_path: Path
) -> None:
    with transaction(who="command:test") as session:
        ada = session.execute(text("SELECT id FROM crm_staff")).scalar_one()
        people.open_session(session, ada, method="password", user_agent="test")
    command("backup", str(tmp_path / "house.backup"))
    elsewhere()

    command("restore", str(tmp_path / "house.backup"))

    with in_database(say=print), reading() as session:
        open_ones = "SELECT count(*) FROM crm_sessions WHERE revoked_at IS NULL"
        assert session.execute(text(open_ones)).scalar() == 0


def test_a_database_in_use_is_not_restored_over(
    command: Command, house: int, tmp_path: Path
) -> None:
    command("backup", str(tmp_path / "house.backup"))

    refused = command("restore", str(tmp_path / "house.backup"))

    assert refused.exit_code == 1
    assert "This database is in use" in refused.output
    assert command("verify").output == "Everything holds.\n"


def test_a_backup_overwrites_nothing_and_leaves_no_half_of_itself(
    command: Command, house: int, tmp_path: Path
) -> None:
    file = tmp_path / "house.backup"
    file.write_text("precious")

    assert "is there already" in command("backup", str(file)).output

    assert file.read_text() == "precious"
    assert [each.name for each in tmp_path.iterdir()] == ["house.backup"]


def test_a_broken_file_leaves_the_database_empty(
    command: Command, elsewhere: Callable[..., None], empty_database: str, tmp_path: Path
) -> None:
    file = tmp_path / "house.backup"
    command("backup", str(file))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elsewhere()

    refused = command("restore", str(file))

    assert refused.exit_code == 1
    assert "pg_restore failed" in refused.output
    with psycopg.connect(empty_database) as connection:
        found = connection.execute("SELECT to_regclass('public.crm_staff')").fetchone()
    assert found == (None,)


def test_another_key_is_said_at_once(
    command: Command, elsewhere: Callable[..., None], tmp_path: Path
) -> None:
    command("backup", str(tmp_path / "house.backup"))
    elsewhere(CRM_ENCRYPTION_KEY=OTHER_KEY)

    refused = command("restore", str(tmp_path / "house.backup"))

    assert refused.exit_code == 1
    assert "the encryption key is not the one" in refused.output


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two data folders, whose servers do not outlive the test."""
    yield tmp_path / "first", tmp_path / "second"
    for pid in processes_of(tmp_path):
        with_pid_gone(pid)


@pytest.mark.timeout(300)
def test_an_embedded_database_is_restored_in_a_fresh_folder_with_its_keys(
    folders: tuple[Path, Path], set_environment: Callable[..., None], tmp_path: Path
) -> None:
    first, second = folders
    keyless = dict.fromkeys(("DATABASE_URL", "CRM_ENCRYPTION_KEY", "CRM_SESSION_KEY"))
    set_environment(CRM_DATA_DIR=str(first), **keyless)
    assert run("sample", "load").exit_code == 0
    assert run("backup", str(tmp_path / "house.backup")).exit_code == 0
    set_environment(CRM_DATA_DIR=str(second), **keyless)

    without = run("restore", str(tmp_path / "house.backup"))
    assert "Put encryption.key and session.key" in without.output
    second.mkdir()
    for name in ("encryption.key", "session.key"):
        shutil.copy(first / name, second / name)
    restored = run("restore", str(tmp_path / "house.backup"))

    assert restored.exit_code == 0, restored.output
    assert run("verify").output.endswith("Everything holds.\n")
