"""The three parts of the product, each run in the foreground by one process."""

import base64
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import uvicorn

from crm_core.base import keys
from crm_core.base.database import Urls, database
from crm_core.base.settings import settings


def run_dashboard() -> None:
    """Serves the dashboard until a signal."""
    _serve("crm_core.ui.server:app", settings().crm_dashboard_port)


def run_api() -> None:
    """Serves the API until a signal."""
    _serve("crm_core.api.app:app", settings().crm_api_port)


def run_worker() -> None:
    """Does background jobs until a signal."""
    from crm_core import worker

    with _prepared() as urls:
        worker.run(urls.app)


def environment_for(urls: Urls) -> dict[str, str]:
    """What a part has to know: the database as the application, never as the tables' owner."""
    return {
        "DATABASE_URL": urls.app,
        "MIGRATION_DATABASE_URL": urls.app,
        "CRM_ENCRYPTION_KEY": _written(keys.encryption_key),
        "CRM_SESSION_KEY": _written(keys.session_key),
    }


def unwind_on_sigterm() -> None:
    """Makes SIGTERM leave in good order, so that the database is let go."""
    signal.signal(signal.SIGTERM, _leave)


def _serve(application: str, port: int) -> None:
    with _prepared():
        uvicorn.run(
            application,
            host=settings().crm_host,
            port=port,
            # Ours has the request's id, and no query strings.
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=3,
        )


@contextmanager
def _prepared() -> Iterator[Urls]:
    """The database, and everything that the part reads from the environment."""
    # Uvicorn raises the signal again when it has stopped.
    unwind_on_sigterm()
    with database() as urls:
        os.environ.update(environment_for(urls))
        settings.cache_clear()
        yield urls


def _leave(_: int, __: FrameType | None) -> NoReturn:
    sys.exit(0)


def _written(key: Callable[[], bytes]) -> str:
    return base64.urlsafe_b64encode(key()).decode()
