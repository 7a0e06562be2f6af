"""The list of patients: the figures, the filters, and the rows that open a patient."""

from collections.abc import Mapping

import streamlit as st

from crm_core.base.clock import lagos_today, month_start
from crm_core.base.money import naira_short
from crm_core.hospitals import queries as hospitals
from crm_core.loyalty import queries
from crm_core.loyalty.schemas import LoyaltyStats, MemberFilter, MemberRead, PatientStats, Tier
from crm_core.patients.places import states
from crm_core.patients.schemas import PatientStatus
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, beside, cards, charts, tables, views
from crm_core.ui.cards import Card
from crm_core.ui.charts import Chart, Series
from crm_core.ui.page import load
from crm_core.ui.states import label_of, tone_of
from crm_core.ui.tables import Table

_MORE = ("hospital", "from", "to", "points")
FILTERS = ("q", "status", "tier", "state", *_MORE)
_FIELDS = {
    "q": "search",
    "status": "status",
    "tier": "loyalty_tier",
    "state": "state",
    "hospital": "preferred_hospital_id",
    "from": "registered_from",
    "to": "registered_to",
    "points": "points_from",
    "page": "page",
}
_COLUMNS = {
    "Patient": tables.text(width=165),
    "Phone": tables.text(width=120),
    "Tier": tables.state(Tier, width=85),
    "Points": tables.number(width=75),
    "Status": tables.state(PatientStatus, width=85),
    "State": tables.text(width=100),
    "Registered": tables.on_day(width=100),
    "Code": tables.text(width=95),
}


def filters_of_address() -> MemberFilter:
    """The list that the address holds, also while one of its records is open."""
    return address_bar.filters(MemberFilter, _FIELDS, limit=tables.PAGE)


def show(actor: Actor) -> None:
    """Cards, filters, the list, and the way to registration."""
    with load() as session:
        stats = queries.patient_stats(session)
        programme = queries.loyalty_stats(session)
        places = hospitals.all_hospitals(session)
    _figures(stats, programme)
    if actor.may(Permission.PATIENTS_WRITE):
        _ways_in()
    views.bar(actor, "patients", FILTERS)
    _filter_widgets({place.id: place.name for place in places})
    wanted = filters_of_address()
    with load() as session:
        found = tables.page_of(session, queries.list_members, wanted)
    tables.pick_one(
        Table(
            rows=[_row(member) for member in found.rows],
            columns=_COLUMNS,
            ids=[member.id for member in found.rows],
            alt="Patients, the newest first",
            empty=_nothing(stats),
            name="patients",
        ),
        opens=lambda patient_id: {"patient": str(patient_id), "tab": None},
    )
    if found.rows:
        tables.pages(found, "patient")
        beside.take_away(actor, "patients", wanted)
    elif _narrowed():
        st.button("Take all filters away", on_click=address_bar.go, args=(_only(),))


def _ways_in() -> None:
    with st.container(horizontal=True):
        st.button(
            "Register a patient",
            type="primary",
            icon=":material/person_add:",
            on_click=address_bar.go,
            args=({"new": "yes"},),
        )
        st.button(
            "Import a file",
            icon=":material/upload_file:",
            on_click=address_bar.go,
            args=({"import": "new", "page": None},),
        )


def _figures(stats: PatientStats, programme: LoyaltyStats) -> None:
    left, right = st.columns([3, 2])
    with left:
        cards.show(_cards(stats, programme), columns=2)
    with right.container(border=True, height="stretch"):
        st.subheader("Members by tier", anchor=False)
        _tiers(stats.tiers)


def _cards(stats: PatientStats, programme: LoyaltyStats) -> list[Card]:
    return [
        Card(
            "Patients",
            f"{stats.total_patients:,}",
            opens=_only(status=PatientStatus.ACTIVE),
            action=f"{stats.active_patients:,} active",
        ),
        Card(
            "New this month",
            f"{stats.new_this_month:,}",
            opens=_only(**{"from": f"{month_start(lagos_today())}"}),
        ),
        Card(
            "Points outstanding",
            f"{programme.points_outstanding:,}",
            opens=_only(points="1"),
            action="Who has points",
            help="Points that members have and that have not ended.",
        ),
        Card(
            "What they are worth",
            naira_short(programme.liability),
            f"₦{programme.naira_a_point:,.2f} a point",
            note="",
            neutral=True,
            help="Outstanding points × naira a point: what the house owes its members.",
        ),
    ]


def _tiers(members: Mapping[Tier, int]) -> None:
    tiers = list(Tier)
    chart = Chart(
        labels=[label_of(tier) for tier in tiers],
        series=[Series("Members", [members.get(tier, 0) for tier in tiers])],
        alt="Members by tier",
        empty="Nobody is a member yet.",
        name="members-by-tier",
        money=False,
        height=190,
        opens=lambda place, _: _only(tier=tiers[place]),
    )
    notes = [f"{members.get(tier, 0):,}" for tier in tiers]
    charts.bars_by_label(chart, [tone_of(tier) for tier in tiers], notes=notes)


def _only(**params: str) -> dict[str, str | None]:
    """These filters and no other."""
    return {**dict.fromkeys((*FILTERS, "page")), **params}


def _filter_widgets(hospital_names: Mapping[int, str]) -> None:
    homes = {state.name: state.name for state in states()}
    hospitals_by_id = {str(hospital_id): name for hospital_id, name in hospital_names.items()}
    address_bar.search("Name, phone, email, code, or the NIN's last four digits")
    with st.grid(3, min_column_width=150):
        address_bar.state("status", "Status", PatientStatus)
        address_bar.state("tier", "Tier", Tier)
        address_bar.choice("state", "State", homes, any_label="All states")
    with address_bar.more(*_MORE):
        address_bar.choice(
            "hospital", "Preferred hospital", hospitals_by_id, any_label="All hospitals"
        )
        address_bar.day("from", "Registered from")
        address_bar.day("to", "Registered to")
        address_bar.at_least("points", "Points, at least")


def _row(member: MemberRead) -> dict[str, object]:
    return {
        "Patient": member.name,
        "Phone": member.phone,
        "Tier": member.loyalty_tier,
        "Points": member.loyalty_points,
        "Status": member.status,
        "State": member.state,
        "Registered": member.registration_date,
        "Code": member.patient_code,
    }


def _narrowed() -> bool:
    return any(st.query_params.get(name) for name in FILTERS)


def _nothing(stats: PatientStats) -> str:
    if stats.total_patients:
        return "No patient fits. Look at the spelling, try the phone number, or take a filter away."
    return "No patients yet: register the first one above."
