"""Structured logs: one line an event, with the request it belongs to, and no secrets.

Everything that is logged passes here, also what libraries log through ``logging``. Values bound
with ``structlog.contextvars`` (such as ``request_id``) are in every line until they are cleared.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "(hidden)"

_SECRET_NAMES = re.compile(
    r"passw|secret|token|cookie|authori[sz]ation|api_?key|encryption_key|session_key"
    r"|account_number|^nin$|conninfo|database_url",
    re.IGNORECASE,
)
_SECRET_TEXTS = (
    # postgresql://somebody:password@somewhere
    re.compile(r"(://[^/@:\s]*:)[^@\s/]+(?=@)"),
    # /auth/link?token=…, and the code of a single sign-on
    re.compile(r"((?:^|[?&\s])(?:token|code|state|password)=)[^&\s\"']+", re.IGNORECASE),
    re.compile(r"(\bbearer\s+)[\w.~+/=-]+", re.IGNORECASE),
)
_QUIET = ("alembic", "httpx", "procrastinate", "uvicorn", "watchdog")
"""Their news is ours to tell; their warnings are welcome."""


def configure(style: str, *, stream: TextIO | None = None) -> None:
    """Sends all logs to ``stream`` (standard error) as ``console`` lines or ``json`` objects."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(style, handler.stream))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Uvicorn's loggers come with handlers of their own, which would write each line twice; and
    # its line for each request has the query, where a token or a patient's name may stand.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).setLevel(logging.WARNING)
        logging.getLogger(name).propagate = name != "uvicorn.access"
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replaces what must not be read in a log, by its name or by its looks."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: object) -> object:
    if _SECRET_NAMES.search(name) and value is not None:
        return HIDDEN
    if isinstance(value, str):
        for pattern in _SECRET_TEXTS:
            value = pattern.sub(rf"\1{HIDDEN}", value)
        return value
    if isinstance(value, Mapping):
        return {key: _hidden(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", inner) for inner in value]
    return value


def _shared() -> list[Processor]:
    """What happens to our own lines and to those of libraries."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(style: str, stream: TextIO) -> logging.Formatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _drop_duplicates,
            # Before the secrets are hidden: a traceback can hold them, too.
            structlog.processors.format_exc_info,
            hide_secrets,
            renderer,
        ],
    )


def _drop_duplicates(_: WrappedLogger, __: str, event: EventDict) -> MutableMapping[str, Any]:
    """Uvicorn adds each message again, with colours."""
    event.pop("color_message", None)
    return event
