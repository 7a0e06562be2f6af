"""Drafting a campaign: whom, what, on which channels, and at once what it would do and cost."""

from collections.abc import Mapping, Sequence

import streamlit as st
from pydantic import ValidationError

from crm_core.base.validation import problems_of
from crm_core.campaigns import queries, service
from crm_core.campaigns.schemas import (
    CampaignCreate,
    CampaignRead,
    CampaignType,
    CampaignUpdate,
    Goal,
    TargetAudience,
)
from crm_core.campaigns.segments.schemas import Criteria
from crm_core.messaging.parts import sms_parts, warning_of
from crm_core.messaging.schemas import Channel
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, while_typing
from crm_core.ui.campaigns import seen, segments, words
from crm_core.ui.formatting import counted
from crm_core.ui.page import act, form_token, load, renew_form
from crm_core.ui.plain import plain
from crm_core.ui.states import label_of

_SENDABLE = (Channel.SMS, Channel.EMAIL, Channel.WHATSAPP)
_OPENED = "_drafted_campaign"
_CALLED = {"name": "Name", "channels": "Channels", "message_template": "Message"}


def new(actor: Actor) -> None:
    """The form for a new campaign."""
    address_bar.link_back("Back, keep nothing", without=["do"])
    st.header("New campaign", anchor=False)
    token = form_token(_name(None))
    data = _form(actor, {}, token)
    if data is not None:
        kept: dict[str, str] = {}
        with act("The draft is saved", once=token, keep=kept) as session:
            kept[_OPENED] = str(service.create_campaign(session, data, actor=actor).id)


def open_form(campaign_id: int) -> None:
    """Leads to the form of a campaign as it is now, whatever was typed there and left before."""
    renew_form(_name(campaign_id))
    address_bar.go({"do": "edit"})


def edit(actor: Actor, campaign: CampaignRead) -> None:
    """The same form for one that exists; one that was approved becomes a draft again."""
    address_bar.link_back("Back, change nothing", without=["do"])
    name = _name(campaign.id)
    token = form_token(name)
    # The version that the person began to edit: what others change meanwhile is not overwritten.
    version = st.session_state.setdefault(f"version-{token}", campaign.version)
    if version != campaign.version:
        st.warning("Somebody changed this campaign while you were editing it.")
        st.button("Begin again from how it is now", on_click=renew_form, args=(name,))
    if campaign.approved_at is not None:
        st.warning("An edit makes this campaign a draft again: somebody has to approve it anew.")
    with load():
        before = queries.written(campaign).model_dump(mode="json")
    data = _form(actor, before, token)
    if data is not None:
        change = data.model_dump(mode="json", exclude={"scheduled_date"}) | {"version": version}
        kept = {_OPENED: str(campaign.id)}
        with act("The draft is saved", once=token, keep=kept | seen.done(campaign)) as session:
            update = CampaignUpdate.model_validate(change)
            service.update_campaign(session, campaign.id, update, actor=actor)


def open_drafted() -> None:
    """Leads to the campaign that was saved in the run before."""
    drafted = st.session_state.pop(_OPENED, "")
    if drafted:
        address_bar.go({"campaign": drafted, "do": None})


def _name(campaign_id: int | None) -> str:
    return f"campaign-{campaign_id or 'new'}"


def _form(actor: Actor, before: Mapping[str, object], token: str) -> CampaignCreate | None:
    """The campaign as it is written, in the run that follows a click on Save."""
    given = _what(before, token) | _whom(before, token, actor) | _says(before, token)
    given |= _measured(before, token)
    if CampaignType(str(given["type"])).stays_open:
        given |= _repeated(before, token)
    data = _judged(given)
    sent = st.button("Save the draft", type="primary", key=f"save-{token}", disabled=data is None)
    return data if sent else None


def _what(before: Mapping[str, object], token: str) -> dict[str, object]:
    with st.container(border=True):
        st.subheader("What it is", anchor=False)
        left, right = st.columns([3, 2])
        kinds = [kind.value for kind in CampaignType]
        kind = str(before.get("type", CampaignType.PROMOTIONAL.value))
        return {
            "name": left.text_input("Name", str(before.get("name", "")), key=f"name-{token}"),
            "type": right.selectbox(
                "Kind", kinds, kinds.index(kind), format_func=label_of, key=f"type-{token}"
            ),
            "description": st.text_input(
                "What it is for", str(before.get("description") or ""), key=f"for-{token}"
            )
            or None,
        }


def _whom(before: Mapping[str, object], token: str, actor: Actor) -> dict[str, object]:
    with st.container(border=True):
        st.subheader("Whom it is for", anchor=False)
        audiences = list(words.AUDIENCES)
        kept_audience = str(before.get("target_audience", TargetAudience.ALL_PATIENTS.value))
        chosen = st.radio(
            "Audience",
            audiences,
            audiences.index(kept_audience),
            horizontal=True,
            format_func=words.AUDIENCES.__getitem__,
            key=f"audience-{token}",
        )
        given: dict[str, object] = {"target_audience": chosen}
        if chosen == TargetAudience.SPECIFIC_SEGMENT:
            kept = Criteria.model_validate(before.get("segment_criteria") or {})
            criteria = segments.Builder(token, kept).show(actor)
            given["segment_criteria"] = criteria
            if criteria is not None:
                segments.live_count(f"{st.user.get('ops_sid')}-{token}", criteria, actor)
        if chosen == TargetAudience.CUSTOM:
            st.text("Save the draft: the list is uploaded on its page, under Message.")
    return given


def _says(before: Mapping[str, object], token: str) -> dict[str, object]:
    channels = [channel.value for channel in _SENDABLE]
    kept = before.get("channels", ["sms"])
    chosen_before = [str(one) for one in kept] if isinstance(kept, list) else []
    with st.container(border=True):
        st.subheader("What it says", anchor=False)
        chosen = st.multiselect(
            "Channels",
            [*channels, *(one for one in chosen_before if one not in channels)],
            default=chosen_before,
            format_func=label_of,
            key=f"channels-{token}",
        )
        while_typing.listen()
        with st.container(key=while_typing.key("campaign")):
            body = st.text_area(
                "Message", str(before.get("message_template", "")), key=f"body-{token}", height=120
            )
        st.caption(
            "Filled in for each person: {name} {first_name} {hospital} {points} {tier} {benefits}"
            " {date} {time} {unsubscribe}"
        )
        if body and "sms" in chosen:
            parts = sms_parts(body)
            told = f"{counted(parts.parts, 'part')} · {parts.encoding}"
            st.text(f"As an SMS: {told} · {counted(parts.length, 'character')}")
            warning = warning_of(body)
            if warning:
                st.warning(plain(warning))
        texts = {channel: _own_text(channel, before, token, body) for channel in chosen}
    return {
        "channels": list(chosen),
        "message_template": body,
        "texts": {channel: text for channel, text in texts.items() if text},
    }


def _own_text(
    channel: str, before: Mapping[str, object], token: str, message: str
) -> dict[str, str] | None:
    """A text of the channel's own, where it has one; a subject alone is one of the message."""
    kept = _kept_text(channel, before)
    with st.expander(f"Other words by {label_of(channel)}", expanded=bool(kept)):
        body = st.text_area("Text", kept.get("body", ""), key=f"own-{channel}-{token}")
        subject = ""
        if channel == Channel.EMAIL:
            subject = st.text_input(
                "Subject",
                kept.get("subject", ""),
                key=f"subject-{token}",
                help="Without one the name of the campaign is the subject.",
            ).strip()
    words = body if body.strip() else message if subject else ""
    if not words.strip():
        return None
    return {"body": words} | ({"subject": subject} if subject else {})


def _kept_text(channel: str, before: Mapping[str, object]) -> dict[str, str]:
    """What was given of a text; the message under a subject of its own is not given twice."""
    texts = before.get("texts")
    found = texts.get(channel) if isinstance(texts, dict) else None
    kept = {name: value for name, value in (found or {}).items() if value}
    same = "subject" in kept and kept.get("body") == before.get("message_template")
    return {"subject": kept["subject"]} if same else kept


def _measured(before: Mapping[str, object], token: str) -> dict[str, object]:
    with st.container(border=True), st.grid(3, min_column_width=180):
        names = list(words.GOALS)
        goal = st.selectbox(
            "Goal",
            names,
            names.index(str(before.get("goal", Goal.NONE.value))),
            format_func=words.GOALS.__getitem__,
            key=f"goal-{token}",
        )
        days = st.number_input(
            "Counted for so many days",
            1,
            365,
            _number(before, "goal_days", 14),
            key=f"days-{token}",
        )
        control = st.number_input(
            "Control group, in per cent",
            0,
            50,
            _number(before, "control_percent", 10),
            key=f"control-{token}",
            help="People left out by lot, with whom the effect is compared.",
        )
    return {"goal": goal, "goal_days": int(days), "control_percent": int(control)}


def _repeated(before: Mapping[str, object], token: str) -> dict[str, object]:
    """A reminder goes on every day: whether somebody whom its rule reaches again gets it again."""
    with st.container(border=True):
        days = st.number_input(
            "Again after so many days",
            0,
            365,
            _number(before, "repeat_after_days", 0),
            key=f"again-{token}",
            help="0: each person once, however long the reminder runs.",
        )
    return {"repeat_after_days": int(days) or None}


def _number(before: Mapping[str, object], name: str, usual: int) -> int:
    kept = before.get(name, usual)
    return kept if isinstance(kept, int) else usual


def _judged(given: Mapping[str, object]) -> CampaignCreate | None:
    """What was given as a campaign, or what is wrong with it in sentences."""
    if "segment_criteria" in given and given["segment_criteria"] is None:
        return None
    try:
        return CampaignCreate.model_validate(dict(given))
    except ValidationError as error:
        _complain([(each.path, each.message) for each in problems_of(error)], given)
        return None


def _complain(problems: Sequence[tuple[str, str]], given: Mapping[str, object]) -> None:
    """What is not written yet is no mistake: it is named quietly; what is wrong is a warning."""
    missing = [_CALLED[path] for path, _ in problems if path in _CALLED and not given.get(path)]
    for path, message in problems:
        if path not in _CALLED or given.get(path):
            called = _CALLED.get(path) or label_of(path)
            st.warning(plain(f"{called}: {message}" if path else message))
    if missing:
        st.caption(f"Still missing: {', '.join(missing).lower()}.")
