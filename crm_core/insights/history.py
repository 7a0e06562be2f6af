"""The history as an administrator reads it: latest changes first, and how far it is sealed."""

from sqlalchemy import Date, Text, bindparam, func, select, text
from sqlalchemy.orm import Session, aliased

from crm_core.base.db import escape_like
from crm_core.base.history import History
from crm_core.base.read import Listing, Order, Read
from crm_core.insights.schemas import HistoryFilter, HistoryRead, SealState
from crm_core.people.schemas import Actor, Permission

# Numbers are given and instants read at the same time, but for changes that are written side by
# side: the days' bounds are looked up as numbers, so that the list is walked from there.
_BESIDE = 1000
_bound = aliased(History)
_since = func.crm_lagos_day(bindparam("since", type_=Date), 0)
_until = func.crm_lagos_day(bindparam("until", type_=Date), 1)
_first = select(_bound.id).where(_bound.at >= _since).order_by(_bound.at).limit(1)
_last = select(_bound.id).where(_bound.at < _until).order_by(_bound.at.desc()).limit(1)

HISTORY: Listing[HistoryRead] = Listing(
    schema=HistoryRead,
    statement=select(
        History.id,
        History.at,
        History.who,
        History.why,
        History.request_id,
        History.table_name,
        History.record_id,
        History.action,
        History.before,
        History.after,
    ),
    filters={
        "table_name": History.table_name == bindparam("table_name"),
        "record_id": History.record_id == bindparam("record_id"),
        "who": History.who == bindparam("who"),
        "action": History.action == bindparam("action"),
        "since": (History.at >= _since) & (History.id >= _first.scalar_subquery() - _BESIDE),
        "until": (History.at < _until) & (History.id <= _last.scalar_subquery() + _BESIDE),
        "why": func.lower(History.why).like(bindparam("why", type_=Text)),
    },
    convert={"why": lambda words: f"%{escape_like(words.lower())}%"},
    orders={"latest": Order((History.id,))},
    key=History.id,
    noun="Change",
)


def list_history(filters: HistoryFilter, *, actor: Actor) -> Read[HistoryRead]:
    """Changes, latest first; use the cursor to go back in time."""
    actor.require(Permission.HISTORY_READ)
    return HISTORY.read(filters)


def seal_state(session: Session, *, actor: Actor) -> SealState:
    """When the history was sealed last, and how many changes no seal covers yet."""
    actor.require(Permission.HISTORY_READ)
    return SealState.model_validate(dict(session.execute(_SEALED).mappings().one()))


def tracked_tables(session: Session) -> list[str]:
    """The tables that are under the history, by name: what it may be filtered by."""
    return list(session.scalars(_TRACKED))


_SEALED = text(
    """
    SELECT s.sealed_at, encode(s.hash, 'hex') AS head,
           (SELECT count(*) FROM crm_history h
            WHERE s.id IS NULL OR (h.xact >= s.to_xact AND h.id > s.after_id)) AS unsealed
    FROM (SELECT 1) AS always
    LEFT JOIN LATERAL (SELECT * FROM crm_history_seals ORDER BY id DESC LIMIT 1) s ON true
    """
)
_TRACKED = text(
    "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'history_insert' ORDER BY 1"
)
