"""Small pages for people who follow a link in a message: no account, no token, plain words.

The signed link is all the authority there is (``base.links``). A GET only shows and asks, for
programs that preview links follow them too; a POST acts.

router = APIRouter(prefix="/links/visit", route_class=LinkRoute, include_in_schema=False)

@router.get("/{token}")
def ask(db: LinkDb, token: str) -> Response:
    return show(LinkPage(title="Your visit", sentences=[…], buttons={"confirm": "I will come"}))
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from crm_core.api.deps import resources
from crm_core.api.refusals import NUMBERS
from crm_core.base.db import transaction
from crm_core.base.errors import Invalid, Refusal

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)
# Nothing is loaded from anywhere, and nothing runs: the pages are words and forms.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
WHO = "link"
"""Who acts in the history: whoever holds the link; the domain notes which one."""


@dataclass(frozen=True)
class LinkPage:
    """What a page says and asks.

    Attributes:
        choices: value → label of radio buttons, sent as ``choice``.
        scale: question answered by a number from 0 to 10, sent as ``nps``; empty: none.
        comment: label of a field for text, sent as ``comment``; empty: none.
        buttons: value → label, sent as ``action``; the first one is the main one.
    """

    title: str
    sentences: Sequence[str] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    scale: str = ""
    comment: str = ""
    buttons: Mapping[str, str] = field(default_factory=dict)


class LinkRoute(APIRoute):
    """A route that answers refusals as a page, for people and not for programs."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wraps FastAPI's handler."""
        handle = super().get_route_handler()

        async def shown(request: Request) -> Response:
            # The path goes into the log, and whoever reads that must not open links.
            for secret in request.path_params.values():
                request.scope["path"] = request.scope["path"].replace(str(secret), "…")
            try:
                return await handle(request)
            except Refusal as refusal:
                return _refused(refusal)

        return shown


async def _link_session(request: Request) -> AsyncIterator[Session]:
    async with (
        resources(request).places,
        contextmanager_in_threadpool(transaction(who=WHO, why="a link in a message")) as session,
    ):
        yield session


LinkDb = Annotated[Session, Depends(_link_session, scope="function")]


def show(page: LinkPage, *, status: int = 200) -> Response:
    """The page as HTML; every text in it is escaped."""
    text = _templates.get_template("link.html").render(page=page)
    return HTMLResponse(text, status, headers={"content-security-policy": _POLICY})


def _refused(refusal: Refusal) -> Response:
    status = next(number for kind, number in NUMBERS.items() if isinstance(refusal, kind))
    sentences = [str(refusal)]
    if isinstance(refusal, Invalid) and refusal.problems:
        sentences = [problem.message for problem in refusal.problems]
    return show(LinkPage(title="That did not work", sentences=sentences), status=status)
