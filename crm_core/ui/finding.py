"""Search from everywhere: the box in the sidebar, and what was found."""

from dataclasses import dataclass, field

import streamlit as st

from crm_core.insights.search import FIRST, Found, Hit, search
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, tables
from crm_core.ui.formatting import counted
from crm_core.ui.page import load
from crm_core.ui.tables import Table

_BOX, _ASKED = "_search_everywhere", "_search_asked"
_COLUMNS = {
    "What": tables.text(width=230),
    "Code": tables.text(width=110),
    "More": tables.text(width=300),
    "State": tables.text(width=110),
}


@dataclass(frozen=True)
class _Place:
    """Where a kind of record is shown: its page, and the parameters of one and of the list.

    Attributes:
        record: the parameter that names the record.
        beside: what else the address of the record needs.
        within: the parameter that names the record on whose page it stands.
    """

    label: str
    page: str
    record: str
    listing: dict[str, str]
    beside: dict[str, str] = field(default_factory=dict)
    within: str = ""

    def opens(self, hit: Hit) -> dict[str, str | None]:
        """Parameters of the address that show what was found."""
        owner = {self.within: str(hit.within)} if self.within else {}
        return {**self.beside, **owner, self.record: str(hit.id)}


_ALL_PAYOUTS = {"tab": "all-payouts"}
_CONTRACTS, _HOSPITALS = {"tab": "contracts"}, {"tab": "hospitals"}
PLACES = {
    "patients": _Place("patient", "pages/patients.py", "patient", {}),
    "owners": _Place("owner", "pages/owners.py", "owner", {"tab": "owners"}),
    "contracts": _Place(
        "contract", "pages/owners.py", "contract", _CONTRACTS, beside=_CONTRACTS, within="owner"
    ),
    "hospitals": _Place("hospital", "pages/owners.py", "hospital", _HOSPITALS, beside=_HOSPITALS),
    "doctors": _Place("doctor", "pages/appointments.py", "who", {"tab": "doctors"}),
    "payouts": _Place("payout", "pages/payouts.py", "payout", _ALL_PAYOUTS),
    "bank-files": _Place(
        "bank file", "pages/payouts.py", "file", _ALL_PAYOUTS, beside=_ALL_PAYOUTS
    ),
    "feedback": _Place("case", "pages/feedback.py", "feedback", {"tab": "all-feedback"}),
    "visits": _Place("visit", "pages/appointments.py", "visit", {"tab": "all-visits"}),
}


def box() -> None:
    """The box in the sidebar; what is typed there leads to the page of results."""
    st.text_input(
        "Search everything",
        key=_BOX,
        type="search",
        placeholder="Name, phone, code, reference",
        max_chars=100,
        on_change=_asked,
    )
    words = st.session_state.pop(_ASKED, "")
    if words:
        st.switch_page("pages/search.py", query_params={"q": words})


def show(actor: Actor) -> None:
    """The results of ``?q=``, by kind; every one opens its record."""
    words = address_bar.search("Name, phone, email, any code, reference of a payment")
    if not words:
        tables.nothing("Type what you know: a part of a name, the end of a phone number, a code.")
        return
    with load() as session:
        found = search(session, words, actor=actor)
    if not found:
        tables.nothing("Nothing fits. Try fewer letters, the phone number, or the code.")
    for kind in found:
        _kind(kind, words)


def _kind(found: Found, words: str) -> None:
    place = PLACES[found.kind]
    hits = {hit.id: hit for hit in found.hits}
    some = "more than 1,000" if found.total > 1000 else counted(found.total, place.label)
    st.subheader(some if found.total <= 1000 else f"{some} {place.label}s", anchor=False)
    tables.pick_one(
        Table(
            rows=[
                {"What": hit.title, "Code": hit.code, "More": hit.detail, "State": hit.state}
                for hit in found.hits
            ],
            columns=_COLUMNS,
            ids=[hit.id for hit in found.hits],
            alt=f"{place.label}s found",
            empty="",
            name=f"found-{found.kind}",
        ),
        opens=lambda record_id: place.opens(hits[record_id]),
        page=place.page,
    )
    if found.total > FIRST:
        st.page_link(
            place.page,
            label="All of them",
            icon=":material/arrow_forward:",
            query_params={**place.listing, "q": words},
        )


def _asked() -> None:
    """What was typed, for the run that follows: a callback cannot switch pages."""
    st.session_state[_ASKED] = st.session_state[_BOX].strip()
    st.session_state[_BOX] = ""
