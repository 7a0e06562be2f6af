"""The API: ``uvicorn crm_core.api.app:app`` serves /api/crm-v2 for other systems."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.responses import Response

from crm_core.api import (
    appointment_links,
    appointment_plans,
    appointments,
    campaigns,
    communications,
    docs,
    doctors,
    exports,
    feedback,
    feedback_links,
    health,
    history,
    hospitals,
    integrations,
    loyalty,
    message_trouble,
    messaging,
    operations,
    owner_records,
    owners,
    patient_imports,
    patients,
    payout_batches,
    payout_transfers,
    payouts,
    privacy,
    receipts,
    refusals,
    search,
    unsubscribe_links,
    views,
    waitlist,
    webhook_subscriptions,
    webhooks,
)
from crm_core.api.access import AccessLog
from crm_core.api.deps import Resources
from crm_core.api.metrics import Metrics
from crm_core.api.middleware import LimitBody, Observe
from crm_core.api.once import AlreadyDone, answer_again
from crm_core.api.reader import open_reader
from crm_core.api.responses import Failure, InvalidInput, OurFault
from crm_core.api.shortcut import ShortCut
from crm_core.api.tokens import RateLimit
from crm_core.base import logs
from crm_core.base.db import connect
from crm_core.base.read import Reader
from crm_core.base.settings import settings

PREFIX = "/api/crm-v2"

# Paths with a name come before paths with an id: /payouts/files before /payouts/{payout_id}.
DOMAINS: tuple[APIRouter, ...] = (
    appointment_links.router,
    appointment_plans.router,
    appointments.router,
    waitlist.router,
    doctors.router,
    owners.router,
    owner_records.router,
    hospitals.router,
    patient_imports.router,
    patients.router,
    loyalty.router,
    feedback.router,
    payout_batches.router,
    payout_transfers.router,
    payouts.router,
    receipts.router,
    privacy.router,
    exports.router,
    search.router,
    operations.router,
    history.router,
    views.router,
    integrations.router,
    webhook_subscriptions.router,
    messaging.router,
    message_trouble.router,
    communications.router,
    campaigns.router,
    feedback_links.router,
    webhooks.router,
    unsubscribe_links.router,
)

OpenReader = Callable[[], AbstractAsyncContextManager[Reader]]

_EVERYWHERE: dict[int | str, dict[str, Any]] = {
    400: {"model": InvalidInput, "description": "The input is wrong; every field is named"},
    401: {"model": Failure, "description": "No valid token"},
    403: {"model": Failure, "description": "The token's roles do not allow it"},
    404: {"model": Failure, "description": "No such record"},
    409: {"model": Failure, "description": "Not possible in this state, or a duplicate"},
    413: {"model": Failure, "description": "The body is too large"},
    429: {"model": Failure, "description": "Too many requests: see Retry-After"},
    500: {"model": OurFault, "description": "Our fault: the log has it under the request id"},
    503: {"model": Failure, "description": "The database does not answer: see Retry-After"},
}

_ABOUT = """Owners, payouts, patients and their points, for other systems.

Send an API token as `Authorization: Bearer …`. Money is text with two decimals in naira,
instants are UTC. A POST may carry an `Idempotency-Key`: sent again within a day with the same
body it gives the first answer and changes nothing. `X-Reason` is kept in the history."""


def _operation_id(route: APIRoute) -> str:
    return route.name


_DOCUMENTED: dict[str, Any] = {
    "title": "Operations API",
    "version": "2",
    "summary": "crm-v2",
    "description": _ABOUT,
    # The pages are our own (docs.py), and addresses are told apart in middleware.py.
    "docs_url": None,
    "redoc_url": None,
    "openapi_url": None,
    "redirect_slashes": False,
    "responses": _EVERYWHERE,
    "generate_unique_id_function": _operation_id,
}


class DatabaseUnset(RuntimeError):
    """One sentence that says how to start."""


@asynccontextmanager
async def open_database() -> AsyncIterator[Reader]:
    """Connects this process to the database that the settings name."""
    logs.configure(settings().crm_log_format)
    # Our own line has the request's id and actor, and not the query, which may name a patient.
    logging.getLogger("uvicorn.access").propagate = False
    url = settings().database_url
    if url is None:
        raise DatabaseUnset(
            "DATABASE_URL is not set: start everything with `python -m crm_core up`, "
            "or name the database that the API should use."
        )
    engine = connect(url.get_secret_value())
    try:
        async with open_reader(url.get_secret_value()) as reader:
            yield reader
    finally:
        engine.dispose()


def create_app(open_: OpenReader = open_database) -> FastAPI:
    """The app with all its routes; ``open_`` connects it when it starts."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_() as reader:
            app.state.resources = Resources(reader, RateLimit(settings().crm_rate_limit))
            metrics.watch(reader)
            yield

    app = FastAPI(lifespan=lifespan, **_DOCUMENTED)
    app.state.metrics = metrics
    # The last one added is the outermost.
    app.add_middleware(ShortCut)
    files = {f"{PREFIX}{patient_imports.PATH}": settings().crm_max_import_bytes}
    app.add_middleware(LimitBody, largest=settings().crm_max_body_bytes, files=files)
    app.add_middleware(Observe, metrics=metrics, access=AccessLog(settings().crm_log_format))
    refusals.install(app)
    app.add_exception_handler(AlreadyDone, answer_again)
    _add_routes(app)
    return app


def _add_routes(app: FastAPI) -> None:
    app.include_router(health.router)
    for domain in DOMAINS:
        app.include_router(domain, prefix=PREFIX)
    app.include_router(docs.router, prefix=PREFIX)

    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    def show_openapi() -> Response:
        """What the API is, for programs."""
        return refusals.answer_json(200, docs.describe(app))


app = create_app()
