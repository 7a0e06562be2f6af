"""Accounts, tokens and sign-in links from the command line."""

from collections.abc import Callable

from sqlalchemy import text

from crm_core.base.clock import utc_now
from crm_core.base.db import reading, transaction
from crm_core.people import queries
from crm_core.people.schemas import Role
from tests.cli.commands import Command, create_ada


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
