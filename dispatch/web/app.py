"""The application: its routes, its middleware, its OpenAPI description."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
from anyio import to_thread
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from dispatch.access import sessions
from dispatch.access.backoff import WINDOW
from dispatch.storage import access_log, idempotency
from dispatch.storage import uploads as stored_uploads
from dispatch.web import problems
from dispatch.web.api import (
    accounts,
    addresses,
    approvals,
    audit,
    billing,
    callbacks,
    compensations,
    complaints,
    crew,
    customers,
    demands,
    devices,
    effects,
    faults,
    figures,
    health,
    hops,
    identity_checks,
    operations,
    plans,
    quarantine,
    referrals,
    requests,
    rules,
    search,
    session,
    signatures,
    slips,
    surveys,
    teams,
    tickets,
    tokens,
    transfers,
    uploads,
    users,
    visits,
)
from dispatch.web.api import sessions as session_list
from dispatch.web.installation import Installation
from dispatch.web.methods import HeadAsGet
from dispatch.web.middleware import RequestGuard
from dispatch.web.pages import admin, boards, counter, home, wall
from dispatch.web.pages import approvals as approval_page
from dispatch.web.pages import callbacks as callback_page
from dispatch.web.pages import complaints as complaint_page
from dispatch.web.pages import demands as demand_page
from dispatch.web.pages import devices as device_page
from dispatch.web.pages import referrals as referral_page
from dispatch.web.pages import refunds as refund_page
from dispatch.web.pages import requests as request_page
from dispatch.web.pages import search as search_page
from dispatch.web.pages import slips as slip_page
from dispatch.web.pages import surveys as survey_page
from dispatch.web.pages import tickets as ticket_pages
from dispatch.web.pages import transfers as transfer_page
from dispatch.web.pages.routes import Pages, StaticFilesOfBuild
from dispatch.web.problems import Problem
from dispatch.web.routes import Api

log = structlog.get_logger()

PREFIX = "/api/v1"
LARGEST_BODY = 1_000_000
"""Bytes of a request's body. The limit of uploads is a setting."""
THREADS = 24
"""Requests in work at once: one per database connection, and some that compare passwords."""
SWEEP_SECONDS = 600

RESOURCES: tuple[Api, ...] = (  # matched in this order: the busiest routes stand first
    hops.api,
    visits.api,
    faults.api,
    teams.api,
    tickets.api,
    session.api,
    session_list.api,
    tokens.api,
    users.api,
    audit.api,
    uploads.api,
    customers.api,
    operations.api,
    accounts.api,
    slips.api,
    signatures.api,
    search.api,
    addresses.api,
    callbacks.api,
    transfers.api,
    referrals.api,
    requests.api,
    complaints.api,
    compensations.api,
    demands.api,
    approvals.api,
    identity_checks.api,
    devices.api,
    plans.api,
    effects.api,
    billing.api,
    quarantine.api,
    crew.api,
    surveys.api,
    rules.api,
    figures.api,
)

PAGES: tuple[Pages, ...] = (
    home.pages,
    boards.pages,
    ticket_pages.pages,
    survey_page.pages,
    slip_page.pages,
    admin.pages,
    wall.pages,
    counter.pages,
    callback_page.pages,
    transfer_page.pages,
    referral_page.pages,
    request_page.pages,
    complaint_page.pages,
    demand_page.pages,
    refund_page.pages,
    approval_page.pages,
    device_page.pages,
    search_page.pages,
)

WORTH_PACKING = 1_000
"""Bytes from which on an answer is compressed. No answer contains both a secret and text that a stranger chose."""


class Application(FastAPI):
    """FastAPI inside our middleware: middlewares added its own way would run inside the check of body sizes."""

    def build_middleware_stack(self) -> ASGIApp:
        packing = GZipMiddleware(super().build_middleware_stack(), minimum_size=WORTH_PACKING, compresslevel=5)
        return RequestGuard(HeadAsGet(packing), https=self.state.installation.settings.https)


def create_app(installation: Installation) -> FastAPI:
    app = Application(
        title="派单 Paidan",
        version="1",
        openapi_url=None,  # a route of our own, like the others
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        max_body_size=LARGEST_BODY,
    )
    app.state.installation = installation
    app.include_router(health.api.router)
    for api in RESOURCES:
        largest = installation.settings.largest_upload if api is uploads.api else None
        app.include_router(api.router, prefix=PREFIX, max_body_size=largest)
    for pages in PAGES:
        app.include_router(pages.router)
    app.mount("/static/{build}", StaticFilesOfBuild())
    problems.install(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    stopped = threading.Event()
    sweeper = threading.Thread(target=_sweep, args=(app.state.installation, stopped), daemon=True)
    sweeper.start()
    app.state.installation.live.start()
    yield
    stopped.set()
    app.state.installation.live.stop()
    app.state.installation.live.join()


def _sweep(installation: Installation, stopped: threading.Event) -> None:
    """At the start and every SWEEP_SECONDS, remove expired sessions, sign-in attempts and scans, none of which is valid
    any more, and secrets that a process of an earlier release kept."""
    swept_until = None
    while True:
        try:
            if installation.clock_guard.is_right():  # one that is ahead would remove what is valid
                swept_until = _remove_expired(installation, swept_until)
        except SQLAlchemyError as busy:
            log.warning("not swept", error=type(busy).__name__)
        if stopped.wait(SWEEP_SECONDS):
            return


def _remove_expired(installation: Installation, stripped_until: datetime | None) -> datetime:
    """Return the time until which the kept answers have been stripped of secrets; `stripped_until` is the last one."""
    now = installation.now()
    with installation.database.write() as tx:
        sessions.sweep(tx, now, now - WINDOW)
        stored_uploads.sweep(tx, now - uploads.SCANS_KEPT)
        access_log.sweep(tx, now - installation.settings.access_log_span)
    idempotency.strip_secrets(installation.database, stripped_until)
    return now - timedelta(seconds=SWEEP_SECONDS)  # other machines' clocks may be behind


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, routes=app.routes, description=_DESCRIPTION)
        components = made.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        faults_of = components["schemas"]["Problem"].pop("$defs", {})
        components["schemas"].update(faults_of)
        components["securitySchemes"] = {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API token, made by `dispatch token` or POST /api/v1/tokens.",
            },
            "machine": {
                "type": "http",
                "scheme": "bearer",
                "description": "The installation's own token, `DISPATCH_METRICS_TOKEN`.",
            },
            "signature": {
                "type": "apiKey",
                "in": "header",
                "name": "webhook-signature",
                "description": "Signature by the key `DISPATCH_BILLING_EVENT_KEY`, as Standard Webhooks describes it.",
            },
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": "paidan_session",
                "description": "The session of POST /api/v1/session; every change carries its token in X-CSRF-Token.",
            },
        }
        app.openapi_schema = made
    return app.openapi_schema


_DESCRIPTION = """家庭宽带故障受理与派单 · the service desk and fault dispatch of a home-broadband operator.

A POST may carry an `Idempotency-Key`: sent again with the same key, the same request gets the same answer and is done
once; a password or token that was made is in the first answer alone, and `withheld` says so in its repetitions. Another
request under that key is refused (422, `key-reused`), and so is a repetition while the first is under way
(409, `key-in-flight`). Answers are remembered for a day; a refusal is not, since it has changed nothing.

An error is a problem document (RFC 9457) with a stable `code`. Things in an area in which the caller holds no role look
as if they did not exist. Lists come in pages: `cursor` takes the `next` of the page before. Every answer to a GET has
an entity tag; resources that several people edit take it as `If-Match`. A caller may wait until a hop has reached its
board (`Prefer: wait=10`) instead of asking again and again."""
