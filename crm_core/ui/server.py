"""The dashboard as an ASGI application: ``uvicorn crm_core.ui.server:app``.

The gate is outermost, then what sends a page in one burst, then the sign-in routes and Streamlit.
One process: uploads and downloads live in it.
"""

import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from crm_core.base import keys, logs
from crm_core.base.db import connect
from crm_core.base.settings import settings
from crm_core.ui import export_routes, oidc, sign_in_routes
from crm_core.ui.address import AddressUnfit, public_url
from crm_core.ui.bursts import InBursts
from crm_core.ui.gate import Gate
from crm_core.ui.script_errors import on_script_error

_HOME = Path(__file__).parents[2] / "Home.py"

# Imported before anybody waits for a page, and then kept out of every garbage collection.
_WARM = ("pandas", "pyarrow", "plotly.graph_objects")


async def health(_: Request) -> Response:
    """The process is alive; says nothing about what it depends on."""
    return JSONResponse({"status": "alive"})


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    _take_over_logs()
    url = settings().database_url
    if url is None:
        sys.exit("Set DATABASE_URL, or start everything with `make run`.")
    engine = connect(url.get_secret_value())
    for name in _WARM:
        import_module(name)
    gc.collect()
    gc.freeze()
    yield
    engine.dispose()


def _take_over_logs() -> None:
    """Streamlit gives its loggers, and uvicorn's, handlers that would write tokens in the clear."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("streamlit"):
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True
    logs.configure(settings().crm_log_format)


def _make_app() -> Gate:
    logs.configure(settings().crm_log_format)
    _refuse_to_start_unfit()
    # Otherwise a fresh process shows files in pages/ by their names, without Home.py.
    PagesManager.uses_pages_directory = False
    routes = [Route("/health", health, methods=["GET"]), *sign_in_routes.ROUTES]
    routes += export_routes.ROUTES
    if settings().crm_oidc_issuer:
        routes += oidc.ROUTES
    streamlit = st.App(
        _HOME,
        routes=routes,
        lifespan=_lifespan,
        on_script_error=on_script_error,
        exception_handlers=sign_in_routes.ON_ERROR,
    )
    return Gate(InBursts(streamlit))


def _refuse_to_start_unfit() -> None:
    try:
        public_url()
        keys.session_key()
        keys.encryption_key()
    except (AddressUnfit, keys.KeyMissing) as error:
        sys.exit(str(error))


app = _make_app()
