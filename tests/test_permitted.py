"""Who may do what by calling a command directly: for every role as the table says."""

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm_core.base.errors import Forbidden, Refusal
from crm_core.insights.exports.lists import LISTS, open_list_export
from crm_core.insights.exports.streaming import Format
from crm_core.loyalty.importing.carrying import take_file
from crm_core.loyalty.importing.queries import refused_file
from crm_core.loyalty.importing.service import Upload, plan_import
from crm_core.people.schemas import ROLE_PERMISSIONS, Actor, Permission, Role
from tests.commands import COMMANDS, INNER
from tests.make import make_actor

DOORS_AND_BASE = {"api", "base", "migrations", "ui", "worker"}


class Anything:
    """An argument that may be looked at, and neither called nor gone through."""

    def __getattr__(self, name: str) -> "Anything":
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __bool__(self) -> bool:
        raise Gone


class Gone(Exception):
    """The command went on to its work."""


def commands() -> dict[str, frozenset[Permission]]:
    """Function → the permissions of which it takes any one."""
    return {
        f"{module.strip()}.{name}": needs
        for needs, lines in COMMANDS.items()
        for module, _, names in (line.partition(":") for line in lines.strip().splitlines())
        for name in names.split()
    }


def acting_functions(project: Path) -> Iterator[str]:
    """Every public function of a domain that takes an actor."""
    for file in sorted((project / "crm_core").rglob("*.py")):
        parts = file.relative_to(project / "crm_core").with_suffix("").parts
        if parts[0] in DOORS_AND_BASE:
            continue
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and _acts(node):
                yield ".".join((*parts, node.name)).replace(".__init__", "")


def _acts(function: ast.FunctionDef) -> bool:
    given = [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]
    return "actor" in given and not function.name.startswith("_")


def refuses(name: str, actor: Actor) -> bool:
    """Whether the command turns this actor away before it does anything."""
    module, _, function = name.rpartition(".")
    command: Callable[..., Any] = getattr(importlib.import_module(f"crm_core.{module}"), function)
    given: dict[str, Any] = dict.fromkeys(inspect.signature(command).parameters, Anything())
    try:
        command(**given | {"actor": actor})
    except Forbidden:
        return True
    except (Gone, Refusal, SQLAlchemyError, TypeError, AttributeError, ValueError):
        return False
    return False


def test_the_table_names_every_command_and_no_other(project: Path) -> None:
    assert set(acting_functions(project)) == set(commands()) | INNER
    assert not set(commands()) & INNER


@pytest.mark.parametrize("role", [None, *Role])
def test_a_command_called_directly_refuses_as_the_table_says(role: Role | None) -> None:
    actor = make_actor(*[role] if role else [])
    has = ROLE_PERMISSIONS[role] if role else frozenset()

    wrong = [
        f"{name}: {role} {'may' if needs & has else 'may not'}"
        for name, needs in commands().items()
        if refuses(name, actor) == bool(needs & has)
    ]

    assert wrong == []


@pytest.mark.parametrize("role", Role)
def test_files_are_given_and_taken_by_those_who_may(session: Session, role: Role) -> None:
    actor, has = make_actor(role), ROLE_PERMISSIONS[role]
    upload = Upload(BytesIO(b"First name,Last name\n"), "people.csv")

    if Permission.EXPORT not in has:
        for name in LISTS:
            with pytest.raises(Forbidden):
                open_list_export(name, Format.CSV, {}, actor=actor)
    if Permission.PATIENTS_WRITE not in has:
        for take in (plan_import, take_file):
            with pytest.raises(Forbidden):
                take(session, upload, actor=actor)
        with pytest.raises(Forbidden):
            next(iter(refused_file(session, 1, actor=actor)))
