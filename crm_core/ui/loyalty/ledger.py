"""The rows behind the figures: transactions, open points, changes of tier, rewards taken."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import streamlit as st

from crm_core.base.clock import add_months, lagos_today, month_end, month_start
from crm_core.loyalty import queries
from crm_core.loyalty.figures import lists
from crm_core.loyalty.figures.schemas import (
    LedgerFilter,
    LedgerRow,
    MovementFilter,
    MovementRow,
    OpenLot,
    OpenLotFilter,
    RedemptionFilter,
    RedemptionRow,
)
from crm_core.loyalty.schemas import RewardFilter, Tier, TransactionType
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, keyset, tables
from crm_core.ui.formatting import month as month_name
from crm_core.ui.page import load
from crm_core.ui.tables import Column, Table

FILTERS = ("list", "kind", "month", "ends", "way", "reward")
_PATIENT: dict[str, Column] = {"Patient": tables.text(width=170), "Code": tables.text(width=115)}
_LISTS = {"open": "Outstanding points", "tiers": "Changes of tier", "rewards": "Rewards taken"}


def opens_list(
    name: str = "", *, kind: str = "", month: str = "", way: str = "", reward: str = ""
) -> Mapping[str, str | None]:
    """Parameters of the address that show a list with these filters and no others.

    Args:
        name: ``open``, ``tiers`` or ``rewards``; the ledger where empty.
        month: such as ``2026-11``.
    """
    when = "ends" if name == "open" else "month"
    given = {"list": name, "kind": kind, when: month, "way": way, "reward": reward}
    chosen = {param: value or None for param, value in given.items()}
    return {"tab": "ledger", **dict.fromkeys((*FILTERS, keyset.PARAM)), **chosen}


def show(_: Actor) -> None:
    """The list that the address names, with its filters."""
    with st.grid(4, min_column_width=160):
        chosen = address_bar.choice("list", "Show", _LISTS, any_label="All transactions")
        draw = _SHOWS[chosen or ""]()
    draw()


def _transactions() -> Callable[[], None]:
    kind = address_bar.state("kind", "Kind", TransactionType)
    begins, ends = _days(address_bar.recent_month("month", "Month", months=48))
    wanted = LedgerFilter(
        transaction_type=kind,
        date_from=begins,
        date_to=ends,
        cursor=keyset.cursor(),
        limit=tables.PAGE,
    )
    return lambda: _show_transactions(wanted)


def _show_transactions(wanted: LedgerFilter) -> None:
    with load() as session:
        found = lists.list_ledger(wanted).page(session)
    columns = {
        **_PATIENT,
        "Kind": tables.state(TransactionType, width=90),
        "Points": tables.number(width=80),
        "Balance": tables.number(width=80),
        "What for": tables.text(),
        "When": tables.at(width=150),
    }
    _table([_transaction(row) for row in found.rows], columns, found.rows, "Transactions")
    keyset.ways(found, "transaction")


def _open_lots() -> Callable[[], None]:
    begins, ends = _days(_month_to_come())
    # What has ended and is not taken off yet stands with what ends this month.
    if begins == month_start(lagos_today()):
        begins = None
    wanted = OpenLotFilter(
        ends_from=begins, ends_to=ends, cursor=keyset.cursor(), limit=tables.PAGE
    )
    return lambda: _show_open_lots(wanted)


def _show_open_lots(wanted: OpenLotFilter) -> None:
    with load() as session:
        found = lists.list_open_lots(wanted).page(session)
    columns = {
        **_PATIENT,
        "Ends": tables.on_day(width=110),
        "Left": tables.number(width=80),
        "Earned": tables.number(width=80),
        "On": tables.on_day(width=110),
    }
    _table([_lot(row) for row in found.rows], columns, found.rows, "Outstanding points")
    keyset.ways(found, "lot")


def _movements() -> Callable[[], None]:
    way = address_bar.choice("way", "Which way", {"up": "Up", "down": "Down"}, any_label="Both")
    begins, ends = _days(address_bar.recent_month("month", "Month", months=48))
    wanted = MovementFilter(
        rose=None if way is None else way == "up",
        date_from=begins,
        date_to=ends,
        cursor=keyset.cursor(),
        limit=tables.PAGE,
    )
    return lambda: _show_movements(wanted)


def _show_movements(wanted: MovementFilter) -> None:
    with load() as session:
        found = lists.list_movements(wanted).page(session)
    columns = {
        **_PATIENT,
        "From": tables.state(Tier, width=90),
        "To": tables.state(Tier, width=90),
        "Why": tables.text(),
        "When": tables.at(width=150),
    }
    _table([_movement(row) for row in found.rows], columns, found.rows, "Changes of tier")
    keyset.ways(found, "change of tier", "changes of tier")


def _rewards() -> Callable[[], None]:
    with load() as session:
        rewards = queries.list_rewards(RewardFilter(limit=100)).page(session).rows
    names = {str(reward.id): reward.name for reward in rewards}
    reward = address_bar.choice("reward", "Reward", names, any_label="All rewards")
    begins, ends = _days(address_bar.recent_month("month", "Month", months=48))
    wanted = RedemptionFilter(
        reward_id=int(reward) if reward else None,
        date_from=begins,
        date_to=ends,
        cursor=keyset.cursor(),
        limit=tables.PAGE,
    )
    return lambda: _show_rewards(wanted)


def _show_rewards(wanted: RedemptionFilter) -> None:
    with load() as session:
        found = lists.list_redemptions(wanted).page(session)
    columns = {
        **_PATIENT,
        "Reward": tables.text(),
        "Points": tables.number(width=80),
        "When": tables.at(width=150),
        "Given back": tables.at(width=150),
    }
    _table([_taken(row) for row in found.rows], columns, found.rows, "Rewards taken")
    keyset.ways(found, "reward taken", "rewards taken")


_SHOWS: Mapping[str, Callable[[], Callable[[], None]]] = {
    "": _transactions,
    "open": _open_lots,
    "tiers": _movements,
    "rewards": _rewards,
}
_Row = LedgerRow | OpenLot | MovementRow | RedemptionRow


def _table(
    drawn: Sequence[Mapping[str, object]],
    columns: Mapping[str, Column],
    rows: Sequence[_Row],
    alt: str,
) -> None:
    tables.pick_one(
        Table(
            rows=[
                {"Patient": row.patient_name, "Code": row.patient_code, **cells}
                for row, cells in zip(rows, drawn, strict=True)
            ],
            columns=columns,
            ids=[row.patient_id for row in rows],
            alt=alt,
            empty="There is nothing like this: take a filter away.",
            name="ledger",
            version=tuple(row.id for row in rows),
        ),
        opens=lambda patient_id: {"patient": str(patient_id)},
        page="pages/patients.py",
    )


def _transaction(row: LedgerRow) -> dict[str, object]:
    return {
        "Kind": row.transaction_type,
        "Points": row.points,
        "Balance": row.balance_after,
        "What for": row.description,
        "When": row.created_at,
    }


def _lot(row: OpenLot) -> dict[str, object]:
    return {
        "Ends": row.expires_on,
        "Left": row.remaining,
        "Earned": row.points,
        "On": row.earned_on,
    }


def _movement(row: MovementRow) -> dict[str, object]:
    return {"From": row.old_tier, "To": row.new_tier, "Why": row.cause, "When": row.created_at}


def _taken(row: RedemptionRow) -> dict[str, object]:
    return {
        "Reward": row.description,
        "Points": row.points,
        "When": row.created_at,
        "Given back": row.cancelled_at,
    }


def _days(month: date | None) -> tuple[date | None, date | None]:
    return (None, None) if month is None else (month, month_end(month))


def _month_to_come() -> date | None:
    """A month in which points end: those of the lots' longest life to come."""
    this = month_start(lagos_today())
    months = [add_months(this, n) for n in range(25)]
    options = {f"{first:%Y-%m}": month_name(first) for first in months}
    chosen = address_bar.choice("ends", "Ending in", options, any_label="Whenever")
    return date.fromisoformat(f"{chosen}-01") if chosen else None
