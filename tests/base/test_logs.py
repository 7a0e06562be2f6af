"""Logs: one line an event with its request, from us and from libraries, and never a secret."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from crm_core.base import logs

Written = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def written() -> Iterator[Written]:
    """What was logged as JSON since the test began."""
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn")
    handlers, level, own = root.handlers[:], root.level, uvicorn.handlers[:]
    stream = StringIO()
    logs.configure("json", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, uvicorn.handlers = handlers, own
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_says_when_what_and_how_bad(written: Written) -> None:
    structlog.get_logger("crm.test").warning("payout late", payout=7)
    (line,) = written()
    assert (line["event"], line["level"], line["payout"]) == ("payout late", "warning", 7)
    assert line["timestamp"].endswith("Z")
    assert line["logger"] == "crm.test"


def test_every_line_carries_the_request_it_belongs_to(written: Written) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger().info("ours")
        logging.getLogger("library").info("theirs: %s", 5)
    structlog.get_logger().info("afterwards")
    ours, theirs, afterwards = written()
    assert ours["request_id"] == theirs["request_id"] == "r-1"
    assert theirs["event"] == "theirs: 5"
    assert "request_id" not in afterwards


def test_the_server_s_own_lines_come_once(written: Written) -> None:
    logging.getLogger("uvicorn").addHandler(logging.StreamHandler(StringIO()))
    logs.configure("json", stream=(stream := StringIO()))
    logging.getLogger("uvicorn.error").error("Failed", extra={"color_message": "\x1b[1mFailed"})
    (line,) = (json.loads(one) for one in stream.getvalue().splitlines())
    assert line["event"] == "Failed"
    assert "color_message" not in line


def test_what_libraries_do_all_day_is_not_told(written: Written) -> None:
    for name in ("uvicorn.error", "alembic.runtime.migration", "procrastinate.worker"):
        logging.getLogger(name).info("Started")
    assert written() == []


def test_the_server_writes_no_line_for_each_request(written: Written) -> None:
    logging.getLogger("uvicorn.access").warning("GET /owners?search=Ada")
    assert written() == []


@pytest.mark.parametrize(
    "name",
    ["password", "token", "api_key", "Authorization", "cookie", "client_secret", "nin",
     "account_number", "DATABASE_URL"],
)  # fmt: skip
def test_a_secret_is_known_by_its_name(written: Written, name: str) -> None:
    structlog.get_logger().info("event", **{name: "hidden-word"}, detail={name: "hidden-word"})
    (line,) = written()
    assert line[name] == logs.HIDDEN
    assert "hidden-word" not in json.dumps(line)


@pytest.mark.parametrize(
    "text",
    [
        "cannot connect to postgresql://crm:hidden-word@db/crm",
        "GET /auth/link?token=hidden-word HTTP/1.1",
        "GET /auth/oidc/callback?state=a&code=hidden-word",
        "Authorization: Bearer hidden-word",
        "connection failed: host=db password=hidden-word",
    ],
)
def test_a_secret_is_known_by_its_looks(written: Written, text: str) -> None:
    logging.getLogger("library").warning("%s", text)
    structlog.get_logger().warning("ours", lines=[text])
    for line in written():
        assert "hidden-word" not in json.dumps(line)
        assert logs.HIDDEN in json.dumps(line)


def test_a_secret_in_a_traceback_is_hidden_too(written: Written) -> None:
    try:
        raise ConnectionError("postgresql://crm:hidden-word@db/crm is away")
    except ConnectionError:
        structlog.get_logger().exception("failed")
    (line,) = written()
    assert "ConnectionError" in line["exception"]
    assert "hidden-word" not in json.dumps(line)


def test_harmless_words_stay(written: Written) -> None:
    structlog.get_logger().info("GET /owners?page=2&status=active", author="Ada", tokens_left=5)
    (line,) = written()
    assert line["event"] == "GET /owners?page=2&status=active"
    assert line["author"] == "Ada"


def test_the_console_shows_the_same_without_braces(written: Written) -> None:
    logs.configure("console", stream=(stream := StringIO()))
    structlog.get_logger("crm").info("payout paid", payout=7, password="hidden-word")
    assert "payout paid" in stream.getvalue()
    assert "payout=7" in stream.getvalue()
    assert "hidden-word" not in stream.getvalue()
