"""One thread does a request, in one transaction that commits before the answer leaves.

A route is a plain function `(context, …) -> model`, registered by `read` or `change` with the name of its
policy. The transaction is opened here and not by a FastAPI dependency: dependencies take a thread for each step, and
threads that wait for the database would starve the one that holds it.
"""

from __future__ import annotations

import functools
import inspect
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Annotated, Any, TypeVar

import anyio
from anyio import to_thread
from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, WithJsonSchema
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from dispatch import errors
from dispatch.domain.request_key import LONGEST_KEY
from dispatch.domain.roles import HELD_BY_PEOPLE, Role
from dispatch.errors import DispatchError, KeyInFlight, KeyReused, NotAllowed, NotFound
from dispatch.storage.database import PATIENCE_SECONDS
from dispatch.storage.database_faults import LOCKED, SLOW
from dispatch.web.credentials import Visitor
from dispatch.web.idempotency import KeyedRequest
from dispatch.web.policy import POLICIES, Audience, Subject
from dispatch.web.problems import answer, documented, refuse
from dispatch.web.request_context import RequestContext, version_tag
from dispatch.web.strict_json import StrictRoute

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Errors = Sequence[type[DispatchError]]
Body = dict[str, Any]
"""A request's body as OpenAPI describes it."""
Turn = Callable[[Callable[..., Response]], Callable[..., Awaitable[Response]]]
TicketOf = Callable[[dict[str, Any]], int]
"""The id of the ticket that a request is about, from what the endpoint is given."""

_KEY = rf"^[!-~]{{1,{LONGEST_KEY}}}$"
_ROLE = f"^({'|'.join(HELD_BY_PEOPLE)})$"
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=_KEY,
        description="Key of the request: sent again with the same key, it is done once and gets the same answer.",
    ),
    WithJsonSchema({"type": "string", "pattern": _KEY}),
]
_Acting = Annotated[
    str | None,
    Header(
        alias="Acting-Role",
        pattern=_ROLE,
        description="Role in which the caller acts; absent: the first of their roles that may.",
    ),
    WithJsonSchema({"type": "string", "enum": list(HELD_BY_PEOPLE)}),
]


_Prefer = Annotated[
    str | None,
    Header(
        alias="Prefer",
        description="`wait=10` (RFC 7240): a hop on its way to a board is answered when it is there, "
        "or after that many seconds, 30 at most.",
    ),
]
_WAIT = re.compile(r"(?:^|[\s,;])wait=(\d{1,9})")
LONGEST_WAIT = 30
"""Seconds."""
ANSWER_SECONDS = 1.5
"""Time in which a route that runs `apart` answers; its database may not answer at all."""

_SECURITY: dict[Audience, list[dict[str, list[str]]]] = {
    Audience.ANYBODY: [],
    Audience.MACHINE: [{"machine": []}],
    Audience.SIGNED: [{"signature": []}],
}


class Api:
    """A router whose routes all have a policy. `documented`: the OpenAPI description contains its routes."""

    def __init__(self, prefix: str, tag: str, *, documented: bool = True) -> None:
        self.router = APIRouter(prefix=prefix, tags=[tag], route_class=StrictRoute)
        self.tag = tag
        self.documented = documented

    def read(
        self,
        path: str,
        operation: str,
        *,
        method: str = "GET",
        raises: Errors = (),
        body: Body | None = None,
        trial: bool = False,
        awaits: TicketOf | None = None,
        summary: str = "",
    ) -> Callable[[Endpoint], Endpoint]:
        """Register a read. Its answer has an entity tag, and a caller who has it already gets 304. A `trial` may write,
        and is rolled back. `body` describes a body that the endpoint reads by itself. With `awaits` a caller may wait
        until the ticket comes onto a board."""

        def put(endpoint: Endpoint) -> Endpoint:
            def run(request: Request, acting_role: str | None, given: dict[str, Any]) -> Response:
                visitor = _visitor(request)
                rulebook = visitor.installation.rulebook()
                database = visitor.installation.database
                with database.trial() if trial else database.autocommit_read() as tx:
                    caller = visitor.identify(tx) if _is_for_users(operation) else None
                    context = RequestContext(visitor, tx, rulebook, operation, caller, _role(acting_role))
                    context.require_possible()
                    response = _answer(endpoint(context, **given), 200)
                    assert context.policy_asked, f"{operation}: the policy was not asked"
                if caller is not None:
                    visitor.note_seen(caller)
                request.state.on_its_way = context.on_its_way
                return visitor.finish(_unless_known(request, response))

            self._add(
                path, operation, method, endpoint, run, 200, raises,
                keyed=False, body=body, awaits=awaits, summary=summary,
            )  # fmt: skip
            return endpoint

        return put

    def change(
        self,
        path: str,
        operation: str,
        *,
        method: str = "POST",
        status: int = 200,
        raises: Errors = (),
        body: Body | None = None,
        repeats: bool = True,
        first: Callable[..., Any] | None = None,
        summary: str = "",
    ) -> Callable[[Endpoint], Endpoint]:
        """Register a change, committed as a whole or not at all. A POST may carry a key, under which it is done once;
        without `repeats` the endpoint sees to that itself. `body` describes a body that the endpoint reads itself.
        `first(visitor, …)` is called before the transaction, for what is slow or commits by itself, once a role of the
        caller may do it at all; the endpoint finds its result as `context.prepared`."""

        def put(endpoint: Endpoint) -> Endpoint:
            def run(
                request: Request, acting_role: str | None, given: dict[str, Any], key: str | None = None
            ) -> Response:
                visitor = _visitor(request)
                installation, rulebook = visitor.installation, visitor.installation.rulebook()
                installation.clock_guard.require()  # what is written says when
                caller = None
                if _is_for_users(operation):
                    with installation.database.autocommit_read() as tx:  # strangers must not make writers wait
                        caller = visitor.caller = visitor.identify(tx)
                        context = RequestContext(visitor, tx, rulebook, operation, caller, _role(acting_role), key)
                        context.require_possible()
                prepared = None if first is None else first(visitor, **given)
                with installation.database.write() as tx:
                    context = RequestContext(
                        visitor, tx, rulebook, operation, caller, _role(acting_role), key, prepared=prepared
                    )
                    context.require_possible()
                    repeat = (
                        None if key is None or not repeats else KeyedRequest(context, key, request, acting_role, given)
                    )
                    if repeat is not None and (kept := repeat.kept()) is not None:
                        return kept
                    result = endpoint(context, **given)
                    response = visitor.finish(_answer(result, status))
                    assert context.policy_asked, f"{operation}: the policy was not asked"
                    if repeat is not None:
                        repeat.keep(result, response)
                if caller is not None:
                    visitor.note_seen(caller)
                return response

            self._add(
                path, operation, method, endpoint, run, status, raises,
                keyed=method == "POST", body=body, summary=summary,
            )  # fmt: skip
            return endpoint

        return put

    def without_transaction(
        self,
        path: str,
        operation: str,
        *,
        method: str = "GET",
        status: int = 200,
        raises: Errors = (),
        summary: str = "",
        turn: Turn | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        """Register an endpoint without a transaction, for operations that depend on no role. It gets the visitor, with
        `caller` set where the operation is for users. `turn` says where it runs, when not among the other requests."""
        assert POLICIES[operation].who is not Audience.ROLES

        def put(endpoint: Endpoint) -> Endpoint:
            def run(request: Request, acting_role: str | None, given: dict[str, Any]) -> Response:  # noqa: ARG001
                visitor = _visitor(request)
                if POLICIES[operation].who is Audience.MACHINE:
                    visitor.require_machine()
                if _is_for_users(operation):
                    with visitor.installation.database.autocommit_read() as tx:
                        visitor.caller = visitor.identify(tx)
                return visitor.finish(_answer(endpoint(visitor, **given), status))

            self._add(path, operation, method, endpoint, run, status, raises, keyed=False, turn=turn, summary=summary)
            return endpoint

        return put

    def _add(
        self,
        path: str,
        operation: str,
        method: str,
        endpoint: Callable[..., Any],
        run: Callable[..., Response],
        status: int,
        raises: Errors,
        *,
        keyed: bool,
        body: Body | None = None,
        awaits: TicketOf | None = None,
        turn: Turn | None = None,
        summary: str = "",
    ) -> None:
        signature = inspect.signature(endpoint, eval_str=True)
        own = list(signature.parameters.values())[1:]
        added = [inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)]
        for_users = _is_for_users(operation)
        if for_users:
            added.append(
                inspect.Parameter("acting_role", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Acting)
            )
        if keyed:
            added.append(inspect.Parameter("key", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Key))
        if awaits is not None:
            added.append(inspect.Parameter("prefer", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Prefer))

        @functools.wraps(endpoint)
        def route(**given: Any) -> Response:
            request, acting_role = given.pop("request"), given.pop("acting_role", None)
            try:
                return run(request, acting_role, given, **({"key": given.pop("key", None)} if keyed else {}))
            except errors.NotSignedIn:
                _visitor(request).note_refused_token()
                raise

        if turn is None and awaits is not None:
            turn = functools.partial(_waiting, awaits=awaits)
        if turn is None and method != "GET":
            turn = among_writers
        put: Callable[..., Any] = route if turn is None else turn(route)
        named = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
        put.__signature__ = inspect.Signature([*named, *added], return_annotation=Response)  # type: ignore[attr-defined]
        returned = signature.return_annotation
        is_model = isinstance(returned, type) and issubclass(returned, BaseModel)
        responses = _responses(operation, method, raises, keyed=keyed)
        if schema := getattr(returned, "documented", None):
            responses[status] = {"content": {returned.media_type: {"schema": schema}}}
        self.router.add_api_route(
            path,
            put,
            methods=[method],
            status_code=status,
            response_model=returned if is_model else None,
            response_class=JSONResponse if is_model or returned in (None, Response) else returned,
            responses=responses,
            operation_id=f"{self.tag}-{endpoint.__name__}".replace("_", "-"),
            summary=summary or endpoint.__name__.replace("_", " ").capitalize(),
            include_in_schema=self.documented,
            openapi_extra={
                "x-policy": operation,
                "security": _SECURITY.get(POLICIES[operation].who, [{"token": []}, {"session": []}]),
                **({} if body is None else {"requestBody": body}),
            },
        )


def _waiting(route: Callable[..., Response], awaits: TicketOf) -> Callable[..., Awaitable[Response]]:
    """The route for callers who would rather wait (`Prefer`). It holds a thread and a connection to the database
    while it looks, and neither while it waits."""

    @functools.wraps(route)
    async def looking_again(**given: Any) -> Response:
        request, preferred = given["request"], _WAIT.search(given.pop("prefer") or "")
        seconds = min(int(preferred[1]), LONGEST_WAIT) if preferred else 0
        began, worked = time.perf_counter(), 0.0
        async with aclosing(request.app.state.installation.live.looks(awaits(given), seconds)) as looks:
            async for _ in looks:
                looked = time.perf_counter()
                response = await run_in_threadpool(route, **given)
                worked += time.perf_counter() - looked
                if not request.state.on_its_way:
                    break
        request.state.waited = time.perf_counter() - began - worked
        return response

    return looking_again


def at_once(route: Callable[..., Response]) -> Callable[..., Awaitable[Response]]:
    """The route in the event loop itself, for what waits for nothing: it answers while all threads are taken."""

    @functools.wraps(route)
    async def answering(**given: Any) -> Response:
        return route(**given)

    return answering


def among_writers(route: Callable[..., Response]) -> Callable[..., Awaitable[Response]]:
    """The route as one of so many changes at once: however many wait for the database, threads are left for readers."""

    @functools.wraps(route)
    async def changing(**given: Any) -> Response:
        request: Request = given["request"]
        installation = request.app.state.installation
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                await installation.writers.acquire_on_behalf_of(request)
        except TimeoutError:
            return refuse(request, LOCKED)
        try:
            return await run_in_threadpool(route, **given)
        finally:
            installation.writers.release_on_behalf_of(request)

    return changing


def apart(route: Callable[..., Response]) -> Callable[..., Awaitable[Response]]:
    """The route in a thread that is kept for such routes, answered within ANSWER_SECONDS whatever the database does."""

    @functools.wraps(route)
    async def asking(**given: Any) -> Response:
        request: Request = given["request"]
        kept = request.app.state.installation.apart
        with anyio.move_on_after(ANSWER_SECONDS):
            return await to_thread.run_sync(functools.partial(route, **given), limiter=kept, abandon_on_cancel=True)
        return refuse(request, SLOW)

    return asking


def _visitor(request: Request) -> Visitor:
    installation = request.app.state.installation
    return Visitor(installation, request, installation.now())


def _is_for_users(operation: str) -> bool:
    return POLICIES[operation].who in (Audience.SIGNED_IN, Audience.ROLES)


def _role(acting_role: str | None) -> Role | None:
    return None if acting_role is None else Role(acting_role)


def _answer(result: BaseModel | Response | None, status: int) -> Response:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status_code=204)
    return Response(result.model_dump_json(), status, media_type="application/json")


def _unless_known(request: Request, response: Response) -> Response:
    if response.status_code != 200 or isinstance(response, StreamingResponse):
        return response
    tag = version_tag(bytes(response.body))
    known = request.headers.get("if-none-match", "")
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return response


def _responses(operation: str, method: str, raises: Errors, *, keyed: bool) -> dict[int | str, dict[str, Any]]:
    """The documented errors of a route: those of every route, and its own."""
    policy = POLICIES[operation]
    known: list[type[DispatchError]] = list(raises)
    if policy.who is Audience.MACHINE:
        known.append(errors.NotSignedIn)
    if _is_for_users(operation):
        known += [errors.NotSignedIn, NotAllowed]
        known += [errors.RequestForged] if method != "GET" else []
    if policy.on in (Subject.TEAM, Subject.TICKET, Subject.HOP):
        known.append(NotFound)
    if keyed:
        known += [KeyInFlight, KeyReused]
    found = documented(known)
    found[422] = _with(found.get(422), 422, "invalid-request")
    found[503] = answer(503, "busy", "unavailable", "bad-rules", *(() if method == "GET" else ("clock-wrong",)))
    if method != "GET":
        found[400] = answer(400, "malformed")
        found[413] = answer(413, "too-large")
    return dict(sorted(found.items(), key=lambda each: str(each[0])))


def _with(known: dict[str, Any] | None, status: int, code: str) -> dict[str, Any]:
    made = answer(status, code)
    if known is not None:
        made["description"] = f"{known['description']}, `{code}`"
    return made
