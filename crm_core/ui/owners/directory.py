"""The tab of owners: the figures, and the list that they open."""

from collections.abc import Mapping

import streamlit as st

from crm_core.base.money import naira_short
from crm_core.hospitals import queries as hospitals
from crm_core.hospitals.schemas import HospitalRead
from crm_core.insights.queries import figures_by_month
from crm_core.insights.schemas import MonthFigures
from crm_core.owners import queries
from crm_core.owners.schemas import (
    OwnerFilter,
    OwnerRead,
    OwnerSort,
    OwnerStats,
    OwnerStatus,
    PaymentStatus,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, asking, beside, cards, tables, views
from crm_core.ui.cards import Card, satisfaction_card
from crm_core.ui.owners import forms
from crm_core.ui.page import load
from crm_core.ui.tables import Table

PARAMS = ("status", "payment", "hospital", "state", "q", "sort", "page", "new")
_FIELDS = {
    "q": "search",
    "status": "status",
    "payment": "payment_status",
    "hospital": "hospital_id",
    "state": "state",
    "sort": "sort",
    "page": "page",
}
_COLUMNS = {
    "Owner": tables.text(width=150),
    "Hospital": tables.text(width=165),
    "Satisfaction": tables.progress(most=5, width=115),
    "Lifetime value": tables.naira(width=120),
    "Payment": tables.state(PaymentStatus, width=85),
    "Status": tables.state(OwnerStatus, width=80),
    "Last contact": tables.on_day(width=100),
    "Code": tables.text(width=105),
}
_SORTS = {
    OwnerSort.NAME: "By name",
    OwnerSort.VALUE: "Most valuable first",
    OwnerSort.SATISFACTION: "Most satisfied first",
}


def filters_of_address() -> OwnerFilter:
    """The list that the address holds, also while one of its records is open."""
    return address_bar.filters(OwnerFilter, _FIELDS, limit=tables.PAGE)


def show(actor: Actor) -> None:
    """Cards, filters, the list, and the way to a new owner."""
    with load() as session:
        stats = queries.owner_stats(session)
        figures = figures_by_month(session)
        places = hospitals.all_hospitals(session)
    cards.show(_cards(stats, figures))
    asking.step(actor, Permission.OWNERS_WRITE, asked=st.query_params.get("new") == "yes")
    if actor.may(Permission.OWNERS_WRITE):
        _new(actor, places)
    names = {place.id: place.name for place in places}
    views.bar(actor, "owners", [name for name in _FIELDS if name != "page"])
    _filter_widgets(names)
    wanted = filters_of_address()
    with load() as session:
        found = tables.page_of(session, queries.list_owners, wanted)
    tables.pick_one(
        Table(
            rows=[_row(owner, names) for owner in found.rows],
            columns=_COLUMNS,
            ids=[owner.id for owner in found.rows],
            alt="Owners",
            empty=_nothing(wanted),
            name="owners",
        ),
        opens=lambda owner_id: {"owner": str(owner_id), "tab": None},
    )
    tables.pages(found, "owner")
    beside.take_away(actor, "owners", wanted)


def _cards(stats: OwnerStats, figures: list[MonthFigures]) -> list[Card]:
    before, now = figures[-2], figures[-1]
    joined = now.owners - before.owners
    overdue = stats.payment_stats[PaymentStatus.OVERDUE]
    return [
        Card(
            "Owners",
            f"{stats.total_owners:,}",
            f"{joined:+,}" if joined else None,
            trend=[figure.owners for figure in figures],
            opens=_only(),
            action=f"{stats.active_owners:,} active",
        ),
        satisfaction_card(
            [figure.satisfaction for figure in figures], opens=_only(sort="satisfaction")
        ),
        Card(
            "Lifetime value",
            naira_short(now.lifetime_value),
            cards.change_in_naira(now.lifetime_value, before.lifetime_value),
            trend=[figure.lifetime_value for figure in figures],
            opens=_only(sort="value"),
            action="Largest first",
            help="What owners were paid before we kept payouts here, plus the gross of all paid.",
        ),
        Card(
            "Owners overdue",
            f"{overdue:,}",
            opens=_only(payment="overdue"),
            action="Who waits too long",
            help="A payout of theirs is approved and past its due date.",
        ),
    ]


def _only(**params: str) -> dict[str, str | None]:
    """These filters and no other."""
    return {**dict.fromkeys(PARAMS), **params}


def _new(actor: Actor, places: list[HospitalRead]) -> None:
    if st.query_params.get("new") == "yes":
        forms.new_owner(actor, places)
    else:
        st.button(
            "New owner",
            icon=":material/person_add:",
            on_click=address_bar.go,
            args=({"new": "yes"},),
        )


def _filter_widgets(hospital_names: Mapping[int, str]) -> None:
    options = {str(hospital_id): name for hospital_id, name in hospital_names.items()}
    sorts = {sort.value: label for sort, label in _SORTS.items()}
    with st.grid(5, min_column_width=150):
        address_bar.search("Name, email or code")
        address_bar.state("status", "Status", OwnerStatus)
        address_bar.state("payment", "Payment", PaymentStatus)
        address_bar.choice("hospital", "Hospital", options, any_label="All hospitals")
        address_bar.choice("sort", "Sort", sorts, any_label="Newest first")
    address_bar.narrowed_to_state()


def _row(owner: OwnerRead, hospital_names: Mapping[int, str]) -> dict[str, object]:
    return {
        "Owner": owner.name,
        "Hospital": hospital_names.get(owner.hospital_id or 0, "–"),
        "Satisfaction": owner.satisfaction_score,
        "Lifetime value": owner.lifetime_value,
        "Payment": owner.payment_status,
        "Status": owner.status,
        "Last contact": owner.last_contact_date,
        "Code": owner.owner_code,
    }


def _nothing(wanted: OwnerFilter) -> str:
    narrowed = (
        wanted.search,
        wanted.status,
        wanted.payment_status,
        wanted.hospital_id,
        wanted.state,
    )
    if any(narrowed):
        return "No owner fits: take a filter away."
    return "No owners yet: add the first one above."
