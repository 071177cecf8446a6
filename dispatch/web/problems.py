"""What goes wrong, as problem documents (RFC 9457) with the error's stable `code`. Nowhere else is a status chosen.

A refusal of the counter is 409: the request was understood, and the books as they stand don't allow it; the same may do
later. What can't be right whatever the books say is 422.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dispatch import errors
from dispatch.errors import DispatchError
from dispatch.web.pages.rendering import render

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[DispatchError], int] = {
    errors.DispatchError: 422,
    errors.NotSignedIn: 401,
    errors.SignInFailed: 401,
    errors.NotAllowed: 403,
    errors.NotYours: 403,
    errors.RequestForged: 403,
    errors.NotFound: 404,
    errors.DuplicateFault: 409,
    errors.Refusal: 409,
    errors.IllegalMove: 409,
    errors.AlreadyClaimed: 409,
    errors.NobodyAsked: 409,
    errors.UrgedEnough: 409,
    errors.SurveyOver: 409,
    errors.KeyInFlight: 409,
    errors.PhotosEnough: 409,
    errors.ChangedMeanwhile: 412,
    errors.WrongFileType: 415,
    errors.VersionMissing: 428,
    errors.SignInRefused: 401,
    errors.ProviderAway: 502,
    errors.SignInSlowed: 429,
    errors.BadRules: 503,
    errors.SchemaOutdated: 503,
    errors.MissingPart: 503,
}
"""Of an error, or of the nearest of its kind."""

OF_HTTP = {
    400: ("malformed", "The request can't be read."),
    404: ("not-found", "There is no such page."),
    405: ("method-not-allowed", "That can't be done here."),
    413: ("too-large", "The request is larger than what is taken here."),
}


class InputFault(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    pointer: str
    """JSON pointer to what is wrong."""
    detail: str
    """What is wrong there."""


class Sentence(BaseModel):
    """A sentence to be read out, in both languages."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    zh: str
    """Chinese."""
    en: str
    """English."""


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """Identifier of the kind of problem: urn:paidan:problem:CODE."""
    title: str
    """Kind of problem, in words."""
    status: int
    """Status of the answer."""
    detail: str
    """What went wrong, for people."""
    code: str
    """Stable code, for programs."""
    instance: str | None = None
    """Identifier of the request, as in the log and in X-Request-Id."""
    faults: list[InputFault] | None = None
    """Faults of a request that is not of the documented form."""
    read_out: Sentence | None = None
    """What the customer is told, after a refusal at the counter."""
    confirm: list[str] | None = None
    """What to send as `confirm` once the customer has heard the warning."""


def status_of(wrong: type[DispatchError]) -> int:
    return next(STATUS[kind] for kind in wrong.__mro__ if kind in STATUS)


def describe(wrong: DispatchError) -> Problem:
    """The problem by itself, as bulk answers hold it."""
    return _problem(status_of(type(wrong)), wrong.code, str(wrong))


def respond(
    request: Request | None,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """`more` are members beyond RFC 9457's own."""
    made = _problem(status, code, detail).model_copy(update=more)
    if request is not None and (request_id := request.scope.get("state", {}).get("request_id")):
        made.instance = f"urn:uuid:{request_id}"
    if request is not None and _is_for_a_page(request):
        shown = {"heading": made.title, **made.model_dump()}
        return HTMLResponse(render(request, "problem.html", shown), status, headers=dict(headers or {}))
    return Response(made.model_dump_json(exclude_none=True), status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def _is_for_a_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def documented(wrong: Iterable[type[DispatchError]]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may end with these: every status with its codes."""
    codes: dict[int, list[str]] = {}
    for kind in wrong:
        codes.setdefault(status_of(kind), []).append(kind.code)
    return {status: answer(status, *sorted(set(codes[status]))) for status in sorted(codes)}


def answer(status: int, *codes: str) -> dict[str, Any]:
    """One documented problem."""
    said = f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in codes)}"
    return {"description": said, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def install(app: FastAPI) -> None:
    """All that can go wrong below the shield comes out as a problem."""
    app.add_exception_handler(DispatchError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(TimeoutError, _database)
    app.add_exception_handler(Exception, _unexpected)


async def _refused(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, DispatchError)
    status = status_of(type(wrong))
    if isinstance(wrong, errors.NotSignedIn) and _is_for_a_page(request):
        return _to_sign_in(request)
    if status == 503:
        log.error("not ready", code=wrong.code)
        return respond(request, status, wrong.code, "The service isn't ready: its operator must look.")
    return respond(request, status, wrong.code, str(wrong), _headers(wrong))


def _to_sign_in(request: Request) -> Response:
    """And from there back to the page."""
    way = f"/sign-in?next={quote(request.url.path)}"
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": way})
    return RedirectResponse(way, 303)


def _headers(wrong: DispatchError) -> dict[str, str]:
    match wrong:
        case errors.NotSignedIn():
            return {"WWW-Authenticate": 'Bearer realm="paidan"'}
        case errors.SignInSlowed():
            return {"Retry-After": str(wrong.facts["seconds"])}
        case errors.KeyInFlight():
            return {"Retry-After": "1"}
    return {}


async def _malformed(request: Request, wrong: Exception) -> Response:
    """What was sent isn't said again: it may be a customer's data."""
    assert isinstance(wrong, RequestValidationError)
    faults = [InputFault(pointer="/" + "/".join(map(str, each["loc"])), detail=each["msg"]) for each in wrong.errors()]
    return respond(request, 422, "invalid-request", "The request isn't of the documented form.", faults=faults)


async def _http(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, HTTPException)
    code, detail = OF_HTTP.get(wrong.status_code, ("refused", HTTPStatus(wrong.status_code).phrase))
    return respond(request, wrong.status_code, code, detail, wrong.headers)


async def _database(request: Request, wrong: Exception) -> Response:
    """Busy, or away: nothing was done, and it may be tried again. Anything else is a fault of ours."""
    if isinstance(wrong, OperationalError | TimeoutError) or getattr(wrong, "connection_invalidated", False):
        log.warning("database busy or away", error=type(wrong).__name__)
        return respond(request, 503, "busy", "The database is busy: try again in a moment.", {"Retry-After": "1"})
    raise wrong


async def _unexpected(request: Request, wrong: Exception) -> Response:  # noqa: ARG001
    """Without a word of it: its trace is in the log, under the request's id."""
    return respond(request, 500, "unexpected", "Something went wrong; its trace is in the log.")


def _problem(status: int, code: str, detail: str) -> Problem:
    title = code.replace("-", " ").capitalize()
    return Problem(type=f"urn:paidan:problem:{code}", title=title, status=status, detail=detail, code=code)
