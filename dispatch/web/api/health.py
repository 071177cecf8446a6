"""Endpoints for operators: liveness, readiness, metrics, and the OpenAPI description."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from dispatch.errors import ClockWrong, DatabaseBusy, DatabaseUnavailable, SchemaOutdated
from dispatch.reports.gauges import Gauges
from dispatch.runtime import metrics
from dispatch.web.api.schemas import ResponseBody
from dispatch.web.credentials import Visitor
from dispatch.web.routes import Api, apart, at_once

api = Api("", "health")


class Health(ResponseBody):
    """The process answers."""

    status: str
    """Always `ok`."""


class Ready(Health):
    """The installation is ready."""

    rules: str
    """Version of the rules in force."""


@api.without_transaction("/healthz", "ask for health", summary="Check liveness", turn=at_once)
def healthz(visitor: Visitor) -> Health:  # noqa: ARG001
    """Answers as long as the process runs; it looks at nothing else."""
    return Health(status="ok")


@api.without_transaction(
    "/readyz",
    "ask for health",
    raises=[SchemaOutdated, ClockWrong, DatabaseBusy, DatabaseUnavailable],
    summary="Check readiness",
    turn=apart,
)
def readyz(visitor: Visitor) -> Ready:
    """Answers when the database has the right schema and takes changes, the clock is right, and rules are in force."""
    visitor.installation.database.require_schema()
    visitor.installation.database.require_writable()
    visitor.installation.clock_guard.require()
    return Ready(status="ok", rules=visitor.installation.rulebook().version)


class Metrics(Response):
    """Prometheus's text format."""

    media_type = metrics.MEDIA_TYPE


@api.without_transaction("/metrics", "read metrics")
def read_metrics(visitor: Visitor) -> Metrics:
    """Shows what this home's processes have measured and the database's figures, in Prometheus's text format."""
    here = visitor.installation
    gauges = Gauges(here.database, lambda: here.rulebook().teams, here.refused_files)
    return Metrics(metrics.exposition(gauges, here.connections))


@api.without_transaction("/openapi.json", "see the schema", summary="Get OpenAPI description")
def openapi(visitor: Visitor) -> Response:
    """Shows this description."""
    made: dict[str, Any] = visitor.request.app.openapi()
    return JSONResponse(made)
