"""Every list and figure: database time and time through our code, beside SQL written by hand."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import TextClause
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, last_months, month_start
from crm_core.base.statements import compiled_text
from crm_core.insights import queries as insights
from crm_core.owners import queries as owners
from crm_core.payouts import queries as payouts
from crm_core.payouts import totals
from tests.load.lists import DEEP, LIMIT, Case, cases
from tests.load.measuring import Figure, Statement, Table, by_turns, database_figure, timed

Connection = psycopg.Connection[Any]
Act = Callable[[], object]
pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]

_HEADINGS = ("", "db ms", "floor", "ratio", "code ms", "floor", "ratio", "plan")
_LONG = {"payouts newest", "payouts due", "payouts largest", "payouts paid newest"}


def test_lists(
    connection_to_business: Connection, in_business: Session, tables: list[Table]
) -> None:
    table = Table(f"Lists of {LIMIT}: first page, and page {DEEP} by cursor", _HEADINGS)
    tables.append(table)
    for case in cases():
        _measure_list(connection_to_business, in_business, case, table)
        if case.name in _LONG:
            deep = case.after(_cursor(in_business, case))
            _measure_list(connection_to_business, in_business, deep, table)

    assert not [row for row in table.rows if "Seq Scan" in row[-1]]


def test_records_and_figures(
    connection_to_business: Connection, in_business: Session, tables: list[Table]
) -> None:
    table = Table("Records and figures", _HEADINGS)
    tables.append(table)
    for name, ours, floor, act in _figures(in_business):
        figure = database_figure(connection_to_business, name, ours, floor)
        _add(table, figure, connection_to_business, floor.text, act)

    assert not [row for row in table.rows if "Seq Scan" in row[-1]]


def _measure_list(connection: Connection, session: Session, case: Case, table: Table) -> None:
    ours = Statement(case.read.statements.json, case.read._all_values())
    figure = database_figure(connection, case.name, ours, Statement(case.floor))
    _add(table, figure, connection, case.floor, lambda: case.read.page(session))


def _add(table: Table, figure: Figure, connection: Connection, floor: str, act: Act) -> None:
    plain = floor.replace("%%", "%").encode()
    code, bare = by_turns([timed(act), timed(lambda: connection.execute(plain).fetchall())])
    table.add(
        figure.name,
        f"{figure.ours:.2f}",
        f"{figure.floor:.2f}",
        f"{figure.ratio:.1f}",
        f"{code:.2f}",
        f"{bare:.2f}",
        f"{code / bare:.1f}",
        figure.note,
    )


def _cursor(session: Session, case: Case) -> str:
    """Where page 500 begins."""
    request, cursor = case.request.model_copy(update={"limit": 100}), ""
    for _ in range((DEEP - 1) * LIMIT // 100):
        page = case.list_(request.model_copy(update={"cursor": cursor or None})).page(session)
        cursor = page.next_cursor or ""
    return cursor


def _figures(session: Session) -> Iterator[tuple[str, Statement, Statement, Act]]:
    one = payouts.PAYOUTS.find(77_777)
    yield (
        "payout by id",
        Statement(one.statement, one.values),
        Statement("SELECT * FROM crm_payouts WHERE id = 77777"),
        lambda: payouts.get_payout(session, 77_777),
    )
    owner = owners.OWNERS.find(777)
    yield (
        "owner by id",
        Statement(owner.statement, owner.values),
        Statement("SELECT * FROM crm_owners WHERE id = 777"),
        lambda: owners.get_owner(session, 777),
    )
    # The floor of a figure kept by triggers is to add it up from the rows.
    yield (
        "payout stats",
        Statement(str(totals.STATS)),
        Statement("SELECT status, count(*), sum(net_amount) FROM crm_payouts GROUP BY status"),
        lambda: payouts.payout_stats(session),
    )
    since = add_months(month_start(lagos_today()), -11)
    yield (
        "payouts by month",
        _named(totals.BY_MONTH, since=since),
        Statement(
            "SELECT date_trunc('month', period_end), status, count(*), sum(net_amount)"
            f" FROM crm_payouts WHERE period_end >= '{since}' GROUP BY 1, 2"
        ),
        lambda: payouts.totals_by_month(session),
    )
    yield (
        "payouts by month, an owner's",
        _named(totals.BY_MONTH_OF_OWNER, since=since, owner_id=77),
        Statement(f"SELECT * FROM crm_payouts WHERE owner_id = 77 AND period_end >= '{since}'"),
        lambda: payouts.totals_by_month(session, owner_id=77),
    )
    yield (
        "owner stats",
        Statement(compiled_text(owners._STATS)),
        Statement("SELECT count(*), avg(satisfaction_score), sum(payouts_net) FROM crm_owners"),
        lambda: owners.owner_stats(session),
    )
    months = last_months(12)
    yield (
        "satisfaction by month",
        _named(owners._SCORE_BY_MONTH, months=months, hospital_id=None),
        Statement("SELECT as_of, avg(score) FROM crm_owner_scores GROUP BY as_of"),
        lambda: owners.satisfaction_by_month(session, months),
    )
    yield (
        "figures of the home page",
        _named(insights._BY_MONTH, months=months),
        Statement(f"SELECT sum(net_amount) FROM crm_payouts WHERE paid_at >= '{months[0]}'"),
        lambda: insights.figures_by_month(session),
    )
    yield (
        "what waits for an approver",
        _named(insights._WAITING, person="staff:2"),
        Statement("SELECT count(*) FROM crm_payouts WHERE status IN ('pending', 'failed')"),
        lambda: insights.waiting_for(session, "staff:2"),
    )
    yield (
        "months to prepare",
        _named(insights._TO_PREPARE, months=months[-4:-1]),
        Statement("SELECT * FROM crm_owner_contracts WHERE state = 'signed'"),
        lambda: insights.months_to_prepare(session),
    )


def _named(clause: TextClause, **values: object) -> Statement:
    """A text with SQLAlchemy's placeholders as one with psycopg's."""
    return Statement(re.sub(r"(?<!:):(\w+)", r"%(\1)s", clause.text), values)
