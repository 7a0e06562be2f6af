"""17,000 transfers that are over and a few that are not: what waits is found without the rest."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.db import CONNECTION
from crm_core.payouts.checks import check_beneficiaries, find_hindrances
from crm_core.payouts.transfers import guarding, planning, queries, reconciling, sending
from crm_core.payouts.transfers.configured import required_gateway
from tests.make_business import FINANCE
from tests.observe import executed, plan_of, sql
from tests.payouts.paystack import LocalPaystack
from tests.servers import Databases

_TRANSFERS = b"""
    SET session_replication_role = replica;
    INSERT INTO crm_transfer_accounts (provider, bank_code, account_hash, resolved_name,
                                       resolved_at, recipient_code)
    SELECT DISTINCT 'paystack', bank_code, account_hash, 'ADA OBI', now(), 'RCP_' || owner_id
    FROM crm_payouts;
    INSERT INTO crm_payout_attempts (payout_id, reference, method, outcome)
    SELECT id, payment_reference, 'transfer', 'paid' FROM crm_payouts WHERE status = 'paid';
    INSERT INTO crm_transfers (payout_id, attempt_id, account_id, provider, reference, amount_kobo,
                               state, provider_status, created_by)
    SELECT p.id, a.id, c.id, 'paystack', p.payment_reference, p.net_amount * 100,
           CASE WHEN p.id % 1000 = 0 THEN 'queued' WHEN p.id % 1000 = 1 THEN 'unanswered'
                ELSE 'concluded' END, 'success', 'staff:1'
    FROM crm_payouts p JOIN crm_payout_attempts a ON a.payout_id = p.id
    JOIN crm_transfer_accounts c ON c.account_hash = p.account_hash;
    INSERT INTO crm_transfer_answers (transfer_id, source, sentence)
    SELECT id, 'send', 'Paystack says success.' FROM crm_transfers;
    SET session_replication_role = origin;
    ANALYZE;
"""


@pytest.fixture(scope="module")
def crowded(databases: Databases) -> Iterator[Session]:
    """A session in a database in which everything went by transfer."""
    name = databases.clone()
    url = databases.url(name)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute((Path(__file__).parent / "many.sql").read_bytes())
        admin.execute(_TRANSFERS)
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url, **CONNECTION),
        poolclass=NullPool,
    )
    with Session(engine) as session:
        yield session
    engine.dispose()
    databases.drop(name)


def ids(session: Session, status: str, most: int) -> list[int]:
    query = "SELECT id FROM crm_payouts WHERE status = :status ORDER BY id LIMIT :most"
    return list(sql(session, query, status=status, most=most).scalars())


READS: dict[str, Callable[[Session], object]] = {
    "what is to be sent": lambda s: s.execute(sending._ready(required_gateway(), utc_now())).all(),
    "what is to be asked after": lambda s: s.execute(
        reconciling._due_statement(required_gateway(), utc_now())
    ).all(),
    "the latest": queries.latest_transfers,
    "those under way": queries.transfers_by_state,
    "a payout's story": lambda s: queries.story_of(s, ids(s, "paid", 1)[0]),
    "whose accounts they are": lambda s: queries.holders_of(s, ids(s, "paid", 100)),
    "what is held": lambda s: guarding.held(s, ids(s, "paid", 100)),
    "what is frozen": lambda s: guarding.frozen(s, ids(s, "paid", 100)),
    "the checks": lambda s: check_beneficiaries(s, ids(s, "pending", 100)),
    "what forbids approving": lambda s: find_hindrances(s, ids(s, "pending", 100)),
}


@pytest.mark.parametrize("read", READS.values(), ids=list(READS))
def test_no_read_walks_over_all_transfers(
    crowded: Session, paystack: LocalPaystack, read: Callable[[Session], object]
) -> None:
    with executed(crowded) as seen:
        read(crowded)
    plans = "\n".join(plan_of(crowded, statement) for statement in seen)
    assert "Seq Scan on crm_transfers" not in plans
    assert "Seq Scan on crm_transfer_answers" not in plans
    assert "Seq Scan on crm_payouts" not in plans


def test_a_plan_of_a_thousand_takes_as_many_statements_as_one_of_one(
    crowded: Session, paystack: LocalPaystack
) -> None:
    approved = ids(crowded, "approved", 1000)
    counts = []
    for chosen in (approved[:1], approved):
        with executed(crowded) as seen:
            plan = planning.plan_transfer(crowded, chosen, actor=FINANCE)
        assert len(plan.accepted) == len(chosen)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4
