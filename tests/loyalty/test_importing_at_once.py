"""Imports committed at the same moment, by impatient people and by two desks."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from crm_core.base.db import reading, transaction
from crm_core.base.errors import Conflict
from crm_core.base.preflight import Receipt
from crm_core.loyalty import importing, service
from crm_core.loyalty.importing.schemas import ImportRead
from crm_core.loyalty.invariants import invariants
from crm_core.patients.schemas import PatientCreate
from tests.make_imports import file_of, line, look
from tests.make_patients import DESK, asked


def looked_at(count: int = 20) -> ImportRead:
    with transaction(who=DESK.key) as session:
        return look(
            session, file_of(*(line(f"N{n} Obi", email=f"n{n}@x.ng") for n in range(count)))
        )


def commit(seen: ImportRead) -> Receipt:
    with transaction(who=DESK.key) as session:
        return importing.commit_import(session, seen.id, seen.fingerprint, actor=DESK)


def test_eight_clicks_on_one_import_do_it_once(own_database: str) -> None:
    seen = looked_at()

    def click(_: int) -> Receipt | None:
        try:
            return commit(seen)
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as clicks:
        receipts = list(clicks.map(click, range(8)))
    assert {receipt.receipt_id for receipt in receipts if receipt} == {1}
    with reading() as session:
        assert session.execute(text("SELECT count(*) FROM crm_patients")).scalar_one() == 20
        assert list(invariants(session)) == []


def test_a_registration_that_commits_meanwhile_is_no_fault(own_database: str) -> None:
    """The unique email decides: the import waits for the other and leaves that line out."""
    seen = looked_at(3)
    wanted = PatientCreate.model_validate(asked("Other One", email="n1@x.ng"))
    with ThreadPoolExecutor(1) as other:
        with transaction(who=DESK.key) as session:
            service.register_patient(session, wanted, actor=DESK)
            waiting = other.submit(commit, seen)
            _wait_until_blocked()
        receipt = waiting.result(timeout=30)
    assert receipt.changed == 2
    assert [refused.label for refused in receipt.refused] == ["Line 3 · N1 Obi"]
    with reading() as session:
        assert list(invariants(session)) == []


def test_two_imports_are_not_committed_at_once(own_database: str) -> None:
    first, second = looked_at(1), looked_at(1)
    with transaction(who=DESK.key) as session:
        importing.commit_import(session, first.id, first.fingerprint, actor=DESK)
        with ThreadPoolExecutor(1) as other, pytest.raises(Conflict, match="Another import"):
            other.submit(commit, second).result(timeout=30)


def _wait_until_blocked() -> None:
    """Until a session waits for another's transaction."""
    for _ in range(2000):
        with reading() as session:
            blocked = session.execute(text(_BLOCKED)).scalar_one()
        if blocked:
            return
    pytest.fail("nobody waited")


_BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted"
