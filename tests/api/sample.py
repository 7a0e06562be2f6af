"""Routes for tests: every way in which a request can go well or wrong."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, EmailStr, Field
from sqlalchemy import text

from crm_core.api.deps import CurrentActor, Db, ReadDb, needs
from crm_core.api.responses import Done, Envelope
from crm_core.api.route import Route
from crm_core.base import preflight
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from crm_core.base.money import Naira
from crm_core.base.preflight import Receipt
from crm_core.base.words import Line, RecordId
from crm_core.people.schemas import Permission

router = APIRouter(prefix="/sample", tags=["Sample"], route_class=Route)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Contact(BaseModel):
    email: EmailStr


class SampleCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Line
    amount: Naira = Field(default=0, validate_default=True)
    colour: Colour = Colour.RED
    day: date | None = None
    count: int = Field(1, ge=1, le=10)
    contacts: list[Contact] = []


@router.post("/receipts", status_code=201)
def create_sample(db: Db, actor: CurrentActor, data: SampleCreate) -> Done[Receipt]:
    """Stores a receipt with this title."""
    done = preflight.Done("sample", data.title, [], [], {})
    receipt = preflight.store_receipt(
        db, done, who=actor.key, who_name=actor.name, fingerprint="sample"
    )
    return Done(message="Receipt created successfully", data=receipt)


@router.post("/receipts/{receipt_id}/undo")
def undo_sample(db: Db, actor: CurrentActor, receipt_id: Annotated[RecordId, Path()]) -> Done[int]:
    """Marks a receipt undone: 409 the second time."""
    preflight.mark_undone(db, receipt_id, who=actor.key)
    return Done(message="Undone", data=receipt_id)


@router.post("/receipts-then-fail", status_code=201)
def create_then_fail(db: Db, actor: CurrentActor, data: SampleCreate) -> Done[Receipt]:
    """Writes, and breaks afterwards."""
    create_sample(db, actor, data)
    raise RuntimeError("SELECT secret FROM vault -- an inside that nobody may see")


@router.get("/refusals/{kind}")
def refuse(kind: str) -> Envelope[str]:
    """Refuses in the way asked for."""
    raise {
        "not-found": NotFound("Owner not found"),
        "conflict": Conflict("This payout is paid already."),
        "forbidden": Forbidden("You made this payout: somebody else must approve it."),
        "invalid": Invalid.field("phone", "Give a Nigerian mobile number."),
        "invalid-many": Invalid("Two things", [Problem("a", "First."), Problem("b", "Second.")]),
        "invalid-bare": Invalid("The plan is of other records."),
    }[kind]


@router.get("/sql/{statement}")
def run_sql(db: ReadDb, statement: str) -> Envelope[str]:
    """Runs a statement that the database refuses in one way or another."""
    db.execute(text(STATEMENTS[statement]))
    return Envelope(data="done")


@router.get("/approvers-only", dependencies=[needs(Permission.PAYOUTS_APPROVE)])
def approvers_only() -> Envelope[str]:
    """For approvers."""
    return Envelope(data="welcome")


STATEMENTS = {
    "broken": "SELECT secret FROM vault",
    "too-large": "SELECT 99999999999::bigint::integer",
    "locked": "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '55P03'; END $$",
    "deadlock": "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$",
    "serialization": "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$",
    "slow": "SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)",
    "shutdown": "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '57P01'; END $$",
}
