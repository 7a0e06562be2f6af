"""What hospitals took in: by month, and a month's figure recorded or corrected."""

from collections.abc import Mapping, Sequence

import streamlit as st

from crm_core.base.clock import last_months
from crm_core.hospitals import queries, service
from crm_core.hospitals.schemas import HospitalRead, RevenueRead, RevenueRecord
from crm_core.owners import contracts
from crm_core.owners.schemas import ContractFilter, OwnerRead
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import charts, tables
from crm_core.ui.charts import Chart, Series
from crm_core.ui.formatting import month
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.states import Tone
from crm_core.ui.tables import Table

_MONTHS = 12
_TONES = (Tone.TEAL, Tone.AMBER, Tone.INDIGO, Tone.SKY, Tone.ROSE, Tone.LIME)
_COLUMNS = {
    "Hospital": tables.text(width="medium"),
    "Month": tables.in_month(width=110),
    "Revenue": tables.naira(),
    "Recorded": tables.at(),
}


def of_owner(owner: OwnerRead, actor: Actor, places: Sequence[HospitalRead]) -> None:
    """Revenue of the owner's hospital and of those that contracts pay from."""
    with load() as session:
        signed = contracts.list_contracts(ContractFilter(owner_id=owner.id, limit=100))
        theirs = {contract.hospital_id for contract in signed.page(session).rows}
    wanted = theirs | {owner.hospital_id}
    mine = [place for place in places if place.id in wanted]
    if mine:
        show(mine, actor)
    else:
        tables.nothing("No hospital yet: choose one under Edit, or draft a contract.")


def show(places: Sequence[HospitalRead], actor: Actor) -> None:
    """The chart of these hospitals, the form for a month, and the figures."""
    names = {place.id: place.name for place in places}
    with load() as session:
        taken = queries.revenue_of(session, list(names), last_months(_MONTHS)[0])
    with st.container(border=True):
        st.subheader("Revenue by month", anchor=False)
        _chart(taken, names)
    if actor.may(Permission.OWNERS_WRITE):
        _record(names, actor)
    tables.show(
        Table(
            rows=[_row(each, names) for each in reversed(taken)],
            columns=_COLUMNS,
            alt="Monthly revenue, latest first",
            empty="No revenue is recorded for the last year.",
        )
    )


def _chart(taken: Sequence[RevenueRead], names: Mapping[int, str]) -> None:
    months = last_months(_MONTHS)
    found = {(each.hospital_id, each.month): each.gross_revenue for each in taken}
    series = [
        Series(
            name,
            [found.get((hospital_id, first)) for first in months],
            _TONES[n % len(_TONES)],
        )
        for n, (hospital_id, name) in enumerate(names.items())
    ]
    charts.bars(
        Chart(
            labels=charts.month_labels(months),
            series=series,
            alt="Gross revenue of the hospital by month, in naira",
            empty="No revenue is recorded for the last year.",
            name="revenue",
        )
    )


def _record(names: Mapping[int, str], actor: Actor) -> None:
    months = {f"{first}": month(first) for first in reversed(last_months(24))}
    with (
        st.expander("Record revenue"),
        Form(f"revenue-{'-'.join(map(str, names))}", border=False) as form,
    ):
        st.text("A second figure for a month corrects the first; payouts already made stay.")
        left, middle, right = st.columns(3)
        with left:
            form.choice("hospital_id", "Hospital", names, next(iter(names)))
        with middle:
            form.choice("month", "Month", months, list(months)[1])
        with right:
            form.money("gross_revenue", "Revenue")
        sent = form.submit("Record the revenue")
    if not sent:
        return
    with act("The revenue was recorded", once=form.token) as session:
        data = RevenueRecord.model_validate(form.given())
        service.record_revenue(session, data, actor=actor)


def _row(taken: RevenueRead, names: Mapping[int, str]) -> dict[str, object]:
    return {
        "Hospital": names[taken.hospital_id],
        "Month": taken.month,
        "Revenue": taken.gross_revenue,
        "Recorded": taken.updated_at,
    }
