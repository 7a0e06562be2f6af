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
    values: dict[str, Any] = {"kind": brief.recipient_type.value}
    if brief.purpose.needs_consent:
        values["purpose"] = brief.purpose.value
    if brief.campaign.control_percent:
        values["seed"] = brief.campaign_id
        values["thousandths"] = brief.campaign.control_percent * 10
    return [bindparam(name, value) for name, value in values.items()]


def _statement(brief: Brief, channels: list[str]) -> str:
    """Put together from words of our own alone; what people gave is bound.

    OFFSET keeps each step's expressions from being written into every mention of them above; a
    step that changes nothing is left out, for each costs its share of a million rows.
    """
    fates = ", ".join(f"{_raw_fate(brief, c)} AS {c}" for c in channels)
    if brief.purpose.needs_consent:
        fates = f"coalesce(k.recent, 0) AS recent, {fates}"
    joins = _joins(brief, channels)
    steps = f"SELECT a.person_id, {fates} FROM audience a {joins} OFFSET 0"  # noqa: S608
    if brief.purpose.needs_consent:
        capped = ", ".join(_capped(channels, n) for n in range(len(channels)))
        steps = f"SELECT person_id, {capped} FROM ({steps}) AS raw OFFSET 0"  # noqa: S608
    eligible = " OR ".join(f"{c} = 'queued'" for c in channels)
    shown, control = ", ".join(channels), ""
    if brief.campaign.control_percent:
        steps = _DRAWN.format(channels=shown, eligible=eligible, steps=steps)
        shown = ", ".join(
            f"CASE WHEN control AND {c} = 'queued' THEN {_fate('control')} ELSE {c} END AS {c}"
            for c in channels
        )
        control = f"WHEN control THEN {_fate('control')}"
    return f"""
        SELECT person_id, CASE {control} WHEN {eligible} THEN {_fate("queued")}
                               ELSE {channels[0]} END AS outcome, {shown}
        FROM ({steps}) AS decided
    """  # noqa: S608 (see the docstring)


def _raw_fate(brief: Brief, channel: str) -> str:
    """The first thing that speaks against a channel, but for the cap."""
    if channel in {"push", "call"}:
        return _fate("no_address")  # nothing sends these yet
    address = "email" if channel == "email" else "phone"
    cases = [(f"k.opted_out_{channel}", "opted_out")]
    if brief.recipient_type is RecipientType.PATIENT:
        cases.append((f"a.agreed @> '{{\"{channel}\": true}}' IS NOT TRUE", "no_consent"))
    cases.append((f"a.{address} IS NULL", "no_address"))
    if address == "phone":
        cases.append(("a.phone NOT LIKE '+234%' OR length(a.phone) <> 14", "invalid_number"))
    cases.append((f"k.suppressed_{channel}", "suppressed"))
    if address == "phone" and brief.purpose.needs_consent:
        cases.append(("k.shared", "shared_number"))
    if brief.speaks_of_appointment:
        cases.append(("n.patient_id IS NULL", "no_appointment"))
    whens = " ".join(f"WHEN {condition} THEN {_fate(fate)}" for condition, fate in cases)
    return f"CASE {whens} ELSE {_fate('queued')} END"


def _fate(word: str) -> str:
    """A word of the enumeration; a text would be looked up there for every row."""
    return f"'{word}'::crm_fate"


def _capped(channels: list[str], position: int) -> str:
    """A person gets no more messages a week than the cap says, the first channels first."""
    channel = channels[position]
    used = "".join(f" + ({c} = 'queued')::integer" for c in channels[:position])
    return (
        f"CASE WHEN {channel} = 'queued' AND recent{used} >= ({_CAP})"
        f" THEN {_fate('capped')} ELSE {channel} END AS {channel}"
    )


def _joins(brief: Brief, channels: list[str]) -> str:
    """What is known of few is put together first and joined once to the many."""
    reached = [c for c in channels if c not in {"push", "call"}]
    facts = [f"{kind}_{c}" for c in reached for kind in ("opted_out", "suppressed")]
    known = [_OPTED_OUT.format(same="" if not brief.purpose.needs_consent else _SAME_PURPOSE)]
    known += [(_DEAD_EMAIL if c == "email" else _DEAD_NUMBER).format(channel=c) for c in reached]
    if brief.purpose.needs_consent:
        facts.append("shared")
        # No two people have the same email address: the database holds that.
        known += [_shared(brief)] if set(reached) - {"email"} else []
        known.append(_RECENTLY.format(asking=", ".join(f"'{one}'" for one in ASKING)))
    told = ", ".join(f"bool_or(fact = '{fact}') AS {fact}" for fact in facts)
    joined = _KNOWN.format(facts=told, known="UNION ALL".join(known))
    return f"{joined} {_NEXT_APPOINTMENT}" if brief.speaks_of_appointment else joined


def _shared(brief: Brief) -> str:
    having = _HAVING if _is_segment(brief) else _HAVING_OF_ALL
    return _SHARED.format(people=f"crm_{brief.recipient_type.value}s", having=having)


_DRAWN = """
    SELECT person_id, {channels}, ({eligible})
           AND mod(hashint8extended(person_id, :seed) & 9007199254740991, 1000) < :thousandths
           AS control
    FROM ({steps}) AS fates OFFSET 0
"""
_CAP = "SELECT ceil(value)::integer FROM crm_parameters WHERE name = 'messaging.weekly_cap'"
_SAME_PURPOSE = "OR purpose = CAST(:purpose AS crm_purpose)"
_KNOWN = """
    LEFT JOIN (SELECT person_id, sum(messages)::integer AS recent, {facts} FROM ({known}) AS facts
               GROUP BY person_id) AS k ON k.person_id = a.person_id
"""
_OPTED_OUT = """
    SELECT recipient_id AS person_id, 'opted_out_' || channel AS fact, NULL::bigint AS messages
    FROM (SELECT DISTINCT ON (recipient_id, channel, purpose) recipient_id, channel, opted_out
          FROM crm_contact_choices
          WHERE recipient_type = CAST(:kind AS crm_recipient) AND (purpose IS NULL {same})
          ORDER BY recipient_id, channel, purpose, id DESC) AS latest
    WHERE opted_out
"""
_DEAD_NUMBER = """
    SELECT person_id, 'suppressed_{channel}', NULL
    FROM audience JOIN crm_suppressed_addresses s ON s.address = phone
    WHERE s.channel = '{channel}' AND s.lifted_at IS NULL
"""
# Patients are found by their address in small letters; it is dead as it is written.
_DEAD_EMAIL = """
    SELECT person_id, 'suppressed_{channel}', NULL
    FROM audience JOIN crm_suppressed_addresses s
        ON lower(s.address) = lower(email) AND s.address = email
    WHERE s.channel = '{channel}' AND s.lifted_at IS NULL
"""
# The first of those who share a number is written to; that may be somebody who is left out for
# another reason, and then nobody of them is: rather one message too few than two to one telephone.
# Which numbers there are twice an index knows; of everybody, those few are looked up.
_SHARED = """
    SELECT person_id, 'shared', NULL
    FROM (SELECT h.person_id, min(h.person_id) OVER (PARTITION BY h.phone) AS first_id
          FROM (SELECT phone FROM {people} GROUP BY phone HAVING count(*) > 1) AS twice
          {having}) AS several
    WHERE person_id > first_id
"""
_HAVING_OF_ALL = (
    "CROSS JOIN LATERAL (SELECT * FROM audience WHERE phone = twice.phone OFFSET 0) AS h"
)
_HAVING = "JOIN audience AS h USING (phone)"
_RECENTLY = """
    SELECT recipient_id, 'recent', count(*) FROM crm_communication_logs
    WHERE sent_at > now() - interval '7 days' AND purpose IN ({asking})
      AND recipient_type = CAST(:kind AS crm_recipient)
      AND status IN ('sent', 'delivered', 'read', 'unknown')
    GROUP BY recipient_id
"""
_NEXT_APPOINTMENT = """
    LEFT JOIN (SELECT DISTINCT patient_id FROM crm_appointments
               WHERE starts_at > now() AND status IN ('scheduled', 'confirmed'))
        AS n ON n.patient_id = a.person_id
"""
