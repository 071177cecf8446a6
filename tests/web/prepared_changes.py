"""For every changing route: a web in which it succeeds, who asks, and what they send. Nothing in it is made up that the
application would refuse."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_core import to_jsonable_python
from sqlalchemy import select, update
from starlette.testclient import TestClient

from dispatch import approvals
from dispatch.access import users
from dispatch.accounts import demand
from dispatch.accounts.operation import Counter
from dispatch.domain.effect import EffectState
from dispatch.domain.numbers import slip_serial, ticket_number
from dispatch.domain.roles import HELD_BY_PEOPLE, Actor, Role
from dispatch.domain.signed_message import read_key, sign
from dispatch.domain.ticket import HopState
from dispatch.settings import Settings
from dispatch.storage.tables import access as w
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as a
from tests.accounts.prepared_operations import PREPARED as OPERATIONS
from tests.signature_samples import SIGNATURE
from tests.users import CONSOLE, PASSWORD, user
from tests.web.conftest import API, Web

PDF, JPEG, PNG = b"%PDF-1.7" + bytes(20), b"\xff\xd8\xff" + bytes(20), b"\x89PNG\r\n\x1a\n" + bytes(64)
NEW_PASSWORD = "vQ7#granite-otter"
ME, OTHER = "xu.everything", "other"
"""Who asks, with every role that people hold, and whom it is about."""


@dataclass
class Change:
    """A request of `client` that is accepted. `secrets`: what nobody may find afterwards, beside the request's own."""

    client: TestClient
    body: Any = None
    content: bytes | None = None
    path: Mapping[str, object] = field(default_factory=dict)
    query: str = ""
    secrets: tuple[str, ...] = ()


Prepare = Callable[[Web], Change]


def give_counter(web: Web) -> Counter:
    """Give the web a counter with cheap password hashes and the tests' plans."""
    counter = a.counter(web.rulebook)

    def made(outlet: str = "") -> Counter:
        return replace(counter, outlet=outlet or counter.outlet)

    web.installation.counter = made  # type: ignore[method-assign]
    web.installation.cipher = lambda: counter.cipher  # type: ignore[method-assign]
    return counter


def as_body(request: BaseModel) -> dict[str, Any]:
    """A request as JSON, with its secrets and without what has a place of its own in HTTP."""
    told = to_jsonable_python(request, fallback=str, serialize_as_any=True, exclude_none=True)
    return {name: each for name, each in _shown(request, told).items() if name != "request_key"}


def _shown(model: BaseModel, told: dict[str, Any]) -> dict[str, Any]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, SecretStr):
            told[name] = value.get_secret_value()
        elif isinstance(value, BaseModel):
            told[name] = _shown(value, told[name])
    return told


def _operation(kind: str, *, tried: bool = False) -> Prepare:
    def prepare(web: Web) -> Change:
        counter, client = give_counter(web), me(web)
        operation, request = OPERATIONS[kind](web.database, counter)
        if getattr(request, "code", None) is not None:  # it was sent for the clerk of other tests
            request = request.model_copy(update={"code": None})
            request = a.proved(web.database, operation, counter, request, Actor(ME, Role.CLERK), web.now)
        scans = getattr(request, "scans", ())
        body = as_body(request.model_copy(update={"scans": ()}) if scans else request)
        if scans:
            body["scans"] = [
                {"kind": each.kind, "upload": client.post(f"{API}/scans", content=PNG).json()["upload"]}
                for each in scans
            ]
        if tried:
            body.pop("confirm", None)
        known = (a.PASSWORD, *(a.resident_id(n) for n in (1, 2)))
        return Change(client, body, secrets=known)

    return prepare


def me(web: Web) -> TestClient:
    """A browser of somebody who may do everything."""
    return web.browser(ME, *HELD_BY_PEOPLE)


def other(web: Web, *roles: Role) -> TestClient:
    return web.browser(OTHER, *(roles or (Role.NOC,)))


def _signature(web: Web) -> Change:
    """A signature that is drawn on the slip of an opening."""
    a.opened(web.database, give_counter(web))
    client, serial = me(web), slip_serial(1)
    hashed = client.get(f"{API}/slips/{serial}/signature").json()["slip_sha256"]
    picture = base64.b64encode(SIGNATURE).decode()
    body = {"who": "holder", "slip_sha256": hashed, "png": picture}
    return Change(client, body, path={"serial": serial}, secrets=(picture, repr(SIGNATURE)[2:60]))


def _hop(state: HopState, body: Any = None) -> Prepare:
    """A hop at NOC in this state, held by the caller where somebody holds it."""

    def prepare(web: Web) -> Change:
        client, ticket = me(web), web.on_board()
        if state in (HopState.CLAIMED, HopState.HELD):
            assert client.post(f"{API}/hops/{ticket}/claim", json={}).is_success
        if state == HopState.HELD:
            until = {"until": (web.now + timedelta(hours=1)).isoformat(), "reason": "等"}
            assert client.post(f"{API}/hops/{ticket}/hold", json=until).is_success
        given = body(web, ticket) if callable(body) else body
        return Change(client, {} if given is None else given, path={"hop": ticket})

    return prepare


def _plain(body: Any = None, **path: object) -> Prepare:
    return lambda web: Change(me(web), {} if body is None else body, path=path)


def _about_other(body: Any = None) -> Prepare:
    """Something that is done to another user."""

    def prepare(web: Web) -> Change:
        client, his = me(web), other(web).cookies["paidan_session"]
        return Change(client, {} if body is None else body, path={"name": OTHER}, secrets=(his,))

    return prepare


def _fault(body: Any, *, reported: bool = False) -> Prepare:
    """A fault on NOC's board; or one that hotline 10050 only wrote down."""

    def prepare(web: Web) -> Change:
        client = me(web)
        if not reported:
            return Change(client, body, path={"ticket": web.on_board()})
        f.account(web.database)
        asked = {"account": "GZ1", "symptom": "no-internet", "description": "断网"}
        made = client.post(f"{API}/faults", json=asked, headers={"Acting-Role": Role.AGENT_10050}).json()
        return Change(client, body, path={"ticket": made["ticket"]})

    return prepare


def _transferred(web: Web) -> Change:
    """A call that 10050 has transferred."""
    change = _fault(None, reported=True)(web)
    url = f"{API}/tickets/{change.path['ticket']}/transfer"
    change.client.post(url, json={"note": "已重启"}, headers={"Acting-Role": Role.AGENT_10050})
    return change


def _with_line(body: Any) -> Prepare:
    def prepare(web: Web) -> Change:
        f.account(web.database)
        return Change(me(web), body)

    return prepare


def _many(act: str, body: Callable[[str], Any]) -> Prepare:
    def prepare(web: Web) -> Change:
        client, ticket = me(web), web.on_board()
        if act != "claim":
            assert client.post(f"{API}/hops/{ticket}/claim", json={}).is_success
        return Change(client, body(ticket))

    return prepare


def _override(web: Web) -> Change:
    """Somebody else's report that isn't as required."""
    client, ticket = me(web), web.on_board()
    assert other(web).post(f"{API}/hops/{ticket}/claim", json={}).is_success
    body = {"finding": "fixed", "evidence": {"cause": "none-found"}, "override": "测试仪在检修，已电话核实"}
    return Change(client, body, path={"hop": ticket})


def _hand_back(web: Web) -> Change:
    client, ticket = me(web), web.on_board()
    f.reported(web.database, web.rulebook, int(ticket[1:]), f.NOC, "outside-plant", test_result="测不到收光")
    f.work(web.database, web.rulebook)
    assert client.post(f"{API}/hops/{ticket}/claim", json={}).is_success
    return Change(client, {"reason": "非线路问题"}, path={"hop": ticket})


def _give_back(web: Web) -> Change:
    client, ticket = me(web), web.on_board()
    assert client.post(f"{API}/hops/{ticket}/claim", json={}).is_success
    return Change(client, {"reason": "今天休息"}, path={"hop": ticket})


def _visit(body: Any) -> Prepare:
    """A construction order in hand."""

    def prepare(web: Web) -> Change:
        client, ticket_id = me(web), f.order(web.database, web.rulebook, "GZ1", web.now)
        f.work(web.database, web.rulebook)
        number = ticket_number("construction", ticket_id)
        assert client.post(f"{API}/hops/{number}/claim", json={}).is_success
        return Change(client, body, path={"hop": number})

    return prepare


def _billing_event(web: Web) -> Change:
    """Arrears, signed by billing."""
    f.account(web.database)
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    web.installation.settings = Settings(billing_event_key=SecretStr(key))
    event = {"event": "arrears", "account": a.line(web.database, "GZ1").id, "seq": 1, "fen": 136_20}
    content, seconds = json.dumps(event).encode(), str(int(web.now.timestamp()))
    signature = sign(read_key(key), "1-1", web.now, content)
    signed = {"webhook-id": "1-1", "webhook-timestamp": seconds, "webhook-signature": signature}
    return Change(web.client(**signed, **{"content-type": "application/json"}), content=content, secrets=(key,))


def _release_hop(web: Web) -> Change:
    made = web.fault()
    f.quarantined(web.database, made.ticket_id)
    return Change(me(web), {}, path={"hop": made.number})


def _release_effect(web: Web) -> Change:
    counter = give_counter(web)
    a.opened(web.database, counter, mobile=a.mobile(7))
    with web.database.write() as tx:
        effect_id = tx.execute(select(b.effect.c.id).order_by(b.effect.c.id).limit(1)).scalar_one()
        put_away = {"state": EffectState.QUARANTINED, "failure": "sms: OSError", "wake_at": None}
        tx.execute(update(b.effect).where(b.effect.c.id == effect_id).values(**put_away))
    return Change(me(web), {}, path={"effect": effect_id}, secrets=(a.PASSWORD, a.resident_id(1)))


def _survey(web: Web) -> Change:
    made = web.fault()
    token = f.token(web.database, f.archived(web.database, web.rulebook, made.ticket_id))
    return Change(web.client(), {"fixed": True, "grade": 5}, path={"token": token}, secrets=(token,))


def _answered(web: Web) -> Change:
    change = _survey(web)
    answer = change.client.post(f"{API}/surveys/{change.path['token']}", json={"fixed": False})
    assert answer.is_success
    return Change(change.client, {}, path=change.path, secrets=change.secrets)


def _to_call(web: Web) -> Change:
    made = web.fault()
    f.archived(web.database, web.rulebook, made.ticket_id)
    return Change(me(web), {}, path={"ticket": made.number})


def _by_phone(web: Web) -> Change:
    made = web.fault()
    token = f.token(web.database, f.archived(web.database, web.rulebook, made.ticket_id))
    return Change(me(web), {"answer": "satisfied"}, path={"ticket": made.number}, secrets=(token,))


def _photo(web: Web) -> Change:
    client, hop = me(web), web.on_board()
    assert client.post(f"{API}/hops/{hop}/claim", json={}).is_success
    return Change(client, content=JPEG, path={"hop": hop})


def _find_customer(web: Web) -> Change:
    a.in_service(web.database, give_counter(web))
    asked = {"document_kind": "resident-id", "document_number": a.resident_id(1)}
    return Change(me(web), asked, secrets=(a.PASSWORD,))


def _sign_in(web: Web) -> Change:
    user(web.database, OTHER, Role.NOC)
    return Change(web.guest(), {"name": OTHER, "password": PASSWORD})


def _end_one(web: Web) -> Change:
    client, elsewhere = me(web), web.browser(ME)
    (open_,) = [each for each in client.get(f"{API}/sessions").json()["items"] if not each["own"]]
    return Change(client, path={"session_id": open_["id"]}, secrets=(elsewhere.cookies["paidan_session"],))


def _revoke(web: Web) -> Change:
    client, token = me(web), web.token(ME)
    (one,) = client.get(f"{API}/tokens").json()["items"]
    return Change(client, path={"token_id": one["id"]}, secrets=(token,))


def _revoke_others(web: Web) -> Change:
    client, session = me(web), other(web)
    token = web.token(OTHER)
    (one,) = client.get(f"{API}/users/{OTHER}/tokens").json()["items"]
    known = (token, session.cookies["paidan_session"])
    return Change(client, path={"name": OTHER, "token_id": one["id"]}, secrets=known)


def _enable(web: Web) -> Change:
    made = _about_other()(web)
    with web.database.write() as tx:
        users.disable(tx, OTHER, CONSOLE, web.now)
    return made


def _unbind(web: Web) -> Change:
    made = _about_other()(web)
    with web.database.write() as tx:
        bound = {"oidc_issuer": "https://idp.example", "oidc_subject": "a1", "bound_at": web.now}
        tx.execute(update(w.user).where(w.user.c.name == OTHER).values(**bound))
    return made


def _in_crew(client: TestClient) -> None:
    added = client.post(f"{API}/crew", json={"team": "noc", "area": "tianhe", "person": OTHER})
    assert added.is_success, added.text


def _crew_add(web: Web) -> Change:
    user(web.database, OTHER, Role.NOC)
    return Change(me(web), {"team": "noc", "area": "tianhe", "person": OTHER})


def _crew_remove(web: Web) -> Change:
    user(web.database, OTHER, Role.NOC)
    _in_crew(client := me(web))
    return Change(client, query=f"?team=noc&area=tianhe&person={OTHER}")


def _team_crew_remove(web: Web) -> Change:
    user(web.database, OTHER, Role.NOC)
    _in_crew(client := me(web))
    return Change(client, path={"team": "noc", "name": OTHER})


def _demand(body: Any = None) -> Prepare:
    """Somebody waits at an address where a place became free since."""

    def prepare(web: Web) -> Change:
        counter, client = give_counter(web), me(web)
        where = a.address(web.database, capacity=0)
        asked = {"address": where, "name": a.person().name, "mobile": a.mobile(), "speed": 300, "consent": True}
        made = a.accepted(web.database, demand.register, counter, demand.DemandRegistration.model_validate(asked))
        a.address(web.database)
        return Change(client, {} if body is None else body, path={"demand": made.result["demand"]})

    return prepare


def _approval(web: Web) -> Change:
    """A clerk asked a supervisor."""
    client = me(web)
    with web.database.write() as tx:
        clerk, what = Actor(OTHER, Role.CLERK), (ASKED["act"], ASKED["subject"], ASKED["area"])
        row = approvals.ask(tx, *what, 1200_00, ASKED["reason"], clerk, web.now)
    return Change(client, path={"approval": row.id})


ASKED = {"act": "cash-refund", "subject": "account/1", "area": "tianhe", "reason": "客户坚持要现金，金额较大"}


def _devices(body: Mapping[str, Any], *, carried: bool = False) -> Prepare:
    """A device in the store, or in somebody's hands."""

    def prepare(web: Web) -> Change:
        client = me(web)
        serial = f.carried(web.database, ME) if carried else f.stored(web.database)
        return Change(client, {"serials": [serial], **body})

    return prepare


def _complaint(web: Web) -> Change:
    """A complaint whose customer is called."""
    client = me(web)
    f.account(web.database)
    taken = client.post("/api/v1/complaints", json={"account": "GZ1", "kind": "attitude", "text": "态度不好"})
    return Change(client, {"reached": True, "note": "已致歉"}, path={"ticket": taken.json()["ticket"]})


ANSWERS = [{"question": question, "answer": answer} for question, answer in f.NOT_SOLVED]
FIXED = {"finding": "fixed", "evidence": {"cause": "configuration"}}
PREPARED: Mapping[str, Prepare] = {
    "hops-claim-many": _many("claim", lambda hop: {"claims": [{"hop": hop}]}),
    "hops-report-many": _many("report", lambda hop: {"reports": [{"hop": hop, **FIXED}]}),
    "hops-claim": _hop(HopState.WAITING),
    "hops-report": _hop(HopState.CLAIMED, FIXED),
    "hops-override": _override,
    "hops-pass-on": _hop(HopState.CLAIMED, {"to": "transmission", "reason": "转派传输"}),
    "hops-hand-back": _hand_back,
    "hops-give-back": _give_back,
    "visits-agree-on-visit": _visit({"day": f.NOW.date().isoformat(), "part": "morning"}),
    "visits-set-out": _visit({"phone": "13900139000"}),
    "billing-tell-billing-event": _billing_event,
    "hops-hold": _hop(HopState.CLAIMED, {"until": (f.NOW + timedelta(hours=1)).isoformat(), "reason": "客户不在家"}),
    "hops-resume": _hop(HopState.HELD),
    "hops-release": _release_hop,
    "faults-follow-script": _plain({"symptom": "no-internet", "answers": ANSWERS[:1]}),
    "faults-see-warnings": _with_line({"account": "GZ1"}),
    "faults-submit": _with_line({"account": "GZ1", "symptom": "no-internet", "description": "断网"}),
    "teams-remove-from-team-crew": _team_crew_remove,
    "tickets-transfer": _fault({"note": "老人"}, reported=True),
    "tickets-refer": _fault({"reason": "固话"}, reported=True),
    "tickets-take-over": _fault({"answers": ANSWERS}, reported=True),
    "tickets-urge": _fault({"reason": "急"}),
    "tickets-withdraw": _fault({"reason": "好了"}),
    "tickets-answer-by-phone": _by_phone,
    "session-open-session": _sign_in,
    "session-close-session": _plain(),
    "session-change-password": _plain({"old": PASSWORD, "new": NEW_PASSWORD}),
    "sessions-end-all": _plain(),
    "sessions-end-one": _end_one,
    "tokens-make-token": _plain({"title": "laptop", "password": PASSWORD}),
    "tokens-revoke-token": _revoke,
    "users-add-user": _plain({"name": "new", "roles": [{"role": "noc"}]}),
    "users-set-roles": _about_other({"roles": [{"role": "clerk", "areas": ["tianhe"]}]}),
    "users-disable-user": _about_other(),
    "users-enable-user": _enable,
    "users-reset-password": _about_other(),
    "users-unbind-user": _unbind,
    "users-end-sessions": _about_other(),
    "users-revoke-token": _revoke_others,
    "uploads-add-photo": _photo,
    "signatures-sign-slip": _signature,
    "uploads-add-scan": lambda web: Change(me(web), content=PDF),
    "customers-find-customer": _find_customer,
    **{f"operations-{kind}": _operation(kind) for kind in OPERATIONS},
    **{f"operations-try-{kind}": _operation(kind, tried=True) for kind in OPERATIONS},
    "operations-list-operations": _with_line({"account": "GZ1"}),
    "accounts-add-account": _plain({"account": "GZ9", "area": "tianhe", "mobile": "13800138000"}),
    "addresses-search-addresses": _plain({"text": "天河"}),
    "search-find-anything": _plain({"text": "天河"}),
    "devices-hand-out-devices": _devices({"person": ME}),
    "devices-take-devices-in": _devices({"note": "退库"}, carried=True),
    "devices-report-devices-lost": _devices({"reason": "车上被盗"}, carried=True),
    "devices-scrap-devices": _devices({"reason": "进水"}),
    "demands-export-in-clear": _demand({"reason": "规划"}),
    "demands-see-contact": _demand({"reason": "约上门看线"}),
    "demands-notify-customer": _demand(),
    "demands-end-demand": _demand(),
    "approvals-ask-for-approval": _plain(ASKED),
    "approvals-give-approval": _approval,
    "approvals-refuse-approval": _approval,
    "effects-release-effect": _release_effect,
    "crew-add-to-crew": _crew_add,
    "crew-remove-from-crew": _crew_remove,
    "surveys-answer-survey": _survey,
    "surveys-take-answer-back": _answered,
    "callbacks-call-customer": _to_call,
    "transfers-take-next-call": _plain(),
    "transfers-take-call": _transferred,
    "transfers-keep-call": _transferred,
    "transfers-hang-up": _transferred,
    "referrals-refer-caller": _plain(
        {"caller": "02012345678", "what": "电信宽带断网", "whose": "telecom", "told": "请拨10000"}
    ),
    "complaints-take-complaint": _with_line({"account": "GZ1", "kind": "privacy", "text": "资料被转给他人"}),
    "complaints-note-call": _complaint,
    "compensations-compensate": _fault({"basis": "goodwill", "amount": "10.00", "reason": "致歉"}),
    "rules-try-facts": _plain({"flow": "fault"}),
}
"""By the operation's id. Trials that the application doesn't offer are left out by whoever asks for its routes."""
