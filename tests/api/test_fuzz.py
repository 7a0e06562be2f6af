"""Requests made up from our own OpenAPI document: no fault of ours, no answer it does not describe.

``FUZZ_EXAMPLES=300 pytest --timeout=0 tests/api/test_fuzz.py`` runs for many minutes, and makes
up other requests each time.
"""

import copy
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from crm_core.api import docs
from crm_core.api.app import create_app
from crm_core.api.examples import EXAMPLES
from crm_core.api.reader import open_reader
from crm_core.base.db import connect, transaction
from crm_core.base.read import Reader
from crm_core.people.schemas import Role
from seeds.loader import load_sample
from tests.api.tokens import make_token

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
LONGER = os.environ.get("FUZZ_EXAMPLES")
HOW_MANY = settings(
    max_examples=int(LONGER or "6"),
    derandomize=LONGER is None,
    database=None,
    deadline=None,
    # A request that found something is not sent again: the database is no longer what it was.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


_numbers = count(1)


class World:
    """The app on a database of its own with the sample data, and a token of every kind."""

    def __init__(self, client: TestClient, document: dict[str, Any], tokens: list[str]) -> None:
        self.client = client
        self.document = document
        self.tokens = tokens

    def operations(self) -> list[APIOperation[Any, Any, Any, Any]]:
        """Every operation that the document describes, without the token that we add."""
        operations = []
        open_to_all = copy.deepcopy(self.document)
        del open_to_all["security"], open_to_all["components"]["securitySchemes"]
        for found in schemathesis.openapi.from_dict(open_to_all).get_all_operations():
            assert isinstance(found, Ok), found
            operations.append(found.ok())
        # Records are made before anything is done with them.
        return sorted(operations, key=lambda operation: operation.path.count("/"))

    def example_of(self, operation: APIOperation[Any, Any, Any, Any]) -> dict[str, Any]:
        """The example of the operation's body, if it takes one that has an example."""
        described = self.document["paths"][operation.path][operation.method]
        content = described.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        names = [part.get("$ref", "") for part in (schema, *schema.get("anyOf", ()))]
        return next((EXAMPLES[n] for name in names if (n := name.split("/")[-1]) in EXAMPLES), {})

    def send(self, case: Case[Any], token: str) -> None:
        """Sends the request and checks the answer against the document."""
        prepared = requests.Request(**case.as_transport_kwargs(base_url="http://testserver"))
        ready = prepared.prepare()
        headers = {**ready.headers, "Authorization": f"Bearer {token}"}
        response = self.client.request(
            ready.method or "",
            ready.url or "",
            content=ready.body or b"",
            headers=[(_latin(name), _latin(value)) for name, value in headers.items()],
        )
        case.validate_response(response, checks=CHECKS)

    def fingerprint(self, path: str, body: dict[str, Any]) -> str:
        """That of the plan for the same body, so that commits are not all refused."""
        planned = {n: value for n, value in body.items() if n not in {"fingerprint", "receipt_id"}}
        answer = self.client.post(
            path.replace("/commit-", "/plan-"),
            json=planned,
            headers={"Authorization": f"Bearer {self.tokens[0]}"},
        )
        return str(answer.json()["data"]["fingerprint"]) if answer.is_success else ""


@pytest.fixture
def world(own_database: str, set_environment: Callable[..., None]) -> Iterator[World]:
    """Rate limits are for others: here every request counts."""
    set_environment(CRM_RATE_LIMIT="10000000")
    load_sample(own_database)
    engine = connect(own_database)  # the loader has let go of the one that was there
    everything = (Role.FINANCE, Role.APPROVER, Role.CAMPAIGNER, Role.ADMIN)

    @asynccontextmanager
    async def open_() -> AsyncIterator[Reader]:
        async with open_reader(own_database) as reader:
            yield reader

    with transaction(who="test") as session:
        kinds = [everything, everything, *((role,) for role in Role)]
        tokens = [make_token(session, *kind) for kind in kinds]
    app = create_app(open_)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield World(client, docs.describe(app), [*tokens, "unknown"])
    engine.dispose()


# Thousands of requests, whose number grows with the API.
@pytest.mark.timeout(1800)
def test_no_request_finds_a_fault_or_an_answer_that_is_not_described(world: World) -> None:
    for operation in world.operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            fuzz(world, operation, mode)


def fuzz(world: World, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> None:
    """Sends made-up requests to the operation, many of them nearly right."""
    example = world.example_of(operation)

    @HOW_MANY
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def run(case: Case[Any], data: st.DataObject) -> None:
        if mode is GenerationMode.POSITIVE:
            if data.draw(st.booleans()):  # made-up keys are often the same
                case.headers.pop("Idempotency-Key", None)
            for name in case.path_parameters or {}:
                case.path_parameters[name] = data.draw(st.integers(1, 12))
        if example and isinstance(case.body, dict):
            case.body = data.draw(_nearly(example, case.body))
            if "fingerprint" in case.body and data.draw(st.booleans()):
                case.body["fingerprint"] = world.fingerprint(operation.path, case.body)
        world.send(case, data.draw(st.sampled_from(world.tokens)))

    # Where nothing is asked for, nothing can be asked for wrongly.
    with suppress(Unsatisfiable):
        run()


def _nearly(example: dict[str, Any], made_up: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The example with some of its values replaced by made-up ones; or all of them made up."""
    base = st.sampled_from([example, _fresh(example)])
    if not made_up:
        return base.map(dict)
    names = st.sets(st.sampled_from(sorted(made_up)), max_size=2)
    mixed = st.builds(lambda b, chosen: b | {name: made_up[name] for name in chosen}, base, names)
    return st.one_of(mixed, st.just(dict(made_up)))


def _fresh(example: dict[str, Any]) -> dict[str, Any]:
    """The example as another record that conflicts with none, and without a version."""
    number = next(_numbers)
    day = date(2001, 1, 1) + timedelta(days=40 * number % 30_000)
    fresh = {
        "email": f"owner{number}@hospital.ng",
        "phone": f"0806{number:07}",
        "period_start": day.isoformat(),
        "period_end": (day + timedelta(days=30)).isoformat(),
    }
    return {name: fresh.get(name, value) for name, value in example.items() if name != "version"}


def _latin(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")
