"""Signing in and out over HTTP: forms of our own, before Streamlit is reached."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from crm_core.base.db import reading, transaction
from crm_core.base.errors import Refusal
from crm_core.base.settings import settings
from crm_core.people import queries, service
from crm_core.ui import sessions
from crm_core.ui.form_guard import form_token, keep_secret, own_path, read_form, text_in
from crm_core.ui.script_errors import log_failure
from crm_core.ui.sessions import in_thread

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


async def show_sign_in(request: Request) -> Response:
    """The form; whoever is signed in already goes on to where the form would lead."""
    target = own_path(request.query_params.get("next", "/"))
    if await sessions.actor_of(request.cookies.get(sessions.COOKIE, "")):
        return RedirectResponse(target, status_code=303)
    return sign_in_page(request, target=target)


async def submit_sign_in(request: Request) -> Response:
    """Signs in with e-mail address and password."""
    target = own_path(request.query_params.get("next", "/"))
    email = ""
    try:
        form = await read_form(request)
        target, email = own_path(text_in(form, "next") or "/"), text_in(form, "email")
        token = await sessions.sign_in(
            email, text_in(form, "password"), user_agent=browser_of(request)
        )
    except Refusal as refusal:
        return sign_in_page(request, target=target, email=email, error=str(refusal))
    return await enter(request, token, target)


async def show_link(request: Request) -> Response:
    """Asks for a click: programs that preview links in chats must not use one up."""
    token = request.query_params.get("token", "")
    name = await in_thread(_person_of_link, token)
    if name is None:
        return sign_in_page(request, target="/", error=service.LINK_WRONG)
    return page(request, "link.html", {"token": token, "name": name})


async def submit_link(request: Request) -> Response:
    """Signs in with a one-time link."""
    try:
        form = await read_form(request)
        token = await in_thread(_redeem, text_in(form, "token"), browser_of(request))
    except Refusal as refusal:
        return sign_in_page(request, target="/", error=str(refusal))
    return await enter(request, token, "/")


async def show_sign_out(request: Request) -> Response:
    """Signs out where our own page's link was clicked, and asks where another site led here."""
    if request.headers.get("sec-fetch-site") == "same-origin":
        return await leave(request)
    return page(request, "sign_out.html", {})


async def submit_sign_out(request: Request) -> Response:
    """Signs out after the question."""
    try:
        await read_form(request)
    except Refusal as refusal:
        return page(request, "sign_out.html", {"error": str(refusal)}, status=403)
    return await leave(request)


def sign_in_page(
    request: Request, *, target: str, email: str = "", error: str = ""
) -> HTMLResponse:
    """The sign-in form, with what went wrong above it."""
    label = settings().crm_oidc_label if settings().crm_oidc_issuer else ""
    shown = {"target": target, "email": email, "error": error, "oidc_label": label}
    return page(request, "sign_in.html", shown, status=403 if error else 200)


def page(
    request: Request, template: str, shown: Mapping[str, str], *, status: int = 200
) -> HTMLResponse:
    """One of our own pages, with the browser's secret in its form."""
    secret, signature = form_token(request)
    text = _templates.get_template(template).render(form_token=signature, **shown)
    headers = {"content-security-policy": _POLICY, "cache-control": "no-store"}
    response = HTMLResponse(text, status_code=status, headers=headers)
    keep_secret(response, secret)
    return response


async def enter(request: Request, token: str, target: str) -> Response:
    """Goes to ``target`` with the new session; the browser's old one, if any, ends."""
    await in_thread(_close, request.cookies.get(sessions.COOKIE, ""))
    response = RedirectResponse(target, status_code=303, headers={"cache-control": "no-store"})
    response.set_cookie(
        sessions.COOKIE,
        token,
        max_age=settings().crm_session_hours * 3600,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return response


async def leave(request: Request) -> Response:
    """Ends the session in every tab."""
    await in_thread(_close, request.cookies.get(sessions.COOKIE, ""))
    response = page(request, "signed_out.html", {})
    response.delete_cookie(sessions.COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


async def show_unavailable(request: Request, _: Exception) -> Response:
    """Says that the database is away; for a server's table of exception handlers."""
    sentence = "The database does not answer: try again in a minute."
    return page(request, "trouble.html", {"error": sentence}, status=503)


async def show_failure(request: Request, error: Exception) -> Response:
    """Says that it is our fault, with a reference that the log has."""
    sentence = f"Something went wrong on our side; its reference is {log_failure(error)}."
    return page(request, "trouble.html", {"error": sentence}, status=500)


def browser_of(request: Request) -> str:
    """What the browser calls itself."""
    return request.headers.get("user-agent", "")


def _person_of_link(token: str) -> str | None:
    with reading() as session:
        return queries.person_of_link(session, token)


def _redeem(token: str, user_agent: str) -> str:
    with transaction(who="sign-in") as session:
        return service.redeem_sign_in_link(session, token, user_agent=user_agent)


def _close(token: str) -> None:
    if token:
        with transaction(who="sign-in", why="signed out") as session:
            service.close_session(session, token)


ROUTES = [
    Route("/auth/sign-in", show_sign_in, methods=["GET"]),
    Route("/auth/sign-in", submit_sign_in, methods=["POST"]),
    Route("/auth/link", show_link, methods=["GET"]),
    Route("/auth/link", submit_link, methods=["POST"]),
    Route("/auth/sign-out", show_sign_out, methods=["GET"]),
    Route("/auth/sign-out", submit_sign_out, methods=["POST"]),
]

ON_ERROR = {OperationalError: show_unavailable, Exception: show_failure}
