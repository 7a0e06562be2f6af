"""What other systems tell us: events that act once by their id, and the list of what came."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from crm_core.api.deps import CurrentActor, Db, ReaderDep, needs
from crm_core.api.refusals import answer_json
from crm_core.api.responses import Done, JsonText, Rows
from crm_core.api.route import Route
from crm_core.appointments.schemas import AppointmentRead
from crm_core.base.db import transaction
from crm_core.base.errors import Forbidden, Invalid, Refusal
from crm_core.base.validation import sentence_of
from crm_core.hospitals.schemas import DepartmentRead, DoctorRead, HospitalRead, RevenueRead
from crm_core.integrations.incoming import Taken, events, keep_refused, list_events
from crm_core.integrations.incoming.schemas import (
    DepartmentEvent,
    DoctorEvent,
    HospitalEvent,
    IntegrationEventFilter,
    IntegrationEventRead,
    Onboarded,
    OnboardingEvent,
    RevenueEvent,
    Source,
    VisitEvent,
)
from crm_core.people.schemas import Permission

_SOURCES = {
    "onboarding": Source.ONBOARDING,
    "revenue": Source.BILLING,
    "hospitals": Source.HOSPITALS,
    "departments": Source.DEPARTMENTS,
    "doctors": Source.DOCTORS,
    "visits": Source.VISITS,
}


class EventRoute(Route):
    """A route that also keeps what was refused, with why, for the people who look after it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wraps the handler of every route."""
        handle = super().get_route_handler()

        async def kept(request: Request) -> Response:
            body = bytearray()

            async def overheard() -> Message:
                """What is received, kept as it passes: it cannot be read a second time."""
                message = await request.receive()
                body.extend(message.get("body", b""))
                return message

            try:
                return await handle(Request(request.scope, overheard))
            except RequestValidationError as error:
                await _keep(request, body, "; ".join(map(_finding, error.errors())))
                raise
            except Forbidden:
                raise  # who may not send events leaves no trace in them
            except Refusal as refusal:
                await _keep(request, body, _sentences(refusal))
                raise

        return kept


def _answers(data: type[BaseModel]) -> dict[str, Any]:
    """What the documentation says of an event's answers."""
    return {"response_model": Done[data], "responses": {200: {"model": Done[data]}}}  # type: ignore[valid-type] # a model made at run time


router = APIRouter(
    prefix="/integrations",
    tags=["Integrations"],
    route_class=EventRoute,
    dependencies=[needs(Permission.OWNERS_READ)],
)


@router.post("/onboarding", status_code=201, **_answers(Onboarded))
def onboard(db: Db, actor: CurrentActor, event: OnboardingEvent) -> Response:
    """An owner with hospital and signed contract; the same `event_id` again gives the same data."""
    return _answer(events.onboard(db, event, actor=actor), "Owner onboarded")


@router.post("/revenue", status_code=201, **_answers(RevenueRead))
def take_revenue(db: Db, actor: CurrentActor, event: RevenueEvent) -> Response:
    """A month's revenue of a hospital, from billing; a later event corrects an earlier one."""
    return _answer(events.record_revenue(db, event, actor=actor), "Revenue recorded")


@router.post("/hospitals", status_code=201, **_answers(HospitalRead))
def open_hospital(db: Db, actor: CurrentActor, event: HospitalEvent) -> Response:
    """A hospital that hospital management opened."""
    return _answer(events.open_hospital(db, event, actor=actor), "Hospital opened")


@router.post("/departments", status_code=201, **_answers(DepartmentRead))
def open_department(db: Db, actor: CurrentActor, event: DepartmentEvent) -> Response:
    """A department that hospital management opened."""
    return _answer(events.open_department(db, event, actor=actor), "Department opened")


@router.post("/doctors", status_code=201, **_answers(DoctorRead))
def take_on_doctor(db: Db, actor: CurrentActor, event: DoctorEvent) -> Response:
    """A doctor whom hospital management took on."""
    return _answer(events.take_on_doctor(db, event, actor=actor), "Doctor taken on")


@router.post("/visits", status_code=201, **_answers(AppointmentRead))
def take_visit(db: Db, actor: CurrentActor, event: VisitEvent) -> Response:
    """A visit that was completed: one booked here, or one of a patient without an appointment."""
    return _answer(events.complete_visit(db, event, actor=actor), "Visit completed")


@router.get("/events")
async def list_integration_events(
    reader: ReaderDep, filters: Annotated[IntegrationEventFilter, Query()]
) -> JsonText[Rows[IntegrationEventRead]]:
    """What came in, the latest first, and why some of it was refused."""
    return JsonText(await list_events(filters).fetch(reader))


def _answer(taken: Taken, message: str) -> Response:
    """201 the first time, 200 with the same data whenever the event comes again."""
    body = {"success": True, "message": message, "data": taken.answer}
    return answer_json(201 if taken.first else 200, body)


async def _keep(request: Request, raw: bytearray, why: str) -> None:
    """Notes a refusal in a transaction of its own."""
    source = _SOURCES.get(request.url.path.rpartition("/")[2])
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return
    if source is None or not isinstance(body, dict):
        return

    def keep() -> None:
        who = request.scope["actor"].key
        with transaction(who=who, why="an event that was refused") as session:
            keep_refused(session, source, body, why)

    await run_in_threadpool(keep)


def _finding(found: Mapping[str, Any]) -> str:
    path = ".".join(map(str, found["loc"][1:]))
    return f"{path}: {sentence_of(found)}" if path else sentence_of(found)


def _sentences(refusal: Refusal) -> str:
    if isinstance(refusal, Invalid) and refusal.problems:
        return "; ".join(f"{problem.path}: {problem.message}" for problem in refusal.problems)
    return str(refusal)
