"""The gate: in front of every request and every websocket message, whatever answers behind it.

A guard in a page is not enough. Streamlit runs callbacks, fragments and timers without the
page's first line, and on a fresh process it served a page without Home.py. So the session is
looked up here, each time, and what is behind the gate learns the session from a header that
only the gate can set.
"""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from google.protobuf.message import DecodeError
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from crm_core.ui.address import public_url
from crm_core.ui.sessions import actor_of, token_of

SESSION_HEADER = b"x-ops-sid"
SIGN_IN = "/auth/sign-in"

# Websocket close codes: policy violation, and try again later, which browsers do by themselves.
_REFUSED, _TRY_LATER = 1008, 1013

# Streamlit sets styles on elements; Plotly and the data grid draw through blob: images; the script
# of a component of ours comes as a blob, too, which only scripts from here can make.
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' blob:;"
        " style-src 'self' 'unsafe-inline';"
        " img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:;"
        " connect-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'self';"
        " object-src 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
}
_ONLY_HTTPS = {"strict-transport-security": "max-age=31536000"}


class Gate:
    """Lets through who is signed in; sends a person's browser to the sign-in form, else refuses."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        secured = public_url().startswith("https://")
        self._headers = _HEADERS | (_ONLY_HTTPS if secured else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection: a request, a websocket, or the server's start and end."""
        if scope["type"] == "http":
            await self._http(scope, receive, _with_headers(send, self._headers))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = token_of(scope)
        try:
            open_to_all = _is_open_to_all(scope["path"])
            allowed = open_to_all or await actor_of(token) is not None
        except SQLAlchemyError:
            await _UNAVAILABLE(scope, receive, send)
            return
        behind = self.app if allowed else _refusal(scope)
        await behind(_with_session(scope, "" if open_to_all else token), receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = token_of(scope)
        try:
            allowed = await actor_of(token) is not None
        except SQLAlchemyError:
            allowed = False
        if not allowed:
            await receive()
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        socket = _Socket(token, receive, send)
        await self.app(_with_session(scope, token), socket.receive, socket.send)


class _Socket:
    """A websocket that looks the session up again before each message it hands on."""

    def __init__(self, token: str, receive: Receive, send: Send) -> None:
        self._token, self._receive, self._send = token, receive, send
        self._closed = False

    async def receive(self) -> Message:
        """The next message; once the session has ended, the end of the connection."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return message
        try:
            if await actor_of(self._token) is not None:
                return message
        except SQLAlchemyError:
            return await self._close(_TRY_LATER)
        await self._lead_to_sign_in(message.get("bytes") or b"")
        return await self._close(_REFUSED)

    async def send(self, message: Message) -> None:
        """Passes on what the application says, while there is somebody to hear it."""
        if not self._closed:
            await self._send(message)

    async def _lead_to_sign_in(self, last_message: bytes) -> None:
        """Sends the browser to the sign-in form, and from there back to where it is."""
        redirect = ForwardMsg()
        redirect.auth_redirect.url = sign_in_url(_place_in(last_message))
        await self.send({"type": "websocket.send", "bytes": redirect.SerializeToString()})

    async def _close(self, code: int) -> Message:
        await self.send({"type": "websocket.close", "code": code})
        self._closed = True
        return {"type": "websocket.disconnect", "code": code}


def sign_in_url(place: str) -> str:
    """The sign-in form that leads to ``place``, a path with its query, afterwards."""
    return SIGN_IN if place in {"", "/"} else f"{SIGN_IN}?next={quote(place, safe='/')}"


def _is_open_to_all(path: str) -> bool:
    return path == "/health" or path.startswith("/auth/")


def _refusal(scope: Scope) -> Response:
    headers = dict(scope["headers"])
    if scope["method"] == "GET" and b"text/html" in headers.get(b"accept", b""):
        query = scope["query_string"].decode("latin-1")
        place = quote(scope["path"]) + (f"?{query}" if query else "")
        return RedirectResponse(sign_in_url(place), status_code=303, headers=_UNSTORED)
    return JSONResponse({"error": "Sign in first."}, status_code=401, headers=_UNSTORED)


def _with_session(scope: Scope, token: str) -> Scope:
    """The same connection, with our session header in place of whatever the client sent."""
    headers = [(name, value) for name, value in scope["headers"] if name != SESSION_HEADER]
    if token:
        headers.append((SESSION_HEADER, token.encode("latin-1")))
    return {**scope, "headers": headers}


def _with_headers(send: Send, added: Mapping[str, str]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers


def _place_in(message: bytes) -> str:
    """The path and query that the browser shows, as far as its message tells."""
    parsed = BackMsg()
    try:
        parsed.ParseFromString(message)
    except DecodeError:
        return ""
    url = urlsplit(parsed.rerun_script.context_info.url)
    return url.path + (f"?{url.query}" if url.query else "")


_UNSTORED = {"cache-control": "no-store"}
_UNAVAILABLE = PlainTextResponse(
    "The database does not answer: try again in a minute.\n", status_code=503, headers=_UNSTORED
)
