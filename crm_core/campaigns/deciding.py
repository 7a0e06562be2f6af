"""What happens to each person of an audience, and why: one statement for preview and launch.

Each channel has its *fate*: queued, or the first reason against it. A person is queued where a
channel is; else the first channel's reason is the person's. The control group is drawn by lot from
those who would get something, so that both groups differ by nothing but the messages.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import CTE, BigInteger, Subquery, TextualSelect, column, text

from crm_core.campaigns.audiences import Brief, audience_of
from crm_core.campaigns.models import FATE
from crm_core.campaigns.schemas import TargetAudience
from crm_core.messaging.schemas import Channel, Purpose, RecipientType

ASKING = tuple(purpose.value for purpose in Purpose if purpose.needs_consent)
CHANNELS = tuple(channel.value for channel in Channel)


def decided(brief: Brief) -> TextualSelect:
    """``person_id``, ``outcome``, and a fate for each of the campaign's channels."""
    channels = [channel.value for channel in brief.campaign.channels]
    statement = _statement(brief, channels)
    named = {name: value for name, value in _values(brief).items() if f":{name}" in statement}
    return (
        text(statement)
        .bindparams(**named)
        .columns(
            column("person_id", BigInteger),
            column("outcome", FATE),
            *(column(c, FATE) for c in channels),
        )
        .add_cte(_audience(brief))
    )


def _audience(brief: Brief) -> CTE:
    """Everybody is read twice from the table rather than kept; a segment is worked out once."""
    audience = audience_of(brief).cte("audience")
    return audience if _is_segment(brief) else audience.prefix_with("NOT MATERIALIZED")


def _is_segment(brief: Brief) -> bool:
    return brief.campaign.target_audience is TargetAudience.SPECIFIC_SEGMENT


def decided_table(brief: Brief) -> Subquery:
    """The same to select from."""
    return decided(brief).subquery("decided")


def _values(brief: Brief) -> dict[str, Any]:
    return {
        "kind": brief.recipient_type.value,
        "purpose": brief.purpose.value,
        "seed": brief.campaign_id,
        "thousandths": brief.campaign.control_percent * 10,
    }


def _statement(brief: Brief, channels: list[str]) -> str:
    """Put together from words of our own alone; what people gave is bound.

    Inside, each channel is looked at by itself; outside, what the channels have to do with each
    other. OFFSET keeps what is inside from being written into every mention of it, and there are
    no more steps than these two, for each costs its share of a million rows.
    """
    inside = [f"{_fate_alone(brief, c)} AS {c}" for c in channels]
    if brief.purpose.needs_consent:
        inside.append("coalesce(k.recent, 0) AS recent")
    if brief.campaign.control_percent:
        inside.append(f"{_DRAWN} AS drawn")
    shown = ", ".join(_fate_among(brief, channels, n) for n in range(len(channels)))
    eligible = " OR ".join(f"{c} = 'queued'" for c in channels)
    control = f"WHEN drawn THEN {_fate('control')}" if brief.campaign.control_percent else ""
    return f"""
        SELECT person_id, CASE WHEN NOT ({eligible}) THEN {channels[0]} {control}
                               ELSE {_fate("queued")} END AS outcome, {shown}
        FROM (SELECT a.person_id, {", ".join(inside)} FROM audience a {_joins(brief, channels)}
              OFFSET 0) AS alone
    """  # noqa: S608 (see the docstring)


def _fate_alone(brief: Brief, channel: str) -> str:
    """The first thing that speaks against a channel, whatever becomes of the others."""
    if channel in {"push", "call"}:
        return _fate("no_address")  # nothing sends these yet
    address = "email" if channel == "email" else "phone"
    cases = [(f"k.opted_out_{channel}", "opted_out")]
    if brief.recipient_type is RecipientType.PATIENT:
        cases.append((f"a.agreed @> '{{\"{channel}\": true}}' IS NOT TRUE", "no_consent"))
    cases.append((f"a.{address} IS NULL", "no_address"))
    if address == "phone":
        cases.append(("a.phone NOT LIKE '+234__________'", "invalid_number"))
    cases.append((f"k.suppressed_{channel}", "suppressed"))
    if address == "phone" and brief.purpose.needs_consent:
        cases.append(("k.shared", "shared_number"))
    if brief.speaks_of_appointment:
        cases.append(("n.patient_id IS NULL", "no_appointment"))
    if brief.purpose.needs_consent:
        cases.append((f"coalesce(k.recent, 0) >= ({_CAP})", "capped"))
    return f"CASE {_whens(cases)} ELSE {_fate('queued')} END"


def _fate(word: str) -> str:
    """A word of the enumeration; a text would be looked up there for every row."""
    return f"'{word}'::crm_fate"


def _fate_among(brief: Brief, channels: list[str], position: int) -> str:
    """The week's share goes to the first channels first; who is drawn gets nothing on any."""
    channel = channels[position]
    cases = []
    if brief.purpose.needs_consent and position:
        used = "".join(f" + ({c} = 'queued')::integer" for c in channels[:position])
        cases.append((f"recent{used} >= ({_CAP})", "capped"))
    if brief.campaign.control_percent:
        cases.append(("drawn", "control"))
    if not cases:
        return channel
    fate = f"CASE WHEN {channel} <> 'queued' THEN {channel} {_whens(cases)} ELSE {channel} END"
    return f"{fate} AS {channel}"


def _whens(cases: list[tuple[str, str]]) -> str:
    return " ".join(f"WHEN {condition} THEN {_fate(fate)}" for condition, fate in cases)


def _joins(brief: Brief, channels: list[str]) -> str:
    """What is known of few is put together first and joined once to the many.

    A fact is a bit of a number: words would be compared a row, a fact and a channel.
    """
    reached = [c for c in channels if c not in {"push", "call"}]
    facts = ["shared", *(f"{kind}_{c}" for c in reached for kind in ("opted_out", "suppressed"))]
    bits = {fact: 1 << n for n, fact in enumerate(facts)}
    told = ", ".join(f"bit_or(fact) & {bit} > 0 AS {fact}" for fact, bit in bits.items())
    known = "UNION ALL".join(_known(brief, reached, bits))
    joined = _KNOWN.format(facts=told, known=known) if known else ""
    return f"{joined} {_NEXT_APPOINTMENT}" if brief.speaks_of_appointment else joined


def _known(brief: Brief, reached: list[str], bits: Mapping[str, int]) -> Iterator[str]:
    """Selects of ``person_id``, a ``fact`` and the week's ``messages``."""
    same = _SAME_PURPOSE if brief.purpose.needs_consent else ""
    for channel in reached:
        dead = _DEAD_EMAIL if channel == "email" else _DEAD_NUMBER
        yield _OPTED_OUT.format(channel=channel, same=same, fact=bits[f"opted_out_{channel}"])
        yield dead.format(channel=channel, fact=bits[f"suppressed_{channel}"])
    if brief.purpose.needs_consent:
        # No two people have the same email address: the database holds that.
        if set(reached) - {"email"}:
            yield _shared(brief, bits["shared"])
        yield _RECENTLY.format(asking=", ".join(f"'{one}'" for one in ASKING))


def _shared(brief: Brief, fact: int) -> str:
    having = _HAVING if _is_segment(brief) else _HAVING_OF_ALL
    people = f"crm_{brief.recipient_type.value}s"
    return _SHARED.format(fact=fact, people=people, having=having)


_DRAWN = "mod(hashint8extended(a.person_id, :seed) & 9007199254740991, 1000) < :thousandths"
_CAP = "SELECT ceil(value)::integer FROM crm_parameters WHERE name = 'messaging.weekly_cap'"
_SAME_PURPOSE = "OR purpose = CAST(:purpose AS crm_purpose)"
_KNOWN = """
    LEFT JOIN (SELECT person_id, sum(messages)::integer AS recent, {facts} FROM ({known}) AS facts
               GROUP BY person_id) AS k ON k.person_id = a.person_id
"""
_OPTED_OUT = """
    SELECT recipient_id AS person_id, {fact} AS fact, NULL::bigint AS messages
    FROM (SELECT DISTINCT ON (recipient_id, purpose) recipient_id, opted_out
          FROM crm_contact_choices
          WHERE recipient_type = CAST(:kind AS crm_recipient) AND channel = '{channel}'
            AND (purpose IS NULL {same})
          ORDER BY recipient_id, purpose, id DESC) AS latest
    WHERE opted_out
"""
_DEAD_NUMBER = """
    SELECT person_id, {fact}, NULL
    FROM audience JOIN crm_suppressed_addresses s ON s.address = phone
    WHERE s.channel = '{channel}' AND s.lifted_at IS NULL
"""
# Patients are found by their address in small letters; it is dead as it is written.
_DEAD_EMAIL = """
    SELECT person_id, {fact}, NULL
    FROM audience JOIN crm_suppressed_addresses s
        ON lower(s.address) = lower(email) AND s.address = email
    WHERE s.channel = '{channel}' AND s.lifted_at IS NULL
"""
# The first of those who share a number is written to; that may be somebody who is left out for
# another reason, and then nobody of them is: rather one message too few than two to one telephone.
# Which numbers there are twice an index knows; of everybody, those few are looked up.
_SHARED = """
    SELECT person_id, {fact}, NULL
    FROM (SELECT h.person_id, min(h.person_id) OVER (PARTITION BY twice.phone) AS first_id
          FROM (SELECT phone FROM {people} GROUP BY phone HAVING count(*) > 1) AS twice
          {having}) AS several
    WHERE person_id > first_id
"""
_HAVING_OF_ALL = (
    "CROSS JOIN LATERAL (SELECT * FROM audience WHERE phone = twice.phone OFFSET 0) AS h"
)
_HAVING = "JOIN audience AS h USING (phone)"
_RECENTLY = """
    SELECT recipient_id, NULL, count(*) FROM crm_communication_logs
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
