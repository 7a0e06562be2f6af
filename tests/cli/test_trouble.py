"""Help, and what a command says where it cannot do its work."""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.cli.commands import Command, run
from tests.conftest import KEYS
from tests.processes import running


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
