"""Who may do what, over every route and for every role: one table, and the API agrees with it."""

from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation

from crm_core.people.schemas import ROLE_PERMISSIONS, Role
from tests.api.permissions import NEEDS, ONLY_PEOPLE, OPEN, OR_ELSE
from tests.api.test_fuzz import World, world

__all__ = ["world"]

ONCE = settings(
    max_examples=1,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_the_table_names_every_route_and_no_other(world: World) -> None:
    named = {operation.definition.raw["operationId"] for operation in world.operations()}
    assert named == set(NEEDS) | OPEN


@pytest.mark.timeout(900)
def test_every_role_is_answered_as_the_table_says(world: World) -> None:
    wrong: list[str] = []
    for operation in world.operations():
        name = operation.definition.raw["operationId"]
        if name not in OPEN:
            wrong += walk(world, operation, name)
    assert not wrong, "\n".join(wrong)


def walk(world: World, operation: APIOperation[Any, Any, Any, Any], name: str) -> list[str]:
    """Sends one request that makes sense as each role in turn; gives what was answered wrongly."""
    found: list[str] = []
    example = world.example_of(operation)

    @ONCE
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE), _=st.none())
    def run(case: Case[Any], _: None) -> None:
        for parameter in case.path_parameters or {}:
            case.path_parameters[parameter] = 1
        if example and isinstance(case.body, dict):
            case.body = dict(example)
        case.headers.pop("Idempotency-Key", None)
        statuses = {role: answer(world, case, role) for role in Role}
        found.extend(judge(name, statuses))

    run()
    return found


def judge(name: str, statuses: dict[Role, int]) -> list[str]:
    """Whoever may is not refused for it; whoever may not gets nothing done and nothing to see."""
    may = {role for role in Role if allowed(name, role)}
    # What the schema turns down is turned down before anybody asks who it is.
    unreadable = all(status == 400 for status in statuses.values())
    wrong = [f"{name}: {role} may and was refused" for role in may if statuses[role] == 403]
    if not unreadable:
        wrong += [
            f"{name}: {role} may not and got {statuses[role]}"
            for role in set(Role) - may
            if statuses[role] != 403
        ]
    return wrong


def allowed(name: str, role: Role) -> bool:
    """What the table says."""
    has = ROLE_PERMISSIONS[role]
    return name not in ONLY_PEOPLE and (NEEDS[name] <= has or OR_ELSE.get(name) in has)


def answer(world: World, case: Case[Any], role: Role) -> int:
    """The status that this role gets."""
    token = world.tokens[2 + list(Role).index(role)]
    ready = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    response = world.client.request(
        ready.method or "",
        ready.url or "",
        content=ready.body or b"",
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": str(ready.headers.get("Content-Type", "application/json")),
        },
    )
    return response.status_code
