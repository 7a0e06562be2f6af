"""The maker of a payout cannot approve it: by no door, and by no plain SQL of the application."""

import dataclasses

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden
from crm_core.payouts import service
from crm_core.people.schemas import Role, machine
from tests.make import make_actor
from tests.make_business import APPROVER, FINANCE
from tests.observe import refused_by, sql
from tests.payouts.acts import (
    BOTH,
    SECOND,
    THRESHOLD,
    approve,
    approve_many,
    get,
    live_approvals,
    new,
    payout_in,
    undo,
)

APPROVE_BY_SQL = (
    "INSERT INTO crm_payout_approvals (payout_id, approver, approver_name, digest)"
    " SELECT id, :approver, 'Sql', digest FROM crm_payouts WHERE id = :id"
)


def test_who_made_a_payout_cannot_approve_it(session: Session) -> None:
    payout = new(session, actor=BOTH)
    with pytest.raises(Forbidden, match="maker"):
        approve(session, payout.id, BOTH)
    plan = service.plan_approval(session, [payout.id], actor=BOTH)
    assert [(v.ok, v.code) for v in plan.verdicts] == [(False, "maker")]
    assert approve_many(session, [payout.id], BOTH).changed == 0
    assert get(session, payout.id).status == "pending"


def test_a_token_of_the_maker_is_the_maker(session: Session) -> None:
    payout = new(session, actor=BOTH)
    token = dataclasses.replace(BOTH, key="token:7")
    with pytest.raises(Forbidden, match="maker"):
        approve(session, payout.id, token)


def test_a_job_approves_nothing(session: Session) -> None:
    payout = new(session)
    with pytest.raises(Forbidden):
        approve(session, payout.id, machine("job:night"))


def test_making_alone_gives_no_right_to_approve(session: Session) -> None:
    payout = new(session)
    with pytest.raises(Forbidden):
        approve(session, payout.id, make_actor(Role.FINANCE))


def test_plain_sql_cannot_approve_for_the_maker(session: Session) -> None:
    payout = new(session)
    with refused_by(session, "payout_maker"):
        sql(session, APPROVE_BY_SQL, approver=FINANCE.person, id=payout.id)


def test_plain_sql_cannot_set_the_state_without_approvals(session: Session) -> None:
    payout = new(session)
    with refused_by(session, "payout_approvals"):
        sql(session, "UPDATE crm_payouts SET status = 'approved' WHERE id = :id", id=payout.id)


def test_plain_sql_cannot_make_somebody_else_the_maker(session: Session) -> None:
    payout = new(session)
    for change in ("created_by = 'staff:0'", "payout_code = 'PAY-0'"):
        with refused_by(session, "payout_fixed"):
            sql(session, f"UPDATE crm_payouts SET {change} WHERE id = :id", id=payout.id)


def test_plain_sql_cannot_forge_what_an_approval_binds_to(session: Session) -> None:
    payout = new(session)
    statement = (
        "INSERT INTO crm_payout_approvals (payout_id, approver, approver_name, digest)"
        " VALUES (:id, 'staff:1', 'Sql', 'anything')"
    )
    with refused_by(session, "payout_digest"):
        sql(session, statement, id=payout.id)
    digest = "SELECT digest FROM crm_payouts WHERE id = :id"
    true_digest = sql(session, digest, id=payout.id).scalar()
    sql(session, "UPDATE crm_payouts SET digest = 'anything' WHERE id = :id", id=payout.id)
    assert sql(session, digest, id=payout.id).scalar() == true_digest


@pytest.mark.parametrize("state", ["approved", "processing", "paid", "cancelled"])
def test_plain_sql_cannot_approve_what_is_not_waiting(session: Session, state: str) -> None:
    payout = payout_in(session, state)
    with refused_by(session, "payout_digest"):
        sql(session, APPROVE_BY_SQL, approver="staff:1", id=payout.id)


def test_plain_sql_cannot_lower_how_many_approvals_it_takes(session: Session) -> None:
    payout = new(session, str(THRESHOLD))
    approve(session, payout.id)
    sql(session, "UPDATE crm_payouts SET approvals_needed = 1 WHERE id = :id", id=payout.id)
    assert get(session, payout.id).approvals_needed == 2
    with refused_by(session, "payout_approvals"):
        sql(
            session,
            "UPDATE crm_payouts SET approvals_needed = 1, status = 'approved' WHERE id = :id",
            id=payout.id,
        )
    approve(session, payout.id, SECOND)
    sql(session, "UPDATE crm_payouts SET approvals_needed = 1 WHERE id = :id", id=payout.id)
    assert get(session, payout.id).approvals_needed == 2


def test_plain_sql_cannot_approve_twice_for_one_person(session: Session) -> None:
    payout = new(session, str(THRESHOLD))
    approve(session, payout.id)
    with refused_by(session, "uq_crm_payout_approvals_live"):
        sql(session, APPROVE_BY_SQL, approver=APPROVER.person, id=payout.id)


@pytest.mark.parametrize(
    "change",
    [
        "approver = 'staff:1', voided_at = now()",
        "approver_name = 'Another', voided_at = now()",
        "override_reason = 'a reason', voided_at = now()",
        "created_at = now() - interval '1 year', voided_at = now()",
        "void_reason = 'not void'",
    ],
)
def test_plain_sql_cannot_rewrite_an_approval(session: Session, change: str) -> None:
    payout = new(session, str(THRESHOLD))
    approve(session, payout.id)
    with refused_by(session, "payout_approval_fixed"):
        sql(session, f"UPDATE crm_payout_approvals SET {change} WHERE payout_id = :i", i=payout.id)


def test_plain_sql_cannot_bring_a_void_approval_back(session: Session) -> None:
    payout = payout_in(session, "approved")
    undo(session, payout.id)
    with refused_by(session, "payout_approval_fixed"):
        sql(
            session,
            "UPDATE crm_payout_approvals SET voided_at = NULL WHERE payout_id = :id",
            id=payout.id,
        )


@pytest.mark.parametrize("state", ["approved", "processing", "paid"])
def test_plain_sql_cannot_take_the_approvals_from_under_a_payout(
    session: Session, state: str
) -> None:
    payout = payout_in(session, state)
    with refused_by(session, "payout_approval_fixed"):
        sql(
            session,
            "UPDATE crm_payout_approvals SET voided_at = now() WHERE payout_id = :id",
            id=payout.id,
        )
    assert live_approvals(session, payout.id) == [APPROVER.person]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("crm_payout_approvals", "*"),
        ("crm_payout_transitions", "*"),
        ("crm_parameters", "*"),
    ],
)
def test_a_temporary_table_cannot_answer_in_the_place_of_a_true_one(
    session: Session, table: str, columns: str
) -> None:
    payout = new(session, str(THRESHOLD))
    approve(session, payout.id)
    sql(session, f"CREATE TEMP TABLE {table} AS SELECT {columns} FROM public.{table}")
    sql(session, "SET LOCAL search_path = pg_temp, public")
    forgeries = {
        "crm_payout_approvals": "INSERT INTO pg_temp.crm_payout_approvals SELECT 0, payout_id,"
        " 'staff:1', 'Forged', digest FROM public.crm_payout_approvals",
        "crm_payout_transitions": "INSERT INTO pg_temp.crm_payout_transitions"
        " VALUES ('pending', 'processing'), ('pending', 'paid')",
        "crm_parameters": "UPDATE pg_temp.crm_parameters SET value = 9e12",
    }
    sql(session, forgeries[table])
    rule = "payout_transition" if table == "crm_payout_transitions" else "payout_approvals"
    wanted = "paid" if table == "crm_payout_transitions" else "approved"
    with refused_by(session, rule):
        sql(session, f"UPDATE crm_payouts SET status = '{wanted}' WHERE id = :id", id=payout.id)


def test_an_approval_needs_a_reason_to_override_nothing_else(session: Session) -> None:
    payout = payout_in(session, "approved")
    with pytest.raises(Conflict):
        approve(session, payout.id, SECOND)
