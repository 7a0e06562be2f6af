"""A record as it was at a moment: what it is now, with every later change taken back.

Going back from now also finds what was there before its table came under the history, and costs
as much as has happened since. A change whose images are gone was erased with the person it told
of: beyond it nothing is known.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, column, func, select, table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from crm_core.base.clock import from_lagos, lagos_today, to_lagos, utc_now
from crm_core.base.errors import Invalid, NotFound
from crm_core.insights.past_fields import fields_of
from crm_core.insights.schemas import AsOf, RecordThen, Side, Standing
from crm_core.people.names import names_of
from crm_core.people.schemas import Actor, Permission

OPEN: Mapping[str, Permission] = {
    "crm_appointments": Permission.APPOINTMENTS_READ,
    "crm_campaigns": Permission.CAMPAIGNS_READ,
    "crm_feedback": Permission.FEEDBACK_READ,
    "crm_owner_accounts": Permission.OWNERS_READ,
    "crm_owner_contracts": Permission.OWNERS_READ,
    "crm_owners": Permission.OWNERS_READ,
    "crm_patients": Permission.PATIENTS_READ,
    "crm_payouts": Permission.PAYOUTS_READ,
}
"""Tables whose records have a page → who sees it. All others take the history's permission."""

Image = dict[str, Any]


def record_as_it_was(
    session: Session, table_name: str, record_id: int, wanted: AsOf, *, actor: Actor
) -> RecordThen:
    """The record at the moment that is wanted, beside what it is now.

    Raises:
        Forbidden: the actor sees neither this kind of record nor the history.
        Invalid: the moment is still to come.
        NotFound: there was never such a record, or the change is of another one.
    """
    _require(actor, table_name)
    kept = _kept_columns(session, table_name)
    bounds = {"table": table_name, "record": record_id}
    moment = _moment(wanted)
    bounds["position"] = _position(session, bounds, wanted, moment)
    found = _read(session, table_name, kept, bounds)
    standing, then = _then(found)
    if found.last is None and standing is Standing.THERE and _made_after(then, moment):
        standing, then = Standing.NOT_YET, {}
    by = names_of(session, {found.last.who})[found.last.who] if found.last else None
    return RecordThen(
        table_name=table_name,
        record_id=record_id,
        standing=standing,
        sentence=_sentence(standing, found.last, by),
        changed_at=found.last.at if found.last else None,
        changed_by=by,
        exists_now=found.now is not None,
        fields=fields_of(session, table_name, then, found.now or {}),
    )


class _Last(NamedTuple):
    at: datetime
    who: str
    action: str


class _Found(NamedTuple):
    """What one statement saw: the row now, the changes after the moment, the last one until it."""

    now: Image | None
    later: Sequence[tuple[str, Image | None]]
    last: _Last | None


def _require(actor: Actor, table_name: str) -> None:
    if not actor.may(Permission.HISTORY_READ):
        actor.require(OPEN.get(table_name, Permission.HISTORY_READ))


def _kept_columns(session: Session, table_name: str) -> tuple[str, str]:
    """Which columns the history of this table leaves out, and which it hides."""
    found = session.execute(_TRIGGER, {"table": table_name}).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such kind of record under the history.")
    ignored, hidden, *_ = bytes(found).decode().split("\0")
    return ignored, hidden


def _moment(wanted: AsOf) -> datetime | None:
    """The instant until which changes count; None where a change or the present is meant."""
    given = wanted.as_of
    if given is None:
        return None
    coming = given > utc_now() if isinstance(given, datetime) else given > lagos_today()
    if coming:
        raise Invalid.field("as_of", "This moment is still to come: choose one that has passed.")
    return given if isinstance(given, datetime) else _end_of(given)


def _end_of(day: date) -> datetime:
    return from_lagos(day + timedelta(days=1), time.min) - timedelta(microseconds=1)


def _position(
    session: Session, bounds: Mapping[str, object], wanted: AsOf, moment: datetime | None
) -> int:
    """The last change that counts. A record's changes stand in the order of their numbers, also
    where one transaction made several."""
    if wanted.change is not None:
        known = session.execute(_CHANGE, {**bounds, "change": wanted.change}).scalar_one_or_none()
        if known is None:
            raise NotFound("This record has no such change.")
        return wanted.change - (1 if wanted.side is Side.BEFORE else 0)
    return int(session.execute(_POSITION, {**bounds, "moment": moment}).scalar_one())


def _read(
    session: Session, table_name: str, kept: tuple[str, str], bounds: Mapping[str, object]
) -> _Found:
    """In one statement, which sees one state of the database."""
    row = table(table_name, column("id"), schema="public").alias("r")
    columns = [func.string_to_array(each, ",") for each in kept]
    whole = func.to_jsonb(text("r"))
    now = select(func.crm_history_doc(whole, *columns, type_=JSONB)).select_from(row)
    now = now.where(row.c.id == bindparam("record"))
    statement = select(
        now.scalar_subquery().label("now"), _LATER.label("later"), _LAST.label("last")
    )
    found = session.execute(statement, bounds).one()
    last = found.last and _Last(datetime.fromisoformat(found.last[0]), *found.last[1:])
    if found.now is None and not found.later and last is None:
        raise NotFound("There is no such record, and there never was.")
    return _Found(found.now, [(action, image) for action, image in found.later or ()], last)


def _then(found: _Found) -> tuple[Standing, Image]:
    """What there was: the present row, or the one that was deleted, with updates taken back."""
    gone = Standing.DELETED if found.last and found.last.action == "delete" else Standing.NOT_YET
    if not found.later:
        return (Standing.THERE, found.now) if found.now is not None else (gone, {})
    if found.later[0][0] == "insert":
        return gone, {}
    images: list[Image | None] = []
    for action, image in found.later:
        if action == "insert":
            break
        images.append(image)
        if action == "delete":
            break
    else:
        images.append(found.now)
        if found.now is None:
            return Standing.UNKNOWN, {}
    return _taken_back(images)


def _taken_back(images: Sequence[Image | None]) -> tuple[Standing, Image]:
    """The last image is a whole row; those before it hold what an update changed."""
    state: Image = {}
    for image in reversed(images):
        if image is None:
            return Standing.ERASED, {}
        state |= image
    return Standing.THERE, state


def _made_after(then: Mapping[str, Any], moment: datetime | None) -> bool:
    """Of a record that is older than its history its own word is all there is."""
    made = then.get("created_at")
    return moment is not None and made is not None and datetime.fromisoformat(made) > moment


def _sentence(standing: Standing, last: _Last | None, by: str | None) -> str:
    at = f"{(here := to_lagos(last.at)).day} {here:%b %Y, %H:%M:%S}" if last else ""
    if standing is Standing.DELETED:
        return f"It was deleted: on {at} by {by}."
    if standing is Standing.THERE:
        return f"It stood like this since {at}, when {by} changed it." if last else _OLDER
    return _SENTENCES[standing]


_OLDER = "It is older than its first known change, and stood like this before it."
_SENTENCES = {
    Standing.NOT_YET: "It did not exist yet.",
    Standing.ERASED: "What stood here was erased together with the person it told of.",
    Standing.UNKNOWN: "It went without a trace in the history: how it stood is not known.",
}
_TRIGGER = text(
    "SELECT tgargs FROM pg_trigger"
    " WHERE tgname = 'history_update' AND tgrelid = to_regclass('public.' || quote_ident(:table))"
)
_OF_RECORD = (
    "FROM crm_history h WHERE h.table_name = :table AND h.record_id = :record"
    " AND h.action IN ('insert', 'update', 'delete')"
)
_CHANGE = text(f"SELECT h.id {_OF_RECORD} AND h.id = :change")
_POSITION = text(
    f"SELECT coalesce(max(h.id), 0) {_OF_RECORD}"
    " AND h.at <= coalesce(:moment, 'infinity'::timestamptz)"
)
_LATER = (
    text(
        "SELECT jsonb_agg(jsonb_build_array(h.action, h.before) ORDER BY h.id)"
        f" {_OF_RECORD} AND h.id > :position"
    )
    .columns(column("later", JSONB))
    .scalar_subquery()
)
_LAST = (
    text(
        "SELECT jsonb_build_array(h.at, h.who, h.action)"
        f" {_OF_RECORD} AND h.id <= :position ORDER BY h.id DESC LIMIT 1"
    )
    .columns(column("last", JSONB))
    .scalar_subquery()
)
