"""Merging patients over HTTP: a plan, a commit as shown, and undoing it by its receipt."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from crm_core.people.schemas import Role
from tests.api.calls import API, done, refusal
from tests.make_patients import asked

PATIENTS = f"{API}/patients"


@pytest.fixture
def desk(signed_in: Callable[..., TestClient]) -> TestClient:
    """A client that may register patients."""
    return signed_in(Role.VIEWER)


@pytest.fixture
def both(desk: TestClient) -> dict[str, int]:
    """The same person twice, as a merge names them."""
    made = [desk.post(f"{PATIENTS}/register", json=asked()).json()["data"] for _ in range(2)]
    return {"stays_id": made[0]["id"], "gone_id": made[1]["id"]}


def merge(desk: TestClient, both: dict[str, int]) -> dict[str, Any]:
    plan = done(desk.post(f"{PATIENTS}/plan-merge", json=both))
    body = {**both, "fingerprint": plan["fingerprint"], "reason": "the same NIN card"}
    receipt: dict[str, Any] = done(desk.post(f"{PATIENTS}/commit-merge", json=body))
    return receipt


def test_two_records_become_one_and_two_again(desk: TestClient, both: dict[str, int]) -> None:
    plan = done(desk.post(f"{PATIENTS}/plan-merge", json=both))
    assert [verdict["code"] for verdict in plan["verdicts"]] == ["stays", "goes"]
    assert len(done(desk.get(PATIENTS))) == 2

    receipt = merge(desk, both)
    assert receipt["changed"] == 2
    assert [row["id"] for row in done(desk.get(PATIENTS))] == [both["stays_id"]]

    undoing = {"receipt_id": receipt["receipt_id"]}
    plan = done(desk.post(f"{PATIENTS}/plan-merge-undo", json=undoing))
    body = {**undoing, "fingerprint": plan["fingerprint"]}
    assert done(desk.post(f"{PATIENTS}/commit-merge-undo", json=body))["changed"] == 1
    assert len(done(desk.get(PATIENTS))) == 2
    again = desk.post(f"{PATIENTS}/commit-merge-undo", json=body)
    assert refusal(again, 409) == "This merge was undone already."


def test_a_plan_of_something_else_is_refused(desk: TestClient, both: dict[str, int]) -> None:
    body = {**both, "fingerprint": "AAAAAAAAAAAAAAAA", "reason": "the same NIN card"}
    assert "changed since you looked" in refusal(
        desk.post(f"{PATIENTS}/commit-merge", json=body), 409
    )


def test_who_only_reads_does_not_merge(
    desk: TestClient, both: dict[str, int], signed_in: Callable[..., TestClient]
) -> None:
    analyst = signed_in(Role.ANALYST)
    assert analyst.post(f"{PATIENTS}/plan-merge", json=both).status_code == 403
    undoing = {"receipt_id": merge(desk, both)["receipt_id"]}
    assert analyst.post(f"{PATIENTS}/plan-merge-undo", json=undoing).status_code == 403
