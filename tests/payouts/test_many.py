"""2,000 owners and 20,000 payouts: every list is one statement that an index answers."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.base.db import CONNECTION
from crm_core.owners.queries import list_owners
from crm_core.owners.schemas import OwnerFilter
from crm_core.payouts import service
from crm_core.payouts.checks import check_beneficiaries
from crm_core.payouts.queries import list_payouts
from crm_core.payouts.schemas import PayoutFilter, PayoutSort
from tests.make_business import APPROVER, FINANCE
from tests.observe import Executed, executed, plan_of, sql
from tests.servers import Databases

BACK = add_months(month_start(lagos_today()), -4)
SORTS = [sort.value for sort in PayoutSort]
SELECTIVE: list[dict[str, object]] = [
    {"status": "pending"},
    {"status": "failed"},
    {"statuses": ["pending", "failed"]},
    {"owner_id": 77},
    {"owner_id": 77, "status": "paid"},
    {"hospital_id": 7},
    {"file_id": 107},
    {"month": BACK},
    {"paid_month": BACK},
    {"overdue": True},
    {"search": "First77 Last77"},
    {"search": "NIP77-3"},
    {"search": "crm-0000"},
    {"search": "pay-000077"},
    {"status": "pending", "not_made_by": "staff:9"},
]


@pytest.fixture(scope="module")
def crowded(databases: Databases) -> Iterator[Session]:
    """A session in a database that is full."""
    name = databases.clone()
    url = databases.url(name)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute((Path(__file__).parent / "many.sql").read_bytes())
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url, **CONNECTION),
        poolclass=NullPool,
    )
    with Session(engine) as session:
        yield session
    engine.dispose()
    databases.drop(name)


def statement_of(session: Session, filters: PayoutFilter | OwnerFilter) -> Executed:
    """The one statement that a page of the list takes."""
    with executed(session) as seen:
        if isinstance(filters, PayoutFilter):
            list_payouts(filters).page(session)
        else:
            list_owners(filters).page(session)
    assert len(seen) == 1
    return seen[0]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("filters", SELECTIVE, ids=str)
def test_a_filter_of_payouts_is_answered_by_an_index(
    crowded: Session, filters: dict[str, object], sort: str
) -> None:
    asked = PayoutFilter.model_validate(filters | {"sort": sort})
    plan = plan_of(crowded, statement_of(crowded, asked))
    assert "Seq Scan on crm_payouts" not in plan


@pytest.mark.parametrize("sort", SORTS)
def test_pages_of_all_payouts_are_read_in_order_and_by_cursor(crowded: Session, sort: str) -> None:
    first = list_payouts(PayoutFilter.model_validate({"sort": sort})).page(crowded)
    for cursor in (None, first.next_cursor):
        asked = PayoutFilter.model_validate({"sort": sort, "cursor": cursor})
        plan = plan_of(crowded, statement_of(crowded, asked))
        index = {"newest": "created_at", "due": "due_on", "largest": "net_amount"}[sort]
        assert f"using ix_crm_payouts_{index}_id" in plan


@pytest.mark.parametrize("sort", ["newest", "name", "value", "satisfaction"])
def test_pages_of_all_owners_are_read_in_order(crowded: Session, sort: str) -> None:
    asked = OwnerFilter.model_validate({"sort": sort})
    plan = plan_of(crowded, statement_of(crowded, asked))
    index = {"newest": "created_at_id"}.get(sort, sort)
    assert f"using ix_crm_owners_{index}" in plan


@pytest.mark.parametrize("filters", [{"status": "suspended"}, {"hospital_id": 7}], ids=str)
def test_a_filter_of_owners_is_answered_by_an_index(
    crowded: Session, filters: dict[str, object]
) -> None:
    plan = plan_of(crowded, statement_of(crowded, OwnerFilter.model_validate(filters)))
    assert "Index Scan" in plan


def test_a_search_of_owners_is_one_statement(crowded: Session) -> None:
    statement_of(crowded, OwnerFilter(search="First77"))


def test_totals_are_exact_to_a_thousand_and_estimated_beyond(crowded: Session) -> None:
    some = list_payouts(PayoutFilter(hospital_id=7)).page(crowded)
    assert (some.total, some.estimated) == (200, False)
    every = list_payouts(PayoutFilter()).page(crowded)
    assert every.estimated
    assert 15_000 < every.total < 25_000


def test_a_plan_of_a_thousand_takes_as_many_statements_as_one_of_one(crowded: Session) -> None:
    query = "SELECT id FROM crm_payouts WHERE status = :status ORDER BY id"
    pending = list(sql(crowded, query, status="pending").scalars())
    approved = list(sql(crowded, query, status="approved").scalars())
    assert len(pending) == len(approved) == 1000
    for plan, ids, actor in (
        (service.plan_approval, pending, APPROVER),
        (service.plan_file, approved, FINANCE),
        (service.plan_undo, approved, APPROVER),
    ):
        counts = []
        for chosen in (ids[:1], ids):
            with executed(crowded) as seen:
                assert len(plan(crowded, chosen, actor=actor).accepted) == len(chosen)
            counts.append(len(seen))
        assert counts[0] == counts[1] <= 4


def test_a_commit_of_a_thousand_takes_as_many_statements_as_one_of_one(crowded: Session) -> None:
    query = "SELECT id FROM crm_payouts WHERE status = 'pending' ORDER BY id"
    pending = list(sql(crowded, query).scalars())
    counts = []
    for chosen in (pending[:1], pending):
        with crowded.begin_nested() as point:
            plan = service.plan_approval(crowded, chosen, actor=APPROVER)
            with executed(crowded) as seen:
                done = service.commit_approval(crowded, plan.fingerprint, chosen, actor=APPROVER)
            assert done.changed == len(chosen)
            point.rollback()
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 10


def test_the_checks_of_a_thousand_scan_no_table_of_payouts(crowded: Session) -> None:
    query = "SELECT id FROM crm_payouts WHERE status = 'pending' ORDER BY id LIMIT 100"
    ids = list(sql(crowded, query).scalars())
    with executed(crowded) as seen:
        check_beneficiaries(crowded, ids)
    assert "Seq Scan on crm_payouts" not in plan_of(crowded, seen[0])
