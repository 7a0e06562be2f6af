"""What happens to each person of an audience, and why: one statement for preview and launch.

Each channel has its *fate*: queued, or the first reason against it. A person is queued where a
channel is; else the first channel's reason is the person's. The control group is drawn by lot from
those who would get something, so that both groups differ by nothing but the messages.
"""

from typing import Any

from sqlalchemy import CTE, BigInteger, Subquery, TextualSelect, bindparam, column, text

from crm_core.campaigns.audiences import Brief, audience_of
from crm_core.campaigns.models import FATE
from crm_core.campaigns.schemas import TargetAudience
from crm_core.messaging.schemas import Channel, Purpose, RecipientType

ASKING = tuple(purpose.value for purpose in Purpose if purpose.needs_consent)
CHANNELS = tuple(channel.value for channel in Channel)


def decided(brief: Brief) -> TextualSelect:
    """``person_id``, ``outcome``, and a fate for each of the campaign's channels."""
    channels = [channel.value for channel in brief.campaign.channels]
    statement = text(_statement(brief, channels)).bindparams(*_values(brief))
    return statement.columns(
        column("person_id", BigInteger),
        column("outcome", FATE),
        *(column(c, FATE) for c in channels),
    ).add_cte(_audience(brief))


def _audience(brief: Brief) -> CTE:
    """Everybody is read twice from the table rather than kept; a segment is worked out once."""
    audience = audience_of(brief).cte("audience")
    return audience if _is_segment(brief) else audience.prefix_with("NOT MATERIALIZED")


def _is_segment(brief: Brief) -> bool:
    return brief.campaign.target_audience is TargetAudience.SPECIFIC_SEGMENT


def decided_table(brief: Brief) -> Subquery:
    """The same to select from."""
    return decided(brief).subquery("decided")


def _values(brief: Brief) -> list[Any]:
    values: dict[str, Any] = {
        "kind": brief.recipient_type.value,
        "purpose": brief.purpose.value,
        "seed": brief.campaign_id,
        "thousandths": brief.campaign.control_percent * 10,
    }
    if not brief.purpose.needs_consent:
        del values["purpose"]
    return [bindparam(name, value) for name, value in values.items()]


def _statement(brief: Brief, channels: list[str]) -> str:
    """Put together from words of our own alone; what people gave is bound.

    OFFSET keeps each step's expressions from being written into every mention of them above.
    """
    raw = ", ".join(f"{_raw_fate(brief, c)} AS {c}" for c in channels)
    capped = ", ".join(_capped(brief, channels, n) for n in range(len(channels)))
    recent = "coalesce(r.messages, 0)" if brief.purpose.needs_consent else "0"
    eligible = " OR ".join(f"{c} = 'queued'" for c in channels)
    shown = ", ".join(
        f"CASE WHEN control AND {c} = 'queued' THEN {_fate('control')} ELSE {c} END AS {c}"
        for c in channels
    )
    return f"""
        SELECT person_id,
               CASE WHEN control THEN {_fate("control")} WHEN {eligible} THEN {_fate("queued")}
                    ELSE {channels[0]} END AS outcome, {shown}
        FROM (SELECT person_id, {", ".join(channels)}, ({eligible})
                     AND mod(hashint8extended(person_id, :seed) & 9007199254740991, 1000)
                         < :thousandths AS control
              FROM (SELECT person_id, {capped}
                    FROM (SELECT a.person_id, {recent} AS recent, {raw}
                          FROM audience a {_joins(brief, channels)} OFFSET 0) AS raw
                    OFFSET 0) AS capped OFFSET 0) AS drawn
    """  # noqa: S608 (see the docstring)


def _raw_fate(brief: Brief, channel: str) -> str:
    """The first thing that speaks against a channel, but for the cap."""
    if channel in {"push", "call"}:
        return _fate("no_address")  # nothing sends these yet
    address = "email" if channel == "email" else "phone"
    cases = [(f"coalesce(o.{channel}, false)", "opted_out")]
    if brief.recipient_type is RecipientType.PATIENT:
        cases.append((f"NOT coalesce((a.agreed -> '{channel}')::boolean, false)", "no_consent"))
    cases.append((f"a.{address} IS NULL", "no_address"))
    if address == "phone":
        cases.append(("a.phone NOT LIKE '+234%' OR length(a.phone) <> 14", "invalid_number"))
    cases.append((f"s_{channel}.address IS NOT NULL", "suppressed"))
    if address == "phone" and brief.purpose.needs_consent:
        cases.append(("shared.person_id IS NOT NULL", "shared_number"))
    if brief.speaks_of_appointment:
        cases.append(("n.patient_id IS NULL", "no_appointment"))
    whens = " ".join(f"WHEN {condition} THEN {_fate(fate)}" for condition, fate in cases)
    return f"CASE {whens} ELSE {_fate('queued')} END"


def _fate(word: str) -> str:
    """A word of the enumeration; a text would be looked up there for every row."""
    return f"'{word}'::crm_fate"


def _capped(brief: Brief, channels: list[str], position: int) -> str:
    """A person gets no more messages a week than the cap says, the first channels first."""
    channel = channels[position]
    if not brief.purpose.needs_consent:
        return channel
    used = "".join(f" + ({c} = 'queued')::integer" for c in channels[:position])
    return (
        f"CASE WHEN {channel} = 'queued' AND recent{used} >= ({_CAP})"
        f" THEN {_fate('capped')} ELSE {channel} END AS {channel}"
    )


def _joins(brief: Brief, channels: list[str]) -> str:
    joins = [_OPTED_OUT.format(same="" if not brief.purpose.needs_consent else _SAME_PURPOSE)]
    reached = [c for c in channels if c not in {"push", "call"}]
    addresses = {c: "email" if c == "email" else "phone" for c in reached}
    joins += [_SUPPRESSED.format(channel=c, address=addresses[c]) for c in reached]
    if brief.purpose.needs_consent:
        # No two people have the same email address: the database holds that.
        joins += [_shared(brief)] if "phone" in addresses.values() else []
        joins.append(_RECENTLY.format(asking=", ".join(f"'{one}'" for one in ASKING)))
    if brief.speaks_of_appointment:
        joins.append(_NEXT_APPOINTMENT)
    return "\n".join(joins)


def _shared(brief: Brief) -> str:
    having = _HAVING if _is_segment(brief) else _HAVING_OF_ALL
    return _SHARED.format(people=f"crm_{brief.recipient_type.value}s", having=having)


_CAP = "SELECT value FROM crm_parameters WHERE name = 'messaging.weekly_cap'"
_SAME_PURPOSE = "OR purpose = CAST(:purpose AS crm_purpose)"
_OPTED_OUT = """
    LEFT JOIN (SELECT recipient_id, bool_or(channel = 'sms') AS sms,
                      bool_or(channel = 'email') AS email, bool_or(channel = 'whatsapp') AS whatsapp
               FROM (SELECT DISTINCT ON (recipient_id, channel, purpose)
                            recipient_id, channel, opted_out
                     FROM crm_contact_choices
                     WHERE recipient_type = CAST(:kind AS crm_recipient)
                       AND (purpose IS NULL {same})
                     ORDER BY recipient_id, channel, purpose, id DESC) AS latest
               WHERE opted_out GROUP BY recipient_id) AS o ON o.recipient_id = a.person_id
"""
_SUPPRESSED = """
    LEFT JOIN crm_suppressed_addresses AS s_{channel} ON s_{channel}.channel = '{channel}'
        AND s_{channel}.address = a.{address} AND s_{channel}.lifted_at IS NULL
"""
# The first of those who share a number is written to; that may be somebody who is left out for
# another reason, and then nobody of them is: rather one message too few than two to one telephone.
# Which numbers there are twice an index knows; of everybody, those few are looked up.
_SHARED = """
    LEFT JOIN (SELECT person_id
               FROM (SELECT h.person_id, min(h.person_id) OVER (PARTITION BY h.phone) AS first_id
                     FROM (SELECT phone FROM {people} GROUP BY phone HAVING count(*) > 1) AS twice
                     {having}) AS several
               WHERE person_id > first_id) AS shared ON shared.person_id = a.person_id
"""
_HAVING_OF_ALL = (
    "CROSS JOIN LATERAL (SELECT * FROM audience WHERE phone = twice.phone OFFSET 0) AS h"
)
_HAVING = "JOIN audience AS h USING (phone)"
_RECENTLY = """
    LEFT JOIN (SELECT recipient_id, count(*) AS messages FROM crm_communication_logs
               WHERE sent_at > now() - interval '7 days' AND purpose IN ({asking})
                 AND recipient_type = CAST(:kind AS crm_recipient)
                 AND status IN ('sent', 'delivered', 'read', 'unknown')
               GROUP BY recipient_id) AS r ON r.recipient_id = a.person_id
"""
_NEXT_APPOINTMENT = """
    LEFT JOIN (SELECT DISTINCT patient_id FROM crm_appointments
               WHERE starts_at > now() AND status IN ('scheduled', 'confirmed'))
        AS n ON n.patient_id = a.person_id
"""
