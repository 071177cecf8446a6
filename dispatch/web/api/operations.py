"""业务受理: the account operations, each made from its request model, as the commands are, with a trial run of each.

A refusal is a 409 with the sentence to read out, and is on record. The `Idempotency-Key` is the operation's request
key: the same key gets the same outcome again, also a refusal. An account of an area in which the caller holds no role
looks as if it did not exist.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

from fastapi import Query
from pydantic import AfterValidator, TypeAdapter, ValidationError
from pydantic import Field as Of
from starlette.responses import Response

from dispatch import errors
from dispatch.accounts import dry_run, unified_view
from dispatch.accounts.asked_first import ask_first, depends_on_others
from dispatch.accounts.catalogue import ONLY_LOOKS, OPERATIONS, closing_words
from dispatch.accounts.form_fields import find_unwritable
from dispatch.accounts.operation import TITLES, Counter, Hasher, OperationOutcome, OperationRefused, OperationRequest
from dispatch.accounts.prepared_passwords import prepared_passwords
from dispatch.accounts.registration import Scan
from dispatch.accounts.schemas import Data, OperationShown
from dispatch.domain.model_faults import model_fault
from dispatch.domain.roles import Actor
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, KeyReused, Refusal, UnknownAccount, UploadGone
from dispatch.storage import aliases
from dispatch.web.api.schemas import RequestBody, ResponseBody, TitleBody, Word, readable, title
from dispatch.web.api.slips import Paper, papers
from dispatch.web.api.uploads import require_scans, scans_named
from dispatch.web.credentials import Visitor
from dispatch.web.json_body import Json, Sent, body_schema, invalid_request
from dispatch.web.policy import Target
from dispatch.web.problems import Sentence, respond
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/accounts", "operations")

Outlet = Annotated[
    str | None,
    Query(
        max_length=60, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", description="Outlet of the counter, as its slips name it."
    ),
    AfterValidator(lambda outlet: outlet and readable(outlet)),
]


class OperationDone(ResponseBody):
    """An operation that was carried out."""

    operation: str
    """Name of the operation."""
    title: TitleBody
    """Name for people."""
    result: dict[str, Any]
    """Result; its fields depend on the operation."""
    papers: list[Paper]
    """Papers to be signed or handed over."""
    say: TitleBody | None
    """Sentence to be read out to the customer; null: none."""


class DryRunFault(ResponseBody):
    """Something that is wrong with the request so far."""

    pointer: str
    """JSON pointer to the field, such as /holder/mobile; empty when it is no single field's."""
    code: str
    """Stable code of the fault."""
    read_out: Sentence
    """Sentence to be read out to the customer."""


class DryRunRefusal(ResponseBody):
    """A refusal, or a warning, with the sentence to read out to the customer."""

    code: str
    """Stable code."""
    read_out: Sentence
    """Sentence to be read out to the customer."""


class DryRunBody(ResponseBody):
    """The expected outcome of the operation. A trial run doesn't check the customer's proof of identity, nor values
    that would have to be compared with masked data."""

    ready: bool
    """True when, as far as can be told, the operation would be accepted."""
    missing: list[str]
    """JSON pointers to the values that must still be typed."""
    faults: list[DryRunFault]
    """Faults of the values typed so far."""
    warnings: list[DryRunRefusal]
    """Warnings; the code goes into `confirm` once the customer has heard it."""
    refusal: DryRunRefusal | None
    """Reason why the operation would be refused; null: nothing is known against it."""


class NamedScan(RequestBody):
    """A scan that is kept with the operation."""

    kind: Word
    """Kind of scan."""
    upload: Annotated[int, Of(ge=1, lt=2**63)]
    """Identifier that POST /api/v1/scans returned."""


class AccountRequest(RequestBody):
    """An account."""

    account: Word
    """Number of the broadband account 宽带账号."""


class Operations(ResponseBody):
    """The operations on an account."""

    items: list[OperationShown]
    """Operations, the newest first."""


MOST_SCANS = 20
_SCANS = TypeAdapter(Annotated[list[NamedScan], Of(max_length=MOST_SCANS)])
_STAND_IN = {"content": "JVBERi0="}
"""A stand-in for a scan in a trial run, which only asks whether it exists: the beginning of a PDF."""
_REFUSALS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Refusal)]


def _carried_out(kind: str) -> Callable[..., Any]:
    model, carry_out = OPERATIONS[kind]

    def endpoint(context: RequestContext, sent: Sent, outlet: Outlet = None) -> OperationDone:
        actor, counter = at_counter(context, outlet)
        prepared: _Prepared = context.prepared
        counter = replace(counter, passwords=prepared.passwords, answers=prepared.answers)
        answer: OperationDone = _answer(
            context, carry_out(context.tx, counter, _request(context, model, sent), actor, context.now)
        )
        return answer

    endpoint.__name__ = kind.replace("-", "_")
    sentences = inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0]
    endpoint.__doc__ = f"{TITLES[kind].en} ({TITLES[kind].zh}). {sentences}"
    return endpoint


class _Prepared(NamedTuple):
    """What a request waits for before its transaction, so that other writers don't: hashed and compared passwords, and
    the answers of systems outside, by their ids."""

    passwords: Hasher
    answers: tuple[int, ...]


def _prepared(kind: str) -> Callable[..., _Prepared]:
    model, _ = OPERATIONS[kind]

    def first(visitor: Visitor, sent: Json, **_: object) -> _Prepared:
        grants = () if visitor.caller is None else visitor.caller.grants
        counter, database = visitor.installation.counter(), visitor.installation.database
        hasher = prepared_passwords(
            counter.passwords, database, model, sent, lambda area: any(each.covers(area) for each in grants)
        )
        if not depends_on_others(kind):
            return _Prepared(hasher, ())
        try:
            request = model.model_validate_json(json.dumps({**sent, "scans": []} if "scans" in sent else dict(sent)))
        except ValueError:  # the endpoint says what is wrong
            return _Prepared(hasher, ())
        return _Prepared(
            hasher, ask_first(counter, database, kind, request, [each.role for each in grants], visitor.now)
        )

    return first


def _tried(kind: str) -> Callable[..., Any]:
    def endpoint(context: RequestContext, sent: Sent) -> DryRunBody:
        actor, counter = at_counter(context, None)
        typed, named = dict(sent), _scans(sent)
        require_scans(context, [each.upload for each in named])
        if named:
            typed["scans"] = [{"kind": each.kind, **_STAND_IN} for each in named]
        return _told(dry_run.attempt(context.tx, counter, kind, typed, actor, context.now))

    endpoint.__name__ = f"try_{kind.replace('-', '_')}"
    endpoint.__doc__ = (
        f"{TITLES[kind].en} ({TITLES[kind].zh}): tells the operation's expected outcome from the values typed so far,"
        " and keeps nothing of them."
    )
    return endpoint


for _kind, (_model, _) in OPERATIONS.items():
    _own = {
        "scans": {
            "type": "array",
            "items": NamedScan.model_json_schema(),
            "maxItems": MOST_SCANS,
            "description": "Scans that are kept with the operation.",
        }
    }
    _body = body_schema(_model, without="request_key", instead=_own)
    _raises = [*_REFUSALS, BadInput, KeyReused, UploadGone]
    _put = api.change(
        f"/{_kind}",
        f"account {_kind}",
        body=_body,
        raises=_raises,
        repeats=False,
        first=_prepared(_kind),
        summary=TITLES[_kind].en,
    )
    _put(_carried_out(_kind))
    if _kind not in ONLY_LOOKS:
        _some = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
        _try = api.read(
            f"/{_kind}/check",
            f"account {_kind}",
            method="POST",
            body=_some,
            raises=[UploadGone],
            trial=True,
            summary=f"{TITLES[_kind].en}: check",
        )
        _try(_tried(_kind))


@api.read("/operations", "list operations", method="POST", raises=[UnknownAccount])
def list_operations(context: RequestContext, asked: AccountRequest) -> Operations:
    """Lists what was done to an account (受理记录), with its slips: the newest first, at most a hundred."""
    row = aliases.called(context.tx, [asked.account], context.now).get(asked.account)
    unknown = UnknownAccount(account=asked.account)
    if row is None:
        raise unknown
    context.authorize(Target(row.area), unknown)
    wanted: tuple[Data, ...] = ("operations",)
    found = unified_view.read_view(context.tx, context.installation.cipher(), None, [row.id], wanted, ())
    return Operations(items=list(found.operations or ()))


def at_counter(context: RequestContext, outlet: str | None) -> tuple[Actor, Counter]:
    """The actor, and the counter at which they act. Raises NotAllowed."""
    return context.authorize(), context.installation.counter((outlet or "").strip())


def _request(context: RequestContext, model: type[OperationRequest], sent: Json) -> OperationRequest:
    """The operation's request with its scans. Raises RequestValidationError, UploadGone."""
    named, asked = _scans(sent), {name: each for name, each in sent.items() if name != "scans"}
    faults: list[tuple[tuple[str | int, ...], Wording]] = list(find_unwritable(asked, ()))
    if "request_key" in asked:
        faults.append(
            (
                ("request_key",),
                Wording("请求号写在请求头 Idempotency-Key 里", "the key goes into the header Idempotency-Key"),
            )
        )
    if "scans" in sent and "scans" not in model.model_fields:
        faults.append((("scans",), Wording("这项业务不收扫描件", "this operation keeps no scans")))
    if faults:
        raise invalid_request(faults)
    try:
        request = model.model_validate_json(json.dumps(asked))
    except ValidationError as wrong:
        raise invalid_request([(each["loc"], model_fault(each)) for each in wrong.errors()]) from None
    contents = scans_named(context, [each.upload for each in named])
    scans = tuple(Scan.model_construct(kind=each.kind, content=contents[each.upload]) for each in named)
    return request.model_copy(update={"request_key": context.key, **({"scans": scans} if scans else {})})


def _scans(sent: Mapping[str, Any]) -> list[NamedScan]:
    """The scans that the request names. Raises RequestValidationError."""
    try:
        return _SCANS.validate_python(sent.get("scans", []))
    except ValidationError as wrong:
        raise invalid_request([(("scans", *each["loc"]), model_fault(each)) for each in wrong.errors()]) from None


def _answer(context: RequestContext, outcome: OperationOutcome) -> Any:
    """The answer. A refusal is not raised, so that its transaction commits: it is on record, and a failed
    authentication counts."""
    if outcome.repeated:
        context.visitor.headers["Idempotency-Replayed"] = "true"
    if isinstance(outcome, OperationRefused):
        return _refused(context, outcome)
    say = closing_words(outcome.operation, outcome.result)
    return OperationDone(
        operation=outcome.operation,
        title=title(TITLES[outcome.operation]),
        result=dict(outcome.result),
        papers=papers(outcome),
        say=None if say is None else title(say),
    )


def _refused(context: RequestContext, outcome: OperationRefused) -> Response:
    more: dict[str, Any] = {"read_out": _sentence(outcome.said)}
    if "confirm" in outcome.result:
        more["confirm"] = [outcome.result["confirm"]]
    if "approval" in outcome.result:
        more["approval"] = outcome.result["approval"]
    return respond(context.visitor.request, 409, outcome.code, outcome.said, **more)


def _told(tried: dry_run.DryRunResult) -> DryRunBody:
    refused = tried.refused
    return DryRunBody(
        ready=tried.ready,
        missing=[_pointer(path) for path in tried.missing],
        faults=[
            DryRunFault(pointer=_pointer(each.path), code=each.code, read_out=_sentence(each.reason))
            for each in tried.faults
        ],
        warnings=[
            DryRunRefusal(code=code, read_out=Sentence(zh=each.zh, en=each.en)) for code, each in tried.warnings.items()
        ],
        refusal=None if refused is None else DryRunRefusal(code=refused.code, read_out=_sentence(refused.reason)),
    )


def _pointer(path: tuple[str, ...]) -> str:
    return "".join(f"/{name}" for name in path)


def _sentence(said: Wording) -> Sentence:
    return Sentence(zh=said.zh, en=said.en)
