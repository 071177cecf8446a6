"""Errors as problem documents (RFC 9457) with the error's stable `code`. No other module chooses a status.

A refusal of the counter is 409: the books don't allow the request now, and may later. A request that can't be right
whatever the books say is 422.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dispatch import errors
from dispatch.domain.language import DEFAULT, Language, from_header
from dispatch.domain.model_faults import model_fault
from dispatch.domain.title import Wording, same, sentences
from dispatch.errors import DispatchError
from dispatch.storage.database_faults import LATER, SOON, DatabaseFault, database_fault
from dispatch.web.methods import allowed_methods
from dispatch.web.pages.rendering import language_of, render
from dispatch.web.strict_json import MalformedBody

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[DispatchError], int] = {
    errors.DispatchError: 422,
    errors.NotSignedIn: 401,
    errors.SignatureWrong: 401,
    errors.SignInFailed: 401,
    errors.NotAllowed: 403,
    errors.NotYours: 403,
    errors.ProofNeeded: 403,
    errors.RequestForged: 403,
    errors.NotFound: 404,
    errors.UnknownUser: 422,
    errors.UnfitUser: 409,
    errors.WorkUndecided: 409,
    errors.DuplicateFault: 409,
    errors.ComplaintsNotTaken: 409,
    errors.DuplicateComplaint: 409,
    errors.NothingToCompensate: 409,
    errors.CompensatedBefore: 409,
    errors.Refusal: 409,
    errors.IllegalMove: 409,
    errors.ApprovalOver: 409,
    errors.OwnApproval: 403,
    errors.AlreadyClaimed: 409,
    errors.NobodyAsked: 409,
    errors.NoVisits: 409,
    errors.UrgedEnough: 409,
    errors.SurveyOver: 409,
    errors.CalledLately: 409,
    errors.CallTaken: 409,
    errors.KeyInFlight: 409,
    errors.PhotosEnough: 409,
    errors.AlreadySigned: 409,
    errors.SigningOver: 409,
    errors.NobodySigns: 409,
    errors.SlipDiffers: 409,
    errors.SignatureBroken: 409,
    errors.ChangedMeanwhile: 412,
    errors.WrongFileType: 415,
    errors.VersionMissing: 428,
    errors.SignInRefused: 401,
    errors.IdentityTaken: 401,
    errors.ProviderAway: 502,
    errors.SignInSlowed: 429,
    errors.BadRules: 503,
    errors.SchemaOutdated: 503,
    errors.DatabaseOlder: 503,
    errors.DatabaseTooOld: 503,
    errors.MissingPart: 503,
    errors.WrongKeys: 503,
    errors.ClockWrong: 503,
    errors.DatabaseBusy: 503,
    errors.DatabaseUnavailable: 503,
}
"""The status of an error is that of the nearest of its classes."""

OF_HTTP: Mapping[int, tuple[str, Wording]] = {
    400: ("malformed", Wording("请求无法读取。", "The request can't be read.")),
    404: ("not-found", Wording("没有这个网址。", "There is no such page.")),
    405: ("method-not-allowed", Wording("这个网址不收这种请求方法。", "This address doesn't take that method.")),
    408: ("too-slow", Wording("请求来得太慢，连接已关闭。", "The request came too slowly: the connection is closed.")),
    413: ("too-large", Wording("请求太大，这里收不下。", "The request is larger than what is taken here.")),
    431: (
        "head-too-large",
        Wording("请求头太长，这里收不下。", "The head of the request is longer than what is taken here."),
    ),
    503: ("busy", Wording("连接太多，请稍后再试。", "There are too many connections: try again in a moment.")),
}

_HEADINGS: Mapping[str, str] = {
    "malformed": "请求无法读取",
    "method-not-allowed": "不能这样做",
    "too-slow": "请求来得太慢",
    "too-large": "请求太大",
    "head-too-large": "请求头太长",
    "invalid-request": "请求的写法不对",
    "unexpected": "系统出错",
}
"""The Chinese titles of those problems that no error of the tree stands behind."""

NOT_READY = Wording("系统还没准备好，请联系运维人员。", "The service isn't ready: its operator must look.")
INVALID = Wording("请求不是文档所写的形式，见各处说明。", "The request isn't of the documented form.")
UNEXPECTED = Wording("系统出错，详情在日志中。", "Something went wrong; its trace is in the log.")


class InputFault(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    pointer: str
    """JSON pointer to the faulty value."""
    detail: str
    """Description of the fault."""


class Sentence(BaseModel):
    """A sentence to be read out, in both languages."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    zh: str
    """Chinese."""
    en: str
    """English."""


class NeededApproval(BaseModel):
    """An approval that is missing: what to ask for with POST /approvals."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    act: str
    """Act that needs the approval."""
    subject: str
    """Thing that it is done to, such as account/12."""
    area: str
    """Service area 片区 whose supervisors decide."""
    fen: int | None
    """Sum of money that it is about, in fen; null: no money."""


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """Identifier of the kind of problem: urn:paidan:problem:CODE."""
    title: str
    """Kind of problem, in words, in the language that Accept-Language prefers: zh or en, Chinese without it."""
    status: int
    """Status of the answer."""
    detail: str
    """Description of the error, for people, in the same language, which Content-Language names."""
    code: str
    """Stable code, for programs."""
    instance: str | None = None
    """Identifier of the request, as in the log and in X-Request-Id."""
    faults: list[InputFault] | None = None
    """Faults of a request that is not of the documented form."""
    read_out: Sentence | None = None
    """Sentence to be read out to the customer, after a refusal at the counter."""
    confirm: list[str] | None = None
    """Codes to send as `confirm` once the customer has heard the warning."""
    approval: NeededApproval | None = None
    """Approval to ask a supervisor for; its number is sent as `approvals` once it is given."""


def status_of(wrong: type[DispatchError]) -> int:
    return next(STATUS[kind] for kind in wrong.__mro__ if kind in STATUS)


def describe(wrong: DispatchError, language: Language) -> Problem:
    """The problem document of an error, as bulk answers contain it."""
    return _problem(status_of(type(wrong)), wrong.code, sentences(wrong), language)


def language_of_request(request: Request | None) -> Language:
    """A page has a switch for its language; what a program reads goes by Accept-Language, at whatever address."""
    if request is None:
        return DEFAULT
    return language_of(request) if _is_for_a_page(request) else from_header(request.headers.get("accept-language"))


def _is_of_the_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def respond(
    request: Request | None,
    status: int,
    code: str,
    detail: Wording,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """An answer with a problem. `more` are members beyond those of RFC 9457."""
    language = language_of_request(request)
    made = _problem(status, code, detail, language).model_copy(update=more)
    sent = {"Content-Language": language, "Vary": _vary(request), **(headers or {})}
    if request is not None and (request_id := request.scope.get("state", {}).get("request_id")):
        made.instance = f"urn:uuid:{request_id}"
    if request is not None and _is_for_a_page(request):
        shown = {"heading": made.title, **made.model_dump()}
        return HTMLResponse(render(request, "problem.html", shown), status, headers=sent)
    return Response(made.model_dump_json(exclude_none=True), status, media_type=MEDIA_TYPE, headers=sent)


def refused_connection(status: int, accept_language: str) -> Response:
    """The last answer on a connection, of which perhaps not even a request's head has come."""
    code, detail = OF_HTTP[status]
    language = from_header(accept_language)
    sent = {"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "no-store", "Connection": "close"}
    if status == 503:
        sent["Retry-After"] = str(SOON)
    made = _problem(status, code, detail, language)
    return Response(made.model_dump_json(exclude_none=True), status, media_type=MEDIA_TYPE, headers=sent)


def _vary(request: Request | None) -> str:
    """The headers by which the form and the language of an answer were chosen."""
    if request is None or _is_of_the_api(request):
        return "Accept-Language"
    return "Accept, Cookie" if _is_for_a_page(request) else "Accept, Accept-Language"


def _is_for_a_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not _is_of_the_api(request)


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
    """Register the handlers that turn every error into a problem document."""
    app.add_exception_handler(DispatchError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(TimeoutError, _database)
    app.add_exception_handler(Exception, _unexpected)


async def _refused(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, DispatchError)
    status = status_of(type(wrong))
    if isinstance(wrong, errors.DatabaseBusy | errors.DatabaseUnavailable):
        log.warning("database refuses", error=wrong.code, why=str(wrong.facts["why"]))
        return respond(request, status, wrong.code, sentences(wrong), _headers(wrong))
    if isinstance(wrong, errors.NotSignedIn) and _is_for_a_page(request):
        return _to_sign_in(request)
    if status == 503:
        log.error("not ready", code=wrong.code)
        return respond(request, status, wrong.code, NOT_READY, _headers(wrong))
    more: dict[str, Any] = {}
    if isinstance(wrong, errors.ApprovalNeeded):
        more["approval"] = NeededApproval(**{name: wrong.facts[name] for name in NeededApproval.model_fields})
    return respond(request, status, wrong.code, sentences(wrong), _headers(wrong), **more)


def _to_sign_in(request: Request) -> Response:
    """Redirect to the sign-in page, which leads back to this page."""
    way = f"/sign-in?next={quote(quote(request.scope['path']))}"  # `next` is an address, with the names in it encoded
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
        case errors.DatabaseBusy():
            return {"Retry-After": str(SOON)}
    return {"Retry-After": str(LATER)} if status_of(type(wrong)) == 503 else {}


async def _malformed(request: Request, wrong: Exception) -> Response:
    """The answer doesn't repeat the input: it may be a customer's data."""
    assert isinstance(wrong, RequestValidationError)
    language = language_of_request(request)
    faults = [
        InputFault(pointer="/" + "/".join(map(str, each["loc"])), detail=model_fault(each).text(language))
        for each in wrong.errors()
    ]
    return respond(request, 422, "invalid-request", INVALID, faults=faults)


async def _http(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, HTTPException)
    if isinstance(wrong, MalformedBody):
        return respond(request, wrong.status_code, "malformed", wrong.said)
    if wrong.status_code == 405:
        allow = {"Allow": allowed_methods(request)}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        return respond(request, 405, *OF_HTTP[405], allow)
    code, detail = OF_HTTP.get(wrong.status_code, ("refused", same(HTTPStatus(wrong.status_code).phrase)))
    return respond(request, wrong.status_code, code, detail, wrong.headers)


async def _database(request: Request, wrong: Exception) -> Response:
    """The database refuses to work: the caller may try again. Any other error is the program's."""
    fault = database_fault(wrong)
    if fault is None:
        raise wrong
    log.warning("database refuses", fault=fault.name, error=type(wrong).__name__)
    return refuse(request, fault)


def refuse(request: Request, fault: DatabaseFault) -> Response:
    """Tell that the database refuses to work, and why, and when to try again."""
    detail = Wording(f"{fault.why.zh}，请稍后再试。", f"For now {fault.why.en}: try again in a moment.")
    return respond(request, 503, fault.error().code, detail, {"Retry-After": str(fault.retry_after)})


async def _unexpected(request: Request, wrong: Exception) -> Response:  # noqa: ARG001
    """The answer tells nothing of the error: its trace is in the log, under the request's id."""
    return respond(request, 500, "unexpected", UNEXPECTED)


def _problem(status: int, code: str, detail: Wording, language: Language) -> Problem:
    title = _headings().get(code, code) if language == "zh" else code.replace("-", " ").capitalize()
    return Problem(
        type=f"urn:paidan:problem:{code}", title=title, status=status, detail=detail.text(language), code=code
    )


@functools.cache
def _headings() -> Mapping[str, str]:
    """The Chinese title of every code."""
    found, kinds = dict(_HEADINGS), [DispatchError]
    while kinds:
        kind = kinds.pop()
        found.setdefault(kind.code, kind.heading)
        kinds += kind.__subclasses__()
    return found
