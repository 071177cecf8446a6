"""For whoever runs it: does the process answer, and could it do its work; what it measures; what the API looks like."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from dispatch.errors import SchemaOutdated
from dispatch.reports.gauges import Gauges
from dispatch.runtime import metrics
from dispatch.web.api.schemas import ResponseBody
from dispatch.web.credentials import Visitor
from dispatch.web.routes import Api

api = Api("", "health")


class Health(ResponseBody):
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


class Metrics(Response):
    """Prometheus's text format."""

    media_type = metrics.MEDIA_TYPE


@api.bare("/metrics", "read metrics")
def read_metrics(visitor: Visitor) -> Metrics:
    """What this home's processes have measured, and what the database says now; for the installation's own token."""
    return Metrics(metrics.exposition(Gauges(visitor.here.database)))


@api.bare("/openapi.json", "see the schema")
def openapi(visitor: Visitor) -> Response:
    """This description."""
    made: dict[str, Any] = visitor.request.app.openapi()
    return JSONResponse(made)
