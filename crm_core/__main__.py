"""The command line: `python -m crm_core --help`."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import click
from pydantic import SecretStr, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from crm_core import bulk, parts
from crm_core.base import logs
from crm_core.base.clock import utc_now
from crm_core.base.database import database, in_database
from crm_core.base.db import reading, transaction
from crm_core.base.embedded import EmbeddedError
from crm_core.base.errors import Invalid, Refusal
from crm_core.base.keys import KeyMissing
from crm_core.base.migrate import DatabaseUnfit, migrate
from crm_core.base.settings import settings
from crm_core.people import directory, service
from crm_core.people.schemas import Actor, Role, StaffCreate, TokenCreate, machine
from crm_core.supervisor import NeverStarted, follow_supervisor
from crm_core.up import CannotStart, sign_in_address
from crm_core.up import run as run_everything

_EXPECTED = (CannotStart, DatabaseUnfit, EmbeddedError, KeyMissing, NeverStarted, Refusal)
_ROLES = click.Choice([role.value for role in Role])
_ROLES_HELP = (
    "Repeatable. viewer: sees all, masked; finance: makes and pays payouts; approver: approves"
    " them; campaigner: drafts campaigns; analyst: reads and exports; admin: people, tokens,"
    " settings."
)


class Sentences(click.Group):
    """Says what is expected to go wrong in one sentence, and ends with 1."""

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except _EXPECTED as error:
            raise click.ClickException(_sentence(error)) from error
        except ValidationError as error:
            raise click.ClickException(_wrong_values(error)) from error
        except DBAPIError as error:
            if error.connection_invalidated or "does not exist" in str(error.orig):
                raise click.ClickException(_database_trouble(error)) from error
            raise


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Operations dashboard for hospital owners: start it, look after it.

    Settings come from the environment and from the file .env; `doctor` says what is missing.
    """
    follow_supervisor()
    logs.configure(settings().crm_log_format)


@main.command()
def up() -> None:
    """Start everything: database, dashboard, API and worker. Ctrl-C stops it."""
    run_everything(click.echo)


@main.command()
def dashboard() -> None:
    """Run the dashboard alone, as a service manager does."""
    parts.run_dashboard()


@main.command()
def api() -> None:
    """Run the API alone."""
    parts.run_api()


@main.command()
def work() -> None:
    """Run one background worker alone; several may run at once."""
    parts.run_worker()


@main.command("migrate")
def migrate_database() -> None:
    """Bring the database to this version. Nothing is lost; running it twice is harmless."""
    with database(say=_note) as urls:
        migrate(urls.owner)
    click.echo("The database is up to date.")


@main.group()
def sample() -> None:
    """Sample data, to try things out."""


@sample.command("load")
def load_sample() -> None:
    """Add the sample owners, payouts and people to an empty database."""
    from seeds import loader

    with database(say=_note) as urls:
        migrate(urls.owner)
        loader.load_sample(urls.owner)
    click.echo("The sample data is loaded.")


@sample.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset_sample(yes: bool) -> None:
    """Throw ALL data away and load the sample data again."""
    from seeds import loader

    if not yes:
        click.confirm("This removes everything in the database. Go on?", abort=True)
    with database(say=_note) as urls:
        migrate(urls.owner)
        loader.reset_sample(urls.owner)
    click.echo("The database holds the sample data again, and nothing else.")


@main.group()
def user() -> None:
    """People who sign in to the dashboard."""


@user.command("create")
@click.argument("email")
@click.option("--name", help="The person's name; otherwise what stands before the @.")
@click.option("--role", "roles", type=_ROLES, multiple=True, required=True, help=_ROLES_HELP)
def create_user(email: str, name: str | None, roles: tuple[str, ...]) -> None:
    """Open an account for EMAIL. The password is read from standard input.

    Example: echo 'a pass phrase' | python -m crm_core user create ada@example.ng --role finance
    """
    data = StaffCreate(
        email=email,
        name=name or email.partition("@")[0],
        roles=[Role(role) for role in roles],
        password=SecretStr(_read_password()),
    )
    with _changing("user create") as session:
        created = service.create_staff(session, data, actor=_actor())
    click.echo(f"{created.email} can sign in as {', '.join(created.roles)}.")


@main.group()
def token() -> None:
    """Tokens with which other systems use the API."""


@token.command("create")
@click.argument("name")
@click.option("--role", "roles", type=_ROLES, multiple=True, required=True, help=_ROLES_HELP)
@click.option("--for", "email", help="The person it acts for, by e-mail address.")
@click.option("--days", type=click.IntRange(1), help="It expires after so many days.")
def create_token(name: str, roles: tuple[str, ...], email: str | None, days: int | None) -> None:
    """Make an API token called NAME and print it, and nothing else. It is shown only once."""
    with _changing("token create") as session:
        person = directory.find_by_email(session, email) if email else None
        data = TokenCreate(
            name=name,
            roles=[Role(role) for role in roles],
            staff_id=person.id if person else None,
            expires_at=utc_now() + timedelta(days=days) if days else None,
        )
        _, secret = service.create_token(session, data, actor=_actor())
    click.echo(secret)


@main.command("sign-in-link", short_help="Print a link that signs a person in, once.")
@click.argument("email")
def sign_in_link(email: str) -> None:
    """Print a link that signs EMAIL in, once and within 15 minutes."""
    with _changing("sign-in-link") as session:
        secret = service.make_sign_in_link(session, email, actor=_actor())
    click.echo(sign_in_address(secret))


@main.command(short_help="Check that the history is whole and the books are right.")
def verify() -> None:
    """Check that the history is whole and that every rule of the books holds.

    Lists what is wrong and ends with 1 where anything is.
    """
    from crm_core.verify import faults

    with in_database(say=_note), reading() as session:
        found = list(faults(session))
    for name, sentence in found:
        click.echo(f"{name}: {sentence}")
    if found:
        sys.exit(1)
    click.echo("Everything holds.")


@main.command()
def doctor() -> None:
    """Look for what is missing, and say what to do about it."""
    from crm_core.doctor import findings

    good = True
    for finding in findings():
        click.echo(f"{'ok  ' if finding.ok else 'FIX '} {finding.text}")
        good = good and finding.ok
    sys.exit(0 if good else 1)


@contextmanager
def _changing(why: str) -> Iterator[Session]:
    with in_database(say=_note), transaction(who=_actor().key, why=why) as session:
        yield session


main.add_command(bulk.generate_patients)
main.add_command(bulk.export_dataset)
main.add_command(bulk.write_snapshot)
main.add_command(bulk.import_patients)
main.add_command(bulk.reconcile_transfers)
main.add_command(bulk.list_erasures)
main.add_command(bulk.erase_again)
main.add_command(bulk.write_backup)
main.add_command(bulk.read_backup)


def _actor() -> Actor:
    return machine(f"command:{getpass.getuser()}")


def _note(sentence: str) -> None:
    """Beside what a command prints, so that a script reads the result alone."""
    click.echo(sentence, err=True)


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Invalid("Give the password on standard input.")
    return password


def _sentence(error: Exception) -> str:
    if isinstance(error, Invalid) and error.problems:
        return " ".join(f"{problem.path}: {problem.message}" for problem in error.problems)
    return str(error)


def _wrong_values(error: ValidationError) -> str:
    wrong = (
        ": ".join([*map(_name_of_setting, one["loc"]), one["msg"].removeprefix("Value error, ")])
        for one in error.errors(include_url=False, include_input=False)
    )
    return "; ".join(wrong)


def _name_of_setting(part: str | int) -> str:
    return str(part).upper()


def _database_trouble(error: DBAPIError) -> str:
    reason = str(error.orig).strip().splitlines()[0]
    return f"The database is not ready ({reason}): run `python -m crm_core migrate`."


if __name__ == "__main__":
    main(prog_name="python -m crm_core")
