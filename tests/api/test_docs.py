"""The documentation: whole, with our envelope, and from this server alone."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from crm_core.api.app import PREFIX

DOCS = f"{PREFIX}/docs"


@pytest.fixture
def document(anonymous: TestClient) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = anonymous.get(f"{PREFIX}/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_the_page_loads_nothing_from_anywhere_else(anonymous: TestClient) -> None:
    page = anonymous.get(DOCS)
    assert page.status_code == 200
    assert "//" not in page.text.replace("<!doctype", "")
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        answer = anonymous.get(f"{PREFIX}/{address}")
        assert answer.status_code == 200
        assert len(answer.content) > 100


def test_the_page_s_policy_lets_in_no_script_of_others(anonymous: TestClient) -> None:
    policy = anonymous.get(DOCS).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "http" not in policy


def test_an_unknown_file_of_the_page_is_404(anonymous: TestClient) -> None:
    answer = anonymous.get(f"{DOCS}/..%2F..%2Fapp.py")
    assert answer.status_code == 404
    assert answer.json()["success"] is False


def test_every_operation_has_a_readable_id_of_its_own(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in ids)


def test_every_operation_documents_the_refusals(document: dict[str, Any]) -> None:
    for operation in operations(document):
        assert {"400", "401", "403", "404", "409", "413", "429", "500", "503"} <= set(
            operation["responses"]
        )
        assert "422" not in operation["responses"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_a_list_documents_its_rows_although_postgresql_builds_them(
    document: dict[str, Any],
) -> None:
    answer = document["paths"][f"{PREFIX}/receipts"]["get"]["responses"]["200"]
    name = answer["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    schema = document["components"]["schemas"][name]
    assert set(schema["properties"]) == {"success", "data", "pagination"}


def test_a_token_is_asked_for(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert document["security"] == [{"token": []}]


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    assert all(operation["description"] for operation in operations(document))
