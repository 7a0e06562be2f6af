"""What a run of a script draws goes to the browser together, so that the browser draws once.

Streamlit sends every element as it is made, and the browser draws the page anew for each handful of
them: a page of twenty elements was drawn ten times over. Here they wait until the script has ended,
but never longer than a tenth of a second: what takes its time shows how far it is.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

LONGEST = 0.1
"""Seconds that a message is held back at the most."""


class InBursts:
    """The application, whose messages to a browser go out by the run of a script."""

    def __init__(self, app: ASGIApp, longest: float = LONGEST) -> None:
        self._app, self._longest = app, longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection; all but websockets are left as they are."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        burst = _Burst(send, self._longest)
        try:
            await self._app(scope, receive, burst.send)
        finally:
            burst.close()


class _Burst:
    """Passes on everything that is said to one browser, in its order."""

    def __init__(self, send: Send, longest: float) -> None:
        self._send, self._longest = send, longest
        self._held: list[Message] = []
        self._running = False
        self._sending = asyncio.Lock()
        self._later: asyncio.Task[None] | None = None

    async def send(self, message: Message) -> None:
        """Sends a message, or holds it back while a script runs.

        Raises:
            Exception: what went wrong with those that were held back, such as a lost browser.
        """
        if self._later is not None and self._later.done():
            self._later.result()
            self._later = None
        self._running = _runs(message, self._running)
        self._held.append(message)
        if not self._running:
            await self._flush()
        elif self._later is None:
            self._later = asyncio.create_task(self._flush_later())

    def close(self) -> None:
        """Nobody listens any more."""
        self._held.clear()
        if self._later is None:
            return
        if not self._later.cancel() and not self._later.cancelled():
            self._later.exception()  # a browser that went away is nobody's fault

    async def _flush_later(self) -> None:
        await asyncio.sleep(self._longest)
        await self._flush()

    async def _flush(self) -> None:
        # One after the other: a later message must not overtake those that are on their way.
        async with self._sending:
            while self._held:
                await self._send(self._held.pop(0))


def _runs(message: Message, before: bool) -> bool:
    """Whether a script runs, as the application tells the browser."""
    if message["type"] != "websocket.send":
        return False
    told = ForwardMsg()
    told.ParseFromString(message.get("bytes") or b"")
    if told.WhichOneof("type") != "session_status_changed":
        return before
    return told.session_status_changed.script_is_running
