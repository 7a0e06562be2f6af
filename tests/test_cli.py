"""The command line: what it does, what it prints, and what it says where it cannot."""

import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from crm_core import __main__ as command_line
from crm_core.base import logs
from crm_core.base.clock import utc_now
from crm_core.base.db import SessionFactory, reading, transaction
from crm_core.people import queries
from crm_core.people.schemas import Role
from crm_core.verify import CHECKS
from tests.conftest import KEYS
from tests.make import make_staff
from tests.processes import running

Command = Callable[..., Result]


@pytest.fixture
def command(
    own_database: str, set_environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """``command("user", "create", …)`` on a database of the test's own."""
    set_environment(DATABASE_URL=own_database)
    # In one process with the tests, whose own logging must stay.
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    return run


def run(*words: str, said: str | None = None) -> Result:
    """One command, with what it finds on standard input."""
    bind = SessionFactory.kw.get("bind")
    result = CliRunner().invoke(command_line.main, words, input=said)
    SessionFactory.configure(bind=bind)
    return result


def create_ada(command: Command, *roles: str) -> Result:
    options = [word for role in roles or ("viewer",) for word in ("--role", role)]
    return command("user", "create", "Ada@Example.ng", *options, said="a long pass phrase\n")


def test_help_names_every_command_in_a_sentence() -> None:
    result = run("--help")
    for name in ("up", "migrate", "sample", "user", "token", "sign-in-link", "verify", "doctor"):
        assert f"  {name} " in result.output
    assert "..." not in result.output.partition("Commands:")[2]


def test_help_needs_nothing_to_be_set_up(tmp_path: Path) -> None:
    missing: Mapping[str, str] = {"DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    with running(["-m", "crm_core", "token", "create", "--help"], tmp_path, missing) as process:
        assert process.process.wait(60) == 0
    assert "Usage: python -m crm_core token create" in process.said


class TestAccounts:
    def test_an_account_is_opened_with_its_password_and_roles(self, command: Command) -> None:
        result = create_ada(command, "finance", "viewer")
        assert result.output == "ada@example.ng can sign in as finance, viewer.\n"
        with reading() as session:
            name, password, roles = session.execute(
                text("SELECT name, password_hash, roles FROM crm_staff")
            ).one()
        assert (name, roles) == ("Ada", ["finance", "viewer"])
        assert password.startswith("$argon2id$")

    def test_the_history_says_who_ran_the_command(self, command: Command) -> None:
        create_ada(command)
        with reading() as session:
            who, why = session.execute(
                text("SELECT who, why FROM crm_history WHERE table_name = 'crm_staff'")
            ).one()
        assert who.startswith("command:")
        assert why == "user create"

    def test_an_address_has_one_account(self, command: Command) -> None:
        create_ada(command)
        result = create_ada(command)
        assert (result.exit_code, result.output) == (
            1,
            "Error: ada@example.ng has an account already.\n",
        )

    def test_an_account_without_a_password_is_refused(self, command: Command) -> None:
        result = command("user", "create", "ada@example.ng", "--role", "viewer", said="")
        assert (result.exit_code, result.output) == (
            1,
            "Error: Give the password on standard input.\n",
        )

    def test_an_address_that_is_none_is_refused_by_its_field(self, command: Command) -> None:
        result = command("user", "create", "ada", "--role", "viewer", said="a long pass phrase\n")
        assert result.exit_code == 1
        assert result.output.startswith("Error: EMAIL: ")
        assert "pass phrase" not in result.output

    def test_an_unknown_role_is_refused_with_those_there_are(self, command: Command) -> None:
        result = command("user", "create", "ada@example.ng", "--role", "king", said="x\n")
        assert result.exit_code == 2
        assert "'approver'" in result.output


class TestTokens:
    def test_the_token_is_printed_alone_and_works(self, command: Command) -> None:
        result = command("token", "create", "Ledger", "--role", "viewer", "--role", "finance")
        (secret,) = result.output.splitlines()
        with transaction(who="test") as session:
            actor = queries.actor_of_token(session, secret)
        assert actor is not None
        assert actor.roles == {Role.VIEWER, Role.FINANCE}
        assert actor.person == actor.key

    def test_it_acts_for_the_person_it_is_made_for(self, command: Command) -> None:
        create_ada(command)
        options = ("--role", "viewer", "--for", "ADA@example.ng")
        secret = command("token", "create", "Ledger", *options).output.strip()
        with transaction(who="test") as session:
            actor = queries.actor_of_token(session, secret)
        assert actor is not None
        assert actor.person.startswith("staff:")

    def test_nobody_s_token_is_refused(self, command: Command) -> None:
        options = ("--role", "viewer", "--for", "eve@example.ng")
        result = command("token", "create", "Ledger", *options)
        assert (result.exit_code, result.output) == (
            1,
            "Error: Nobody has an account with the address eve@example.ng.\n",
        )

    def test_it_expires_after_so_many_days(self, command: Command) -> None:
        command("token", "create", "Ledger", "--role", "viewer", "--days", "3")
        with reading() as session:
            ends = session.execute(text("SELECT expires_at FROM crm_api_tokens")).scalar_one()
        assert 2.9 < (ends - utc_now()).total_seconds() / 86_400 <= 3


class TestSignInLinks:
    def test_the_link_is_printed_alone_and_opens_the_account(self, command: Command) -> None:
        create_ada(command)
        (link,) = command("sign-in-link", "ada@example.ng").output.splitlines()
        address, _, secret = link.partition("?token=")
        assert address == "http://localhost:8501/auth/link"
        with reading() as session:
            assert queries.person_of_link(session, secret) == "Ada"

    def test_it_has_the_address_that_people_type(
        self, command: Command, set_environment: Callable[..., None], own_database: str
    ) -> None:
        create_ada(command)
        set_environment(DATABASE_URL=own_database, CRM_PUBLIC_URL="https://ops.example.ng/")
        result = command("sign-in-link", "ada@example.ng")
        assert result.output.startswith("https://ops.example.ng/auth/link?token=")

    def test_nobody_gets_none(self, command: Command) -> None:
        result = command("sign-in-link", "eve@example.ng")
        assert result.exit_code == 1
        assert result.output.startswith("Error: Nobody with the address eve@example.ng")


class TestVerify:
    def test_it_says_that_everything_holds(self, command: Command) -> None:
        create_ada(command)
        result = command("verify")
        assert (result.exit_code, result.output) == (0, "Everything holds.\n")

    def test_it_names_the_first_broken_row(self, command: Command, own_database: str) -> None:
        with transaction(who="job:seal") as session:
            make_staff(session, Role.VIEWER)
        with transaction(who="job:seal") as session:
            session.execute(text("SELECT crm_history_seal()"))
        with psycopg.connect(own_database) as intruder:
            intruder.execute("SET session_replication_role = replica")
            intruder.execute("UPDATE crm_history SET who = 'x' WHERE table_name = 'crm_staff'")
            row = intruder.execute("SELECT id FROM crm_history WHERE who = 'x'").fetchone()
        assert row is not None
        result = command("verify")
        assert result.exit_code == 1
        assert result.output.startswith(f"history: history row {row[0]} (seal 1) was altered")

    def test_every_broken_rule_is_listed(
        self, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_: Any) -> Iterator[str]:
            yield "owner 7 has two lives"
            yield "owner 8, too"

        monkeypatch.setitem(CHECKS, "owners", broken)
        result = command("verify")
        assert result.exit_code == 1
        assert result.output == "owners: owner 7 has two lives\nowners: owner 8, too\n"


class TestSampleData:
    def test_it_is_loaded_into_an_empty_database(self, command: Command) -> None:
        result = command("sample", "load")
        assert (result.exit_code, result.output) == (0, "The sample data is loaded.\n")
        with reading() as session:
            assert session.execute(text("SELECT count(*) FROM crm_owners")).scalar() == 3
        assert command("verify").output == "Everything holds.\n"

    def test_it_is_not_loaded_over_what_is_there(self, command: Command) -> None:
        command("sample", "load")
        result = command("sample", "load")
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")

    def test_a_reset_asks_first(self, command: Command) -> None:
        create_ada(command)
        result = command("sample", "reset", said="n\n")
        assert result.exit_code == 1
        with reading() as session:
            assert session.execute(text("SELECT count(*) FROM crm_staff")).scalar() == 1

    def test_a_reset_leaves_the_sample_data_and_nothing_else(self, command: Command) -> None:
        command("sample", "load")
        create_ada(command)
        result = command("sample", "reset", "--yes")
        assert result.exit_code == 0, result.output
        ada = text("SELECT count(*) FROM crm_staff WHERE email = 'ada@example.ng'")
        with reading() as session:
            assert session.execute(ada).scalar() == 0
            assert session.execute(text("SELECT count(*) FROM crm_owners")).scalar() == 3


class TestTrouble:
    """Whatever is wrong outside is one sentence that says what to do."""

    def test_migrating_brings_an_empty_database_up_to_date(
        self, empty_database: str, command: Command, set_environment: Callable[..., None]
    ) -> None:
        set_environment(DATABASE_URL=empty_database)
        assert command("migrate").output == "The database is up to date.\n"
        assert command("verify").exit_code == 0

    def test_a_database_that_was_never_migrated(
        self, empty_database: str, command: Command, set_environment: Callable[..., None]
    ) -> None:
        set_environment(DATABASE_URL=empty_database)
        result = command("sign-in-link", "ada@example.ng")
        assert result.exit_code == 1
        assert result.output.endswith("run `python -m crm_core migrate`.\n")

    def test_a_database_that_does_not_answer(
        self, command: Command, set_environment: Callable[..., None]
    ) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
            set_environment(DATABASE_URL=f"postgresql://crm:hidden-word@127.0.0.1:{port}/crm")
            result = command("verify")
        assert result.exit_code == 1
        assert result.output.startswith("Error: The database crm on 127.0.0.1 cannot be reached (")
        assert len(result.output.splitlines()) == 1
        assert "hidden-word" not in result.output

    def test_an_address_that_is_none(
        self, command: Command, set_environment: Callable[..., None]
    ) -> None:
        set_environment(DATABASE_URL="mysql://db/crm")
        result = command("verify")
        assert result.exit_code == 1
        assert result.output.startswith("Error: DATABASE_URL is not an address: write postgresql:")

    def test_a_setting_that_cannot_be(
        self, command: Command, set_environment: Callable[..., None]
    ) -> None:
        set_environment(CRM_API_PORT="many")
        result = command("verify")
        assert result.exit_code == 1
        assert result.output.startswith("Error: CRM_API_PORT: ")


class TestDoctor:
    def test_it_finds_nothing_missing_where_nothing_is(self, command: Command) -> None:
        result = command("doctor")
        lines = result.output.splitlines()
        assert all(line.startswith(("ok   ", "FIX  Port")) for line in lines), result.output
        assert any("migrations are there" in line for line in lines)
        assert any("requirements are installed" in line for line in lines)

    def test_it_says_what_to_do_about_each_thing_that_is_missing(
        self, tmp_path: Path, command: Command, set_environment: Callable[..., None]
    ) -> None:
        (tmp_path / "file").touch()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            set_environment(
                DATABASE_URL="postgresql://127.0.0.1:1/crm",
                CRM_DATA_DIR=str(tmp_path / "file" / "data"),
                CRM_API_PORT=port,
                CRM_SESSION_KEY=None,
            )
            result = command("doctor")
        wrong = [line for line in result.output.splitlines() if line.startswith("FIX")]
        assert result.exit_code == 1
        assert any("set CRM_DATA_DIR" in line for line in wrong)
        assert any(f"Port {port} is taken" in line for line in wrong)
        assert any("correct DATABASE_URL" in line for line in wrong)
        assert any("Set CRM_SESSION_KEY" in line for line in wrong)

    def test_it_sees_missing_migrations(
        self, empty_database: str, command: Command, set_environment: Callable[..., None]
    ) -> None:
        set_environment(DATABASE_URL=empty_database)
        assert "run `python -m crm_core migrate`" in command("doctor").output


def test_commands_use_the_embedded_database_where_none_is_named(tmp_path: Path) -> None:
    own: Mapping[str, str] = {"CRM_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": "", **KEYS}
    said = ""
    for words in (["migrate"], ["verify"], ["doctor"]):
        with running(["-m", "crm_core", *words], tmp_path, own) as process:
            process.process.wait(60)
        said += process.said
    assert "The database is up to date." in said
    assert "Everything holds." in said
    assert "migrations are there" in said
    assert "Traceback" not in said
    assert not (tmp_path / "data/cluster/postmaster.pid").exists()
