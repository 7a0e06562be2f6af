"""Two records of one person made one: both side by side, what moves, and the word to do it."""

from dataclasses import dataclass
from hashlib import sha256

import streamlit as st

from crm_core.loyalty import merging, queries
from crm_core.loyalty.merging import Pair
from crm_core.loyalty.merging.schemas import Merge, MergeCommit
from crm_core.loyalty.schemas import MemberFilter, MemberRead
from crm_core.patients import queries as patients
from crm_core.patients.likeness import Likeness
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, plans, tables
from crm_core.ui.formatting import day
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.patients import fields
from crm_core.ui.plain import plain
from crm_core.ui.states import label_of
from crm_core.ui.tables import Table

_SHOWN, _MERGED = "_merge_as_shown", "_patient_merged"
_FOUND = 10
_CANDIDATES = {
    "Patient": tables.text(width=180),
    "Code": tables.text(width=110),
    "Born": tables.on_day(width=105),
    "Phone": tables.text(width=130),
    "State": tables.text(width=110),
    "Points": tables.number(width=80),
}


@dataclass(frozen=True)
class _Shown:
    """Two records with what they would be together, and the plan that is committed as shown."""

    pair: Pair
    fingerprint: str

    @property
    def digest(self) -> str:
        """Changes with anything that a person decides on."""
        return sha256(self.fingerprint.encode()).hexdigest()[:12]


def show(patient: MemberRead, actor: Actor) -> None:
    """The form at ``?do=merge``: first whom with, then what would become of both."""
    st.subheader("Merge with another record of the same person", anchor=False)
    other_id = address_bar.number("other")
    if other_id is None:
        _choose(patient)
    else:
        _decide(patient, other_id, actor)


def open_merged() -> None:
    """After a merge: writes the address of the record that stays."""
    if merged := st.session_state.pop(_MERGED, None):
        gone = dict.fromkeys(("do", "other", "find", "stays", "tab"))
        address_bar.go({"patient": merged, **gone})


def _choose(patient: MemberRead) -> None:
    find = address_bar.search("Find the other record: name, phone, email or code", param="find")
    with load() as session:
        if find:
            wanted = MemberFilter(search=find, limit=_FOUND + 1)
            found = list(queries.list_members(wanted).page(session).rows)
        else:
            likeness = Likeness.model_validate(patient.model_dump(exclude={"nin"}))
            alike = patients.resembling(session, likeness)
            found = [queries.get_member(session, each.id) for each in alike]
    others = [each for each in found if each.id != patient.id][:_FOUND]
    if others and not find:
        st.text("These have the same phone, or the same name and date of birth:")
    empty = "Nobody fits." if find else "Nobody here resembles this patient: search above."
    tables.pick_one(
        Table(
            rows=[_candidate(each) for each in others],
            columns=_CANDIDATES,
            ids=[each.id for each in others],
            alt="Records that may be of the same person",
            empty=empty,
            name="merge-candidates",
        ),
        opens=lambda other_id: {"other": str(other_id), "find": None},
    )


def _candidate(each: MemberRead) -> dict[str, object]:
    return {
        "Patient": each.name,
        "Code": each.patient_code,
        "Born": each.date_of_birth,
        "Phone": each.phone,
        "State": each.state,
        "Points": each.loyalty_points,
    }


def _decide(patient: MemberRead, other_id: int, actor: Actor) -> None:
    address_bar.link_back("Choose another record", without=["other", "stays"])
    with load() as session:
        other = queries.get_member(session, other_id)
    stays = address_bar.choice(
        "stays", "Which one stays?", {"other": _called(other)}, any_label=_called(patient)
    )
    stayed, gone = (other, patient) if stays else (patient, other)
    shown = _look(Merge(stays_id=stayed.id, gone_id=gone.id), actor)
    _say_if_changed(shown)
    _what_moves(shown.pair)
    _side_by_side(shown.pair)
    _confirm(shown, actor)


def _look(wanted: Merge, actor: Actor) -> _Shown:
    with load() as session:
        pair = merging.look_at_merge(session, wanted, actor=actor)
    return _Shown(pair, merging.plan_of(pair).fingerprint)


def _say_if_changed(shown: _Shown) -> None:
    name = f"{shown.pair.stays.id}-{shown.pair.gone.id}"
    before, _, digest = str(st.session_state.get(_SHOWN, "")).partition("|")
    if before == name and digest != shown.digest:
        st.warning("One of the two was changed since you looked: look again before you merge.")
    st.session_state[_SHOWN] = f"{name}|{shown.digest}"


def _what_moves(pair: Pair) -> None:
    with st.grid(4, min_column_width=160):
        st.metric("Points that move", f"{pair.moved:,}", border=True)
        st.metric("Points together", f"{pair.after.loyalty_points:,}", border=True)
        st.metric("Tier together", label_of(pair.after.loyalty_tier), border=True)
        st.metric("Visits together", f"{pair.after.visit_count:,}", border=True)
    if pair.ended > 0:
        st.text(f"{pair.ended:,} points end: a person is welcomed once.")


def _side_by_side(pair: Pair) -> None:
    read = [_written(each) for each in (pair.stays, pair.gone, pair.after)]
    rows: list[dict[str, object]] = [
        {"": name, "Stays": read[0][name], "Goes": read[1][name], "Together": read[2][name]}
        for name in read[0]
    ]
    columns = {
        "": tables.text(width=140, pinned=True),
        "Stays": tables.text(width=200),
        "Goes": tables.text(width=200),
        "Together": tables.text(width=200),
    }
    alt = "Both records, and what they are together"
    tables.show(Table(rows=rows, columns=columns, alt=alt, empty=""))


def _confirm(shown: _Shown, actor: Actor) -> None:
    stays, gone = shown.pair.stays, shown.pair.gone
    # What was shown is in the form's name: a click on what has changed since finds no form.
    with Form(f"merge-{shown.digest}") as form:
        st.text(
            f"{gone.patient_code} is closed, and its code leads to {stays.patient_code}. This can"
            " be undone from its receipt as long as the points that move are not used."
        )
        form.reason("How do you know that it is the same person?")
        sent = form.submit(plain(f"Merge {gone.patient_code} into {stays.patient_code}"))
    if not sent:
        return
    kept = {_MERGED: str(stays.id)}
    why = str(form.values["reason"])
    with act("The records are one", why=why, once=form.token, keep=kept) as session:
        wanted = {"stays_id": stays.id, "gone_id": gone.id, "fingerprint": shown.fingerprint}
        data = MergeCommit.model_validate({**form.values, **wanted})
        receipt = merging.commit_merge(session, data, actor=actor)
        kept |= plans.kept_receipt(receipt)


def _called(patient: MemberRead) -> str:
    return f"{patient.patient_code} {patient.name}"


def _written(patient: MemberRead) -> dict[str, str]:
    agreed = patient.communication_preferences.model_dump()
    return {
        "Code": patient.patient_code,
        "Name": " ".join(
            filter(None, (patient.first_name, patient.middle_name, patient.last_name))
        ),
        "Born": day(patient.date_of_birth),
        "Phone": ", ".join(filter(None, (patient.phone, patient.alternate_phone))),
        "Email": patient.email or "–",
        "NIN": patient.nin or "–",
        "NHIS number": patient.nhis_number or "–",
        "Address": f"{patient.address}, {patient.city}, {patient.state}",
        "Blood, genotype": f"{patient.blood_group or '–'}, {patient.genotype or '–'}",
        "Allergies": ", ".join(patient.allergies) or "–",
        "Conditions": ", ".join(patient.chronic_conditions) or "–",
        "Emergency": patient.emergency_contact_phone or "–",
        "Agreed to": ", ".join(fields.CHANNELS[name] for name in agreed if agreed[name]) or "–",
        "Registered": day(patient.registration_date),
        "Points, tier": f"{patient.loyalty_points:,}, {label_of(patient.loyalty_tier)}",
    }
