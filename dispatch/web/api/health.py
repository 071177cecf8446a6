"""For whoever runs it: does the process answer, and could it do its work; and what the API looks like."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from dispatch.errors import SchemaOutdated
from dispatch.web.api.shapes import Told
from dispatch.web.routes import Api
from dispatch.web.visitor import Visitor

api = Api("", "health")


class Health(Told):
    """`ok`."""

    status: str


class Ready(Health):
    """The version of the rules in force."""

    rules: str


@api.bare("/healthz", "ask for health")
def healthz(visitor: Visitor) -> Health:  # noqa: ARG001
    """The process answers; nothing else is looked at."""
    return Health(status="ok")


@api.bare("/readyz", "ask for health", raises=[SchemaOutdated])
def readyz(visitor: Visitor) -> Ready:
    """The database answers at the right schema, and rules are in force."""
    visitor.here.database.require_schema()
    return Ready(status="ok", rules=visitor.here.rulebook().version)


@api.bare("/openapi.json", "see the schema")
def openapi(visitor: Visitor) -> Response:
    """This description."""
    made: dict[str, Any] = visitor.request.app.openapi()
    return JSONResponse(made)
