"""What a run draws goes out together: in its order, all of it, and not for ever later."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from crm_core.ui.bursts import InBursts

Says = Callable[[Send, list[Message]], Awaitable[None]]
NEVER, AT_ONCE = 3600.0, 0.0


def a_run(*, begins: bool) -> bytes:
    told = ForwardMsg()
    told.session_status_changed.script_is_running = begins
    return told.SerializeToString()


def an_element(name: str) -> bytes:
    told = ForwardMsg()
    told.delta.new_element.text.body = name
    return told.SerializeToString()


def names(messages: Sequence[Message]) -> list[str]:
    """What arrived: the texts of elements, and when a run began and ended."""
    return [_name(message) for message in messages]


def _name(message: Message) -> str:
    if message["type"] != "websocket.send":
        return str(message["type"])
    told = ForwardMsg()
    told.ParseFromString(message["bytes"])
    if told.WhichOneof("type") == "delta":
        return told.delta.new_element.text.body
    return "runs" if told.session_status_changed.script_is_running else "ended"


async def say(send: Send, *said: bytes) -> None:
    for each in said:
        await send({"type": "websocket.send", "bytes": each})


async def nobody_asks() -> Message:
    """The browser says nothing."""
    raise AssertionError("nobody asks")


def heard_when(says: Says, longest: float = NEVER) -> None:
    """Runs an application that says something, and looks at what has arrived meanwhile."""
    arrived: list[Message] = []

    async def browser(message: Message) -> None:
        arrived.append(message)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await says(send, arrived)

    asyncio.run(InBursts(application, longest)({"type": "websocket"}, nobody_asks, browser))


def test_a_run_arrives_when_it_has_ended_in_its_order() -> None:
    async def says(send: Send, arrived: list[Message]) -> None:
        await say(send, a_run(begins=True), an_element("title"), an_element("table"))
        assert arrived == []
        await say(send, a_run(begins=False))
        assert names(arrived) == ["runs", "title", "table", "ended"]

    heard_when(says)


def test_what_is_said_between_runs_arrives_at_once() -> None:
    async def says(send: Send, arrived: list[Message]) -> None:
        await say(send, a_run(begins=True), a_run(begins=False), an_element("notice"))
        assert names(arrived)[-1] == "notice"

    heard_when(says)


def test_a_run_that_takes_its_time_shows_how_far_it_is() -> None:
    arrived: list[Message] = []
    heard = asyncio.Event()

    async def browser(message: Message) -> None:
        arrived.append(message)
        if names(arrived)[-1] == "a part":
            heard.set()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(2):
            await say(send, a_run(begins=True), an_element("a part"))
            await heard.wait()
            heard.clear()

    asyncio.run(InBursts(application, AT_ONCE)({"type": "websocket"}, nobody_asks, browser))


def test_the_end_of_the_connection_comes_after_what_was_held() -> None:
    async def says(send: Send, arrived: list[Message]) -> None:
        await say(send, a_run(begins=True), an_element("title"))
        await send({"type": "websocket.close", "code": 1000})
        assert names(arrived) == ["runs", "title", "websocket.close"]

    heard_when(says)


def test_messages_do_not_overtake_those_that_are_on_their_way() -> None:
    arrived: list[Message] = []
    slow = asyncio.Event()

    async def browser(message: Message) -> None:
        await slow.wait()
        arrived.append(message)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await say(send, a_run(begins=True), an_element("first"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the first is on its way
        rest = asyncio.create_task(say(send, an_element("second"), a_run(begins=False)))
        await asyncio.sleep(0)
        slow.set()
        await rest

    asyncio.run(InBursts(application, AT_ONCE)({"type": "websocket"}, nobody_asks, browser))
    assert names(arrived) == ["runs", "first", "second", "ended"]


def test_a_browser_that_went_away_is_told_to_the_application() -> None:
    async def gone(message: Message) -> None:
        raise OSError("the browser went away")

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await say(send, a_run(begins=True))
        with pytest.raises(OSError, match="went away"):
            while True:
                await asyncio.sleep(0)
                await say(send, an_element("title"))

    asyncio.run(InBursts(application, AT_ONCE)({"type": "websocket"}, nobody_asks, gone))


def test_a_browser_that_leaves_in_the_middle_of_a_run_is_no_error() -> None:
    async def says(send: Send, arrived: list[Message]) -> None:
        await say(send, a_run(begins=True), an_element("title"))

    heard_when(says)


def test_requests_are_left_as_they_are() -> None:
    arrived: list[Message] = []

    async def browser(message: Message) -> None:
        arrived.append(message)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start"})

    asyncio.run(InBursts(application)({"type": "http"}, nobody_asks, browser))
    assert names(arrived) == ["http.response.start"]
