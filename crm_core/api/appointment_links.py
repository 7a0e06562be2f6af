"""Pages behind the links in messages: will you come, do you want this time; and the calendar.

A GET only shows and asks, for programs that preview links follow them too; a POST acts, once.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from starlette.responses import Response

from crm_core.api.links import LinkDb, LinkPage, LinkRoute, show
from crm_core.appointments import service
from crm_core.appointments.calendar import calendar_feed
from crm_core.appointments.schemas import (
    AHEAD,
    AnswerOutcome,
    Meaning,
    OfferQuestion,
    VisitQuestion,
)
from crm_core.base.clock import Instant, to_lagos, utc_now
from crm_core.base.links import read_link

router = APIRouter(route_class=LinkRoute, include_in_schema=False)
VISIT, OFFER = "visit", "offer"
Action = Annotated[Literal["yes", "no"], Form()]
_CALL = "Please call the hospital if this is not right."


@router.get("/links/visit/{token}")
def ask_visit(db: LinkDb, token: str) -> Response:
    """Shows the visit and asks whether the patient will come; changes nothing."""
    asked = service.visit_question(db, read_link(VISIT, token))
    sentences = [f"Hello {asked.first_name}.", _visit(asked)]
    if asked.answer is not None:
        said = "you will come" if asked.answer is Meaning.YES else "you will not come"
        return show(LinkPage("Your visit", [*sentences, f"You told us that {said}.", _CALL]))
    if asked.moved:
        newer = "It has this time by now: open the link of the newest message."
        return show(LinkPage("Your visit", [*sentences, newer]))
    if asked.status not in AHEAD or asked.starts_at <= utc_now():
        return show(LinkPage("Your visit", [*sentences, "It is not open any more.", _CALL]))
    buttons = {"yes": "Yes, I will come", "no": "No, cancel my visit"}
    return show(LinkPage("Will you come?", sentences, buttons=buttons))


@router.post("/links/visit/{token}")
def answer_visit(db: LinkDb, token: str, action: Action) -> Response:
    """Confirms or cancels the visit; works once."""
    notice_id = read_link(VISIT, token)
    outcome = service.answer_visit(db, notice_id, Meaning(action))
    sentence = _visit(service.visit_question(db, notice_id))
    if outcome is AnswerOutcome.CONFIRMED:
        return show(LinkPage("Thank you: we expect you", [sentence]))
    if outcome is AnswerOutcome.CANCELLED:
        free = "Somebody else can have this time now. Call us if you would like another one."
        return show(LinkPage("Your visit is cancelled", [free]))
    return show(LinkPage("It is too late to answer", [sentence, _CALL]))


@router.get("/links/offer/{token}")
def ask_offer(db: LinkDb, token: str) -> Response:
    """Shows a freed time and asks whether the patient wants it; changes nothing."""
    asked = service.offer_question(db, read_link(OFFER, token))
    if asked.taken:
        return show(LinkPage("This time is yours", [_offer(asked)]))
    if not asked.open:
        return show(LinkPage("This time is gone", [_GONE]))
    sentences = [f"Hello {asked.first_name}.", _offer(asked), "Would you like to have it?"]
    buttons = {"yes": "Yes, book it for me", "no": "No, thank you"}
    return show(LinkPage("An earlier time is free", sentences, buttons=buttons))


@router.post("/links/offer/{token}")
def answer_offer(db: LinkDb, token: str, action: Action) -> Response:
    """Books the time for the first who says yes."""
    offer_id = read_link(OFFER, token)
    outcome = service.answer_offer(db, offer_id, Meaning(action))
    if outcome is AnswerOutcome.BOOKED:
        asked = service.offer_question(db, offer_id)
        return show(LinkPage("It is booked: we expect you", [_offer(asked)]))
    if outcome is AnswerOutcome.DECLINED:
        return show(LinkPage("Thank you for telling us", ["You keep your place on the list."]))
    return show(LinkPage("This time is gone", [_GONE]))


@router.get("/calendars/{secret}.ics")
def show_calendar(db: LinkDb, secret: str) -> Response:
    """A doctor's visits for a calendar program."""
    feed = calendar_feed(db, secret)
    return Response(feed, media_type="text/calendar; charset=utf-8")


def _visit(asked: VisitQuestion) -> str:
    kind = asked.type.value.replace("_", "-")
    whom = f" with {asked.doctor_name}" if asked.doctor_name else ""
    return f"Your {kind}{whom} at {asked.hospital_name} is on {_when(asked.starts_at)}."


def _offer(asked: OfferQuestion) -> str:
    when = _when(asked.starts_at)
    return f"{asked.doctor_name} at {asked.hospital_name} can see you on {when}."


def _when(starts_at: Instant) -> str:
    return f"{to_lagos(starts_at):%A, %-d %B %Y at %H:%M} (Lagos time)"


_GONE = "Somebody else has taken it. You keep your place on the list, and we will write again."
