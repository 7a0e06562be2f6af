"""Ending what one gets by email: the page behind the link, and the one tap of mail programs.

A mail program posts `List-Unsubscribe=One-Click` to the same address (RFC 8058), some of them
nothing at all: whatever is posted ends the news.
"""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from crm_core.api.links import WHO, LinkDb, LinkPage, LinkRoute, show
from crm_core.messaging.receiving import ending
from crm_core.people.schemas import machine

router = APIRouter(prefix="/links/unsubscribe", route_class=LinkRoute, include_in_schema=False)

_EVERYTHING = "everything"
_NEWS = "news"


@router.get("/{token}")
def ask_whether_to_end(db: LinkDb, token: str) -> Response:
    """Asks; a program that looks at links ends nothing."""
    channel = ending.subscription_of(db, token).channel
    return show(
        LinkPage(
            title="Unsubscribe",
            sentences=[f"What should no longer come to you by {channel}?"],
            buttons={
                _NEWS: "News, health tips and surveys",
                _EVERYTHING: "Everything, also about my own visits",
            },
        )
    )


@router.post("/{token}")
def end_it(db: LinkDb, token: str, action: Annotated[str, Form()] = _NEWS) -> Response:
    """Ends it; said twice it stays ended."""
    everything = action == _EVERYTHING
    ending.unsubscribe(db, token, everything=everything, actor=machine(WHO))
    ended = "You will get no more messages from us this way."
    if not everything:
        ended = "You will get no more news from us this way. Messages about your own visits go on."
    return show(LinkPage(title="Done", sentences=[ended]))
