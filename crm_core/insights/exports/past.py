"""Exports that were made: who took what, with which filters, how many rows, and when."""

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import Instant
from crm_core.insights.exports.lists import LISTS
from crm_core.people.names import names_of
from crm_core.people.schemas import Actor, Permission


class PastExport(BaseModel):
    """One export as the history has it; not ``complete`` where it was broken off."""

    model_config = ConfigDict(frozen=True)

    id: int
    at: Instant
    who: str
    who_name: str
    dataset: str
    format: str
    filters: dict[str, str]
    rows: int
    complete: bool
    identifiers: bool


def list_exports(session: Session, *, actor: Actor, limit: int = 50) -> list[PastExport]:
    """The latest exports of everybody, the last one first.

    What somebody searched for may name a patient: only they and who may see identifiers read it.
    """
    actor.require(Permission.EXPORT)
    found = session.execute(_LATEST, {"limit": limit, "tables": _TABLES}).mappings().all()
    names = names_of(session, {row["who"] for row in found})
    sees_all = actor.may(Permission.IDENTIFIERS_REVEAL)
    return [
        PastExport(
            **row["after"]
            | {"filters": _shown(row["after"]["filters"], sees_all or row["who"] == actor.key)},
            id=row["id"],
            at=row["at"],
            who=row["who"],
            who_name=names.get(row["who"], row["who"]),
        )
        for row in found
    ]


def _shown(filters: dict[str, str], whole: bool) -> dict[str, str]:
    return {
        name: value if whole or name != "search" else "not shown" for name, value in filters.items()
    }


_TABLES = sorted({spec.table for spec in LISTS.values()})
_LATEST = text(
    """
    SELECT id, at, who, after FROM crm_history
    WHERE table_name = ANY(:tables) AND record_id IS NULL AND action = 'export'
    ORDER BY id DESC LIMIT :limit
    """
)
