"""Running a command and reading what it printed."""

from collections.abc import Callable

from click.testing import CliRunner, Result

from crm_core import __main__ as command_line
from crm_core.base.db import SessionFactory

Command = Callable[..., Result]


def run(*words: str, said: str | None = None) -> Result:
    """One command, with what it finds on standard input."""
    bind = SessionFactory.kw.get("bind")
    result = CliRunner().invoke(command_line.main, words, input=said)
    SessionFactory.configure(bind=bind)
    return result


def create_ada(command: Command, *roles: str) -> Result:
    options = [word for role in roles or ("viewer",) for word in ("--role", role)]
    return command("user", "create", "Ada@Example.ng", *options, said="a long pass phrase\n")
