"""For those who run the service: is it alive, is it ready, what has it counted."""

import structlog
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from crm_core.api.metrics import Metrics
from crm_core.api.refusals import answer_json
from crm_core.base import beats
from crm_core.base.db import reading
from crm_core.base.migrate import is_current

log = structlog.get_logger("crm.api")
router = APIRouter(include_in_schema=False)


@router.get("/health")
async def show_health() -> Response:
    """Whether the process answers at all; asks nothing of the database."""
    return answer_json(200, {"success": True, "data": {"status": "alive"}})


@router.get("/ready")
def show_readiness() -> Response:
    """Whether requests can be served; 503 names the part that cannot."""
    parts = check_parts()
    faults = [f"{name}: {state}" for name, state in parts.items() if state != "ok"]
    if not faults:
        return answer_json(200, {"success": True, "data": parts})
    message = f"Not ready: {'; '.join(faults)}."
    return answer_json(503, {"success": False, "message": message, "data": parts})


@router.get("/metrics")
def show_metrics(request: Request) -> Response:
    """The counters in Prometheus's text format."""
    metrics: Metrics = request.app.state.metrics
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def check_parts() -> dict[str, str]:
    """``ok`` or what is wrong, for the database, its migrations and the worker."""
    try:
        with reading() as session:
            if not is_current(session.connection()):
                return {"database": "ok", "migrations": "not all applied", "worker": "unknown"}
            worker = "ok" if beats.is_alive(session) else "not seen in the last minute"
            return {"database": "ok", "migrations": "ok", "worker": worker}
    except SQLAlchemyError as error:
        log.warning("not ready", exc_info=error)
        return {"database": "unreachable", "migrations": "unknown", "worker": "unknown"}
