"""Verifying, and sample data, from the command line."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from crm_core.base.db import reading, transaction
from crm_core.people.schemas import Role
from crm_core.verify import CHECKS
from tests.cli.commands import Command, create_ada
from tests.make import make_staff


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
        # Who was signed in is signed out: somebody has to be able to come in again.
        assert command("sign-in-link", "admin@crm.local").exit_code == 0
