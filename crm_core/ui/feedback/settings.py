"""Settings of feedback: targets, working hours, holidays, words of alarm; others may read them."""

import streamlit as st

from crm_core.base.clock import lagos_today
from crm_core.feedback import rules, service
from crm_core.feedback.schemas import (
    AlarmTopic,
    AlarmWordCreate,
    DayOff,
    FeedbackType,
    HolidayChange,
    HolidayRead,
    HoursChange,
    HoursRead,
    Priority,
    TargetChange,
    TargetRead,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import tables
from crm_core.ui.formatting import day
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.states import label_of

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOPICS = {AlarmTopic.HARM: "Harm to somebody", AlarmTopic.BREACH: "A breach of data"}
_FOLLOWS = "Open cases follow within a minute"


def show(actor: Actor) -> None:
    """Everything that the clocks and the alarm go by, and the forms for whoever may change it."""
    if not actor.may(Permission.SETTINGS_WRITE):
        st.text("An administrator changes these. Escalations and links are under Admin, Settings.")
    with st.grid(2, min_column_width=380):
        with st.container(border=True, height="stretch"):
            st.subheader("Targets, in working hours", anchor=False)
            _targets(actor)
        with st.container(border=True, height="stretch"):
            st.subheader("Working hours", anchor=False)
            _hours(actor)
        with st.container(border=True, height="stretch"):
            st.subheader("Public holidays", anchor=False)
            _holidays(actor)
        with st.container(border=True, height="stretch"):
            st.subheader("Words that make it critical", anchor=False)
            _words(actor)


def _targets(actor: Actor) -> None:
    with load() as session:
        found = rules.list_targets(session)
    columns = {
        "Kind": tables.text(width=130),
        "Priority": tables.state(list(Priority), width=85),
        "Answer": tables.text(width=75),
        "Resolution": tables.text(width=85),
    }
    shown = [_target(target) for target in found]
    tables.show(tables.Table(shown, columns, alt="Targets by kind and priority", empty="None."))
    if not actor.may(Permission.SETTINGS_WRITE):
        return
    with st.popover("Change a target"), Form("target", border=False) as form:
        form.choice("type", "Kind", {each.value: label_of(each.value) for each in FeedbackType})
        form.choice("priority", "Priority", {each.value: label_of(each) for each in Priority})
        form.number("response_hours", "Working hours until an answer")
        form.number("resolution_hours", "Working hours until it is resolved")
        sent = form.submit("Set the target")
    if sent:
        with act(_FOLLOWS, once=form.token) as session:
            service.set_target(session, TargetChange.model_validate(form.given()), actor=actor)


def _target(target: TargetRead) -> dict[str, object]:
    return {
        "Kind": label_of(target.type),
        "Priority": target.priority.value,
        "Answer": f"{target.response_hours:g} h",
        "Resolution": f"{target.resolution_hours:g} h",
    }


def _hours(actor: Actor) -> None:
    with load() as session:
        found = rules.list_hours(session)
    columns = {"Day": tables.text(), "Hours": tables.text()}
    shown = [{"Day": _DAYS[each.weekday - 1], "Hours": _span(each)} for each in found]
    tables.show(tables.Table(shown, columns, alt="Working hours by weekday", empty="None."))
    if not actor.may(Permission.SETTINGS_WRITE):
        return
    with st.popover("Change a day"), Form("hours", border=False) as form:
        form.choice("weekday", "Day", dict(enumerate(_DAYS, start=1)))
        form.text("opens", "From, such as 08:00 (empty for a day off)")
        form.text("closes", "To, such as 17:00")
        sent = form.submit("Set the hours")
    if sent:
        with act(_FOLLOWS, once=form.token) as session:
            service.set_hours(session, HoursChange.model_validate(form.given()), actor=actor)


def _span(hours: HoursRead) -> str:
    return f"{hours.opens:%H:%M} – {hours.closes:%H:%M}" if hours.opens else "Nobody works"


def _holidays(actor: Actor) -> None:
    year = lagos_today().year
    with load() as session:
        found = [*rules.days_off(session, year), *rules.days_off(session, year + 1)]
        changes = rules.list_changes(session)
    columns = {
        "Day": tables.on_day(width=110),
        "Holiday": tables.text(width=155),
        "Note": tables.text(width=140),
    }
    tables.show(
        tables.Table([_off(each) for each in found], columns, alt="Public holidays", empty="None.")
    )
    if not actor.may(Permission.SETTINGS_WRITE):
        return
    with st.popover("A day was moved, added or is worked"), Form("holiday", border=False) as form:
        form.day("day", "Day")
        kinds = {"yes": "It is a holiday", "no": "It is worked after all"}
        form.choice("is_holiday", "What it is", kinds, "yes")
        form.text("name", "What it is called, or why")
        sent = form.submit("Write it down")
    if sent:
        with act(_FOLLOWS, once=form.token) as session:
            service.set_holiday(session, HolidayChange.model_validate(form.given()), actor=actor)
    _take_back(actor, changes)


def _off(each: DayOff) -> dict[str, object]:
    note = "Written down here" if each.added else "May still move" if each.estimated else ""
    return {"Day": each.day, "Holiday": each.name, "Note": note}


def _take_back(actor: Actor, changes: list[HolidayRead]) -> None:
    if not changes:
        return
    with st.popover("Take a change back"), Form("unchange", border=False) as form:
        labels = {
            each.id: f"{day(each.day)}: {each.name}" + ("" if each.is_holiday else " (worked)")
            for each in changes
        }
        form.choice("id", "Change", labels)
        sent = form.submit("Take it back")
    if sent and isinstance(form.values["id"], int):
        with act(_FOLLOWS, once=form.token) as session:
            service.remove_holiday(session, form.values["id"], actor=actor)


def _words(actor: Actor) -> None:
    with load() as session:
        found = rules.list_alarm_words(session)
    columns = {"Word": tables.text(width=190), "Warns of": tables.text(width=150)}
    shown = [{"Word": each.word, "Warns of": _TOPICS[each.topic]} for each in found]
    tables.show(tables.Table(shown, columns, alt="Words of alarm", empty="No word yet."))
    if not actor.may(Permission.SETTINGS_WRITE):
        return
    with st.popover("Add a word"), Form("word", border=False) as form:
        form.text("word", "Word or phrase", help="With * at its end: whatever begins so.")
        form.choice("topic", "Warns of", {each.value: told for each, told in _TOPICS.items()})
        sent = form.submit("Add it")
    if sent:
        with act("What is said from now on is looked through for it", once=form.token) as session:
            data = AlarmWordCreate.model_validate(form.given())
            service.add_alarm_word(session, data, actor=actor)
    with st.popover("Remove a word"), Form("unword", border=False) as form:
        form.choice("id", "Word", {each.id: each.word for each in found})
        gone = form.submit("Remove it")
    if gone and isinstance(form.values["id"], int):
        with act("The word is removed", once=form.token) as session:
            service.remove_alarm_word(session, form.values["id"], actor=actor)
