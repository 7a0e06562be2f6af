"""The API's documentation: OpenAPI, and Swagger UI from files that came with the requirements."""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import fastapi_swagger
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from crm_core.api.examples import EXAMPLES

FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

# Swagger UI styles elements from its script and draws its icons from data addresses.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Operations API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
});
"""

_METHODS = {"get", "post", "put", "patch", "delete"}

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def show_docs() -> Response:
    """The page; everything it loads is served from here."""
    return HTMLResponse(_PAGE, headers={"content-security-policy": _POLICY})


@router.get("/docs/start.js")
async def start_docs() -> Response:
    """Starts Swagger UI: a file, so that the page needs no script of its own."""
    return Response(_START, media_type="text/javascript")


@router.get("/docs/{name}")
def show_docs_file(name: str) -> Response:
    """A file of Swagger UI."""
    if name not in FILES:
        raise HTTPException(404)
    headers = {"cache-control": "public, max-age=86400"}
    return Response(_file(name), media_type=FILES[name], headers=headers)


@cache
def _file(name: str) -> bytes:
    return resources.files(fastapi_swagger).joinpath("resources", name).read_bytes()


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: our envelope for invalid input in place of the framework's."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        for method, operation in _operations(document):
            _describe_answers(operation["responses"])
            ours = operation.get("security") != []
            if ours and method != "get" and "plan" not in operation["operationId"]:
                operation.setdefault("parameters", []).extend([_IDEMPOTENCY_KEY, _REASON])
        schemas = document["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for name in schemas.keys() & EXAMPLES.keys():
            schemas[name]["examples"] = [EXAMPLES[name]]
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        app.openapi_schema = document
    return app.openapi_schema


def _describe_answers(responses: dict[str, Any]) -> None:
    responses.pop("422", None)
    for status, sentence in _FAILURES.items():
        for content in responses.get(status, {}).get("content", {}).values():
            content["example"] = {"success": False, "message": sentence}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                yield method, operation


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Sent again within a day with the same body, the first answer is given again "
    "and nothing is done twice; another body is refused with 409."
    " Such as `payout-2026-09-OWN-003`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_REASON = {
    "name": "X-Reason",
    "in": "header",
    "description": "Why this is done, for the history. Such as `month end`.",
    "schema": {"type": "string", "maxLength": 500},
}

_FAILURES = {
    "401": "Send your API token in the header 'Authorization: Bearer …'.",
    "403": "The maker of a payout cannot approve it: ask another approver.",
    "404": "Payout not found",
    "409": "PAY-001 is paid: only a pending one is approved.",
    "413": "The body is too large: send at most 1,000,000 bytes.",
    "429": "Too many requests: try again in 3 s.",
    "503": "The database does not answer: try again shortly.",
}
