"""The page behind a link for stars: after a visit, or about how a case was resolved."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from crm_core.api.links import LinkDb, LinkPage, LinkRoute, show
from crm_core.base.errors import Conflict, Invalid, Problem
from crm_core.base.links import read_link
from crm_core.base.validation import problems_of
from crm_core.feedback import queries, service
from crm_core.feedback.schemas import InvitationKind, InvitationRead, LinkAnswer
from crm_core.people.schemas import machine

PURPOSE = "feedback"
STARS = {
    "5": "★★★★★ Very good",
    "4": "★★★★ Good",
    "3": "★★★ Fair",
    "2": "★★ Poor",
    "1": "★ Very poor",
}
_LONGEST_FORM = 2_000_000  # bytes: a hundred thousand letters of any script, as a form sends them

router = APIRouter(prefix=f"/links/{PURPOSE}", route_class=LinkRoute, include_in_schema=False)


async def _form(request: Request) -> Mapping[str, str]:
    """What the page's form says; a file is not among it."""
    async with request.form(max_fields=10, max_part_size=_LONGEST_FORM) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


@router.get("/{token}")
def ask(db: LinkDb, token: str) -> Response:
    """Asks; a program that only looks at the link changes nothing."""
    invitation = _open(db, token)
    return show(
        LinkPage(
            title=_title(invitation),
            choices=STARS,
            comment="Anything else? (you need not write)",
            scale="" if invitation.kind is InvitationKind.RESOLUTION else _RECOMMEND,
            buttons={"send": "Send"},
        )
    )


@router.post("/{token}")
def take(db: LinkDb, token: str, form: Annotated[Mapping[str, str], Depends(_form)]) -> Response:
    """Keeps the stars, once."""
    invitation = _open(db, token)
    actor = machine(f"link:{PURPOSE}:{invitation.id}")
    service.answer_invitation(db, invitation.id, _answer(form), actor=actor)
    sentences = ["We have it, and somebody reads it."]
    return show(LinkPage(title="Thank you", sentences=sentences))


def _open(db: LinkDb, token: str) -> InvitationRead:
    """What the link asks for; whoever has answered is thanked and cannot answer again."""
    invitation = queries.get_invitation(db, read_link(PURPOSE, token))
    if invitation.answered_at is not None:
        raise Conflict("You have answered already: thank you.")
    return invitation


def _answer(form: Mapping[str, str]) -> LinkAnswer:
    given = {"stars": form.get("choice"), "comment": form.get("comment", "")}
    if form.get("nps"):
        given["nps"] = form["nps"]
    try:
        return LinkAnswer.model_validate(given)
    except ValidationError as error:
        problems = [
            Problem("stars", _STARS) if one.path == "stars" else one for one in problems_of(error)
        ]
        raise Invalid(_STARS, problems) from error


def _title(invitation: InvitationRead) -> str:
    if invitation.kind is InvitationKind.RESOLUTION:
        return f"Are you content with how we resolved {invitation.feedback_code}?"
    return f"How was it at {invitation.hospital_name or 'our hospital'}?"


_STARS = "Choose from one to five stars."
_RECOMMEND = "How likely would you recommend us, from 0 to 10?"
