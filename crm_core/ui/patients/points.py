"""Explain my balance: each lot, what ends when, why this tier, and every row of the ledger."""

from collections.abc import Sequence

import streamlit as st

from crm_core.loyalty import explaining, queries
from crm_core.loyalty.schemas import (
    Expiring,
    LotRead,
    LoyaltyRead,
    MemberRead,
    Rule,
    Tier,
    TierMovement,
    TransactionFilter,
    TransactionRead,
    TransactionType,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, tables
from crm_core.ui.formatting import counted, day
from crm_core.ui.page import load
from crm_core.ui.patients import giving
from crm_core.ui.states import label_of
from crm_core.ui.tables import Table

SOURCES = {
    Rule.WELCOME: "Welcome",
    Rule.VISIT: "Visit",
    Rule.REFERRER: "Referred somebody",
    Rule.REFERRED: "Was referred",
    Rule.TIER_BONUS: "Tier bonus",
    Rule.GIVEN: "Given",
    Rule.MERGED: "Merged record",
    Rule.ADJUSTMENT: "Correction",
}
_LOTS = {
    "From": tables.text(width=100),
    "What for": tables.text(width=150),
    "Earned": tables.on_day(width=95),
    "Points": tables.number(width=60),
    "Left": tables.number(width=60),
    "Ends": tables.on_day(width=95),
    "Used for": tables.text(width=130),
    "Towards the tier": tables.text(width=105),
}
_LEDGER = {
    "When": tables.at(width=150),
    "Kind": tables.state(TransactionType, width=90),
    "Points": tables.text(width=70),
    "Balance": tables.number(width=75),
    "What for": tables.text(width=280),
    "Points end": tables.on_day(width=100),
}
_MOVES = {
    "When": tables.at(width=150),
    "From": tables.state(Tier, width=90),
    "To": tables.state(Tier, width=90),
    "Why": tables.text(width="large"),
}


def show(patient: MemberRead, actor: Actor) -> None:
    """The tab Points."""
    with load() as session:
        standing = explaining.explain_balance(session, patient.id)
        moves = queries.movements_of(session, patient.id)
    _standing(standing)
    if actor.may(Permission.LOYALTY_ADJUST):
        giving.show(patient, actor)
    _lots(standing)
    _ledger(patient.id)
    _moves(moves)


def _standing(standing: LoyaltyRead) -> None:
    soonest = next(iter(standing.expiring), None)
    with st.grid(4, min_column_width=160):
        st.metric("Points", f"{standing.loyalty_points:,}", border=True)
        st.metric("Tier", label_of(standing.loyalty_tier), border=True)
        st.metric("Earned in the last 12 months", f"{standing.tier_points:,}", border=True)
        st.metric(_ends(soonest), f"{soonest.points:,}" if soonest else "–", border=True)
    if standing.owed:
        st.warning(
            f"{counted(standing.owed, 'point')} owed from a visit that was undone: "
            "the next earnings pay them back."
        )
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader("Why this tier", anchor=False)
        st.text(_sentence(standing.tier_reason))
        _way_up(standing)
    with right.container(border=True, height="stretch"):
        st.subheader("What this tier brings", anchor=False)
        for benefit in standing.benefits:
            st.text(_sentence(benefit))
        if not standing.benefits:
            st.text("Points for every visit, and the rewards that are for everybody.")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _ends(soonest: Expiring | None) -> str:
    return f"End on {day(soonest.expiry_date)}" if soonest else "Next to end"


def _way_up(standing: LoyaltyRead) -> None:
    above, missing = standing.next_tier, standing.points_to_next_tier
    if above is None or missing is None:
        st.text("There is no higher tier.")
        return
    needed = standing.tier_points + missing
    if not missing:
        st.text(f"The points for {label_of(above)} are there: the next earning or review lifts it.")
        return
    st.progress(
        min(1.0, standing.tier_points / max(1, needed)),
        text=f"{missing:,} more points to {label_of(above)} ({needed:,} in twelve months)",
    )


def _lots(standing: LoyaltyRead) -> None:
    with st.container(border=True):
        st.subheader("What the balance is made of", anchor=False)
        st.text("Points are used in this order: what ends first goes first.")
        tables.show(
            Table(
                rows=[_lot(lot) for lot in standing.lots],
                columns=_LOTS,
                alt="Lots of points that are left, the first to end first",
                empty="No points are left.",
            )
        )


def _lot(lot: LotRead) -> dict[str, object]:
    return {
        "From": SOURCES.get(lot.rule, label_of(lot.rule)),
        "What for": lot.description,
        "Earned": lot.earned_on,
        "Points": lot.points,
        "Left": lot.remaining,
        "Ends": lot.expires_on,
        "Towards the tier": "counts" if lot.counts_for_tier else "does not count",
        "Used for": "; ".join(f"{used.points:,} {used.description}" for used in lot.consumed),
    }


def _ledger(patient_id: int) -> None:
    with st.container(border=True):
        st.subheader("Every change of the balance", anchor=False)
        with st.grid(3, min_column_width=150):
            kind = address_bar.state("kind", "Kind", TransactionType)
        wanted = TransactionFilter(
            patient_id=patient_id,
            transaction_type=kind,
            page=address_bar.page_of("ledger"),
            limit=tables.PAGE,
        )
        with load() as session:
            found = tables.page_of(session, queries.list_transactions, wanted)
        tables.show(
            Table(
                rows=[_row(each) for each in found.rows],
                columns=_LEDGER,
                alt="The patient's ledger, newest first",
                empty="No such change of the balance.",
            )
        )
        tables.pages(found, "change", param="ledger")


def _row(each: TransactionRead) -> dict[str, object]:
    return {
        "When": each.created_at,
        "Kind": each.transaction_type,
        "Points": f"{each.points:+,}",
        "Balance": each.balance_after,
        "What for": each.description,
        "Points end": each.expiry_date,
    }


def _moves(moves: Sequence[TierMovement]) -> None:
    with st.container(border=True):
        st.subheader("How the tier moved", anchor=False)
        tables.show(
            Table(
                rows=[
                    {
                        "When": each.created_at,
                        "From": each.old_tier,
                        "To": each.new_tier,
                        "Why": each.cause,
                    }
                    for each in moves
                ],
                columns=_MOVES,
                alt="Tier movements, the latest first",
                empty="The tier has not moved since registration.",
            )
        )
