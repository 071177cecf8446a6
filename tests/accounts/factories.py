"""The beginnings of counter tests: customers with plausible documents, addresses, lines. Plain functions.

Customer, address, OLT and mobile number of line `n` all follow from `n`, so that two lines never meet by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr
from sqlalchemy import Row, select, text
from stdnum.cn import ric, uscc

from dispatch import approvals
from dispatch.accounts import closure, opening
from dispatch.accounts.asked_first import with_answers
from dispatch.accounts.billing import Paid
from dispatch.accounts.identity_check import with_simulated_answers
from dispatch.accounts.opening import Opening
from dispatch.accounts.operation import Counter, OperationAccepted, OperationOutcome, OperationRefused, OperationRequest
from dispatch.accounts.registration import Person, Scan
from dispatch.accounts.resumption import Resumption
from dispatch.accounts.suspension import Suspension
from dispatch.domain.account import AccountState
from dispatch.domain.approval import ApprovalNeed, ApprovalState
from dispatch.domain.money import write_yuan
from dispatch.domain.numbers import slip_serial
from dispatch.domain.plans import CHARGES, Charge, Fallback, Plan, Plans
from dispatch.domain.roles import Actor, Role
from dispatch.domain.title import Title
from dispatch.errors import KeyReused
from dispatch.ports.billing import Booking, FedEvent, Quote, QuotePurpose, ReceivedPayment
from dispatch.routing.address_file import CoveredAddress
from dispatch.routing.rulebook import Rulebook
from dispatch.slips import typesetting
from dispatch.slips.forms import SlipData
from dispatch.storage import accounts, devices, operations, resources
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Database, Tx
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables import tickets as t
from tests import factories as f
from tests.accounts.codes import KINDS
from tests.accounts.codes import proved as proved
from tests.accounts.registry import ToldRegistry

PASSWORD = "Gx7#pqLm"
PNG = b"iVBORw0KGgo="
"""The beginning of a picture in base64: enough to be recognised."""

Operation = Callable[[Tx, Counter, Any, Actor, datetime], OperationOutcome]


def plan(
    name: str, speed: int, fee: int, charges: Mapping[str, int], fallback: Fallback | None = None, **changes: Any
) -> Plan:
    """A plan without a term, offered to everybody everywhere."""
    due = tuple(Charge(each, CHARGES[each], fen) for each, fen in charges.items())
    title, since = Title(f"套餐{name}", f"Plan {name}"), date(2026, 1, 1)
    made = Plan(name, title, speed, fee, due, 0, since, None, None, "any", ("person", "unit"), fallback)
    return replace(made, **changes)


PLANS = Plans(
    "0123456789ab",
    {
        each.name: each
        for each in (
            plan("home-300", 300, 60_00, {"installation": 100_00, "deposit": 100_00}),
            plan("family-500", 500, 30_00, {"installation": 100_00}, Fallback("home-300", 60_00)),
            plan("card-300", 300, 0, {}, Fallback(None, 60_00)),
        )
    },
)
"""`home-300` is paid on opening; a number carries `family-500` and `card-300`, for which nothing is paid."""


NOTHING_OWED = Quote(0, 0, 0, 0, 0, None, "q0", simulated=True)


@dataclass
class ToldBilling:
    """A billing system that answers what a test has told it; nobody owes anything else. `away`: it is out of reach;
    `refusing`: it books nothing."""

    quotes: dict[int, Quote] = field(default_factory=dict)
    received: list[ReceivedPayment] = field(default_factory=list)
    away: bool = False
    refusing: bool = False

    def quote(self, account: int, on: date, purpose: QuotePurpose) -> Quote:
        if self.away:
            raise OSError("no route")
        return self.quotes.get(account, NOTHING_OWED)

    def payments(self, account: int, since: datetime) -> Sequence[ReceivedPayment]:
        if self.away:
            raise OSError("no route")
        return [each for each in self.received if each.at >= since]

    def events(self, after: int, on: date, limit: int) -> Sequence[FedEvent]:
        return ()

    def book(self, bookings: Sequence[Booking]) -> Mapping[str, str]:
        if self.away:
            raise OSError("no route")
        return {each.key: "closed" for each in bookings} if self.refusing else {}


def counter(rulebook: Rulebook) -> Counter:
    """Return a counter with cheap password hashes and with fonts."""
    typesetting.prepare()
    return Counter(
        cipher=FieldCipher({"k1": b"1" * 32}, "k1", b"2" * 32),
        passwords=PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)),
        plans=PLANS,
        rulebook=rulebook,
        billing=ToldBilling(),
        identity=ToldRegistry(),
        operator="派单宽带",
        outlet="天河营业厅",
        record_url="https://dispatch.example/s/",
        zone=ZoneInfo("Asia/Shanghai"),
    )


def selling(counter: Counter, *more: Plan) -> Counter:
    """The same counter with more plans."""
    plans = {**counter.plans.plans, **{each.name: each for each in more}}
    return replace(counter, plans=replace(counter.plans, plans=plans))


def offering(counter: Counter, *more: Plan) -> Counter:
    """The same counter with more plans, for which nothing is paid."""
    return selling(counter, *(replace(each, charges=()) for each in more))


def resident_id(n: int = 1) -> str:
    """Return an identity card's number with its check digit: a person of Guangzhou, born in 1990."""
    body = f"44010619900307{n:03d}"
    return body + ric.calc_check_digit(body + "0")


def document(n: int = 1) -> SecretStr:
    """Return the document number that proves the holder of line `n`."""
    return SecretStr(resident_id(n))


def mobile(n: int = 1) -> str:
    return f"1380013{8000 + n}"


def person(n: int = 1, **changes: Any) -> Person:
    told = {
        "name": f"张㛃{'甲乙丙丁戊己庚辛壬癸'[n % 10]}",
        "document_kind": "resident-id",
        "document_number": SecretStr(resident_id(n)),
        "document_expires": date(2036, 3, 6),
        "mobile": mobile(n),
    }
    return Person(**{**told, **changes})


def unit(n: int = 1, **changes: Any) -> Person:
    """Return a company with its licence."""
    body = f"91440101MA59AB{n:03d}"
    licence = {"document_kind": "business-licence", "document_number": SecretStr(body + uscc.calc_check_digit(body))}
    return person(n, **{"name": f"羊城{n}号贸易有限公司", **licence, "document_expires": None, **changes})


def scan(kind: str) -> Scan:
    return Scan(kind=kind, content=PNG)


def address(database: Database, n: int = 1, capacity: int = 8) -> str:
    """Enter an address with a port of its own; with capacity 0 it has no coverage."""
    where = f"广州市天河区体育西路{n}号"
    reach = CoveredAddress(where, "tianhe", f"OLT-{n}", "0/1/1", capacity)
    with database.write() as tx:
        resources.enter_addresses(tx, [reach if capacity else CoveredAddress(where, "tianhe")])
    return where


def application(n: int = 1, plan: str = "home-300", **changes: Any) -> Opening:
    """Return the application of line `n`'s customer with its payment."""
    due = PLANS.plan(plan).to_pay if plan in PLANS.plans else 0
    asked = {
        "address": f"广州市天河区体育西路{n}号",
        "holder": person(n),
        "plan": plan,
        "password": SecretStr(PASSWORD),
        "payment": Paid(method="cash", amount=write_yuan(due)) if due else None,
    }
    return Opening(**{**asked, **changes})


def opened(database: Database, counter: Counter, n: int = 1, plan: str = "home-300", **changes: Any) -> str:
    """An account whose line isn't built yet; its number."""
    address(database, n)
    done = accepted(database, opening.open_account, counter, application(n, plan, **changes))
    return str(done.result["account"])


def in_service(database: Database, counter: Counter, n: int = 1, plan: str = "home-300", **changes: Any) -> str:
    """An account whose line was built and works; its number."""
    number = opened(database, counter, n, plan, **changes)
    order = order_of(database, number)
    f.reported(database, counter.rulebook, order, f.BUILDER, "installed", f.NOW, **f.INSTALLED)
    f.work(database, counter.rulebook)
    return number


def ont_of(database: Database, number: str) -> str:
    """The serial number of the ONT at the account."""
    account_id = line(database, number).id
    with database.read() as tx:
        return devices.issued_onts(tx, [account_id])[account_id]


def failed(database: Database, counter: Counter, n: int = 1, plan: str = "home-300", **changes: Any) -> str:
    """An account whose construction order waits at the refund desk; its number."""
    number = opened(database, counter, n, plan, **changes)
    order = order_of(database, number)
    f.reported(database, counter.rulebook, order, f.BUILDER, "construction-failed", failure_cause="no-way-for-cable")
    f.work(database, counter.rulebook)
    return number


def suspended(database: Database, number: str, reason: str = "customer-request") -> None:
    with database.write() as tx:
        account_id = accounts.by_numbers(tx, [number])[number].id
        accounts.change(tx, account_id, state=AccountState.SUSPENDED, suspended_for=reason)


def lost(number: str, n: int = 1, **changes: Any) -> Suspension:
    """Return the request by which line `n`'s customer reports a loss."""
    return Suspension(**{"account": number, "document_number": document(n), "reason": "lost-password", **changes})


def in_service_again(database: Database, number: str) -> None:
    """Resume an account as the release before does: without a word about its suspensions."""
    with database.write() as tx:
        account_id = accounts.by_numbers(tx, [number])[number].id
        accounts.change(tx, account_id, state=AccountState.IN_SERVICE, suspended_for=None)


NEW_PASSWORD = SecretStr("Wq2!zzKd")


def found_again(number: str, n: int = 1, **changes: Any) -> Resumption:
    """Return the request that ends a loss of line `n`'s customer."""
    asked = {"account": number, "document_number": document(n), "reason": "password-reset"}
    new = {"new_password": NEW_PASSWORD, "scans": (scan("owner-document"),)}
    return Resumption(**{**asked, **new, **changes})


def approved(
    database: Database,
    number: str,
    need: ApprovalNeed,
    asker: Actor = f.CLERK,
    now: datetime = f.NOW,
    fen: int | None = None,
) -> int:
    """Return an approval of an act on this account, that `asker` has asked for."""
    account, decider = line(database, number), Actor("zhou", Role.SUPERVISOR)
    subject, why = f"account/{account.id}", "客户在柜台等候，情况已核实"
    with database.write() as tx:
        row = approvals.ask(tx, need, subject, account.area, fen, why, asker, now)
        return approvals.decide(tx, row.id, ApprovalState.APPROVED, decider, now).id


def closed(database: Database, counter: Counter, number: str, n: int = 1) -> None:
    proved = {"account": number, "document_number": document(n)}
    request = closure.Closure.model_validate({**proved, "reason": "moving", "confirm": ("settlement",)})
    accepted(database, closure.close, counter, request)


def do(
    database: Database,
    operation: Operation,
    counter: Counter,
    request: OperationRequest,
    actor: Actor = f.CLERK,
    now: datetime = f.NOW,
) -> OperationOutcome:
    """Do one operation in a transaction of its own, after what it asks systems outside. A code that it needs was sent,
    unless the request has one."""
    kind = KINDS.get(operation, "")
    counter = with_answers(counter, database, kind, request, actor.role, now)
    request = proved(database, operation, counter, request, actor, now)
    with database.write() as tx:
        return operation(tx, counter, request, actor, now)


def answered(
    tx: Tx, operation: Operation, counter: Counter, request: OperationRequest, now: datetime = f.NOW
) -> Counter:
    """The counter with what the systems outside say of the people of this request."""
    return with_simulated_answers(tx, counter, KINDS[operation], request, now)


def by(operation: Operation, counter: Counter, request: OperationRequest) -> Callable[[Tx, Actor], OperationOutcome]:
    """Return the operation as an act of any actor."""
    return lambda tx, actor: operation(tx, counter, request, actor, f.NOW)


def accepted(
    database: Database, operation: Operation, counter: Counter, request: OperationRequest, **how: Any
) -> OperationAccepted:
    outcome = do(database, operation, counter, request, **how)
    assert isinstance(outcome, OperationAccepted), outcome
    return outcome


BOOKKEEPING = ("operation", "authentication_failure", "demand", "proof", "port_answer", "identity_check")
"""The tables that a refusal may write to: operations, failed authentications, demands, tries of codes, answers of
systems outside, and what they said of people."""


def refused(
    database: Database, operation: Operation, counter: Counter, request: OperationRequest, **how: Any
) -> OperationRefused:
    """Do an operation that must be refused, leaving the books unchanged except for its own record."""
    before = f.dump(database)
    outcome = do(database, operation, counter, request, **how)
    assert isinstance(outcome, OperationRefused), outcome
    after = f.dump(database)
    assert {name for name in after if after[name] != before[name]} <= set(BOOKKEEPING)
    (recorded,) = rows(database, b.operation, b.operation.c.id == outcome.operation_id)
    assert (recorded.outcome, recorded.code, recorded.reason) == ("refused", outcome.code, outcome.reason)
    return outcome


def done_once(
    database: Database, operation: Operation, counter: Counter, request: OperationRequest, other: OperationRequest
) -> OperationOutcome:
    """Do a request under a key, then repeat it and do `other` under that key; return the outcome. The request is done
    once, `other` never."""
    keyed, changed = (each.model_copy(update={"request_key": "key-1"}) for each in (request, other))
    first = do(database, operation, counter, keyed)
    before = f.dump(database)
    assert do(database, operation, counter, keyed) == replace(first, repeated=True)
    with pytest.raises(KeyReused):
        do(database, operation, counter, changed)
    after = f.dump(database)
    assert {name for name in after if after[name] != before[name]} <= {"port_answer"}
    return first


def overtaken(
    database: Database,
    first: Callable[[Tx], Any],
    second: Callable[[Tx], OperationOutcome],
    then: Callable[[Tx], object] = lambda _tx: None,
) -> list[Any]:
    """Do two operations at once: the second begins, and must wait, before the first commits `then`."""

    def follow() -> OperationOutcome:
        with database.write() as tx:
            return second(tx)

    with ThreadPoolExecutor(1) as other:
        with database.write() as tx:
            one = first(tx)
            two = other.submit(follow)
            while database.kind == "postgresql" and not _somebody_waits(database):
                assert not two.done(), two.result()
            then(tx)
        return [one, two.result()]


def _somebody_waits(database: Database) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with database.read() as tx:
        return bool(tx.execute(text(query)).scalar())


def line(database: Database, number: str) -> AccountRow:
    """The account of this number: the living one, or else the newest."""
    with database.read() as tx:
        return accounts.find(tx, number) or accounts.by_numbers(tx, [number])[number]


def order_of(database: Database, number: str) -> int:
    """The id of the account's construction order."""
    with database.read() as tx:
        account_id = accounts.by_numbers(tx, [number])[number].id
        return int(tx.execute(select(t.ticket.c.id).where(t.ticket.c.account_id == account_id)).scalars().one())


def slip(database: Database, outcome: OperationOutcome) -> SlipData:
    """The slip of an operation, as it is printed."""
    assert isinstance(outcome, OperationAccepted)
    assert outcome.slip == slip_serial(outcome.operation_id)
    with database.read() as tx:
        content = operations.slip_content(tx, outcome.operation_id)
    assert content is not None
    return SlipData.from_json(content)


def rows(database: Database, table: Any, *where: Any) -> list[Row[Any]]:
    """The table's rows, in the order of their keys."""
    with database.read() as tx:
        return list(tx.execute(select(table).where(*where).order_by(*table.primary_key.columns)))


def effects(database: Database, outcome: OperationOutcome) -> list[tuple[str, dict[str, Any]]]:
    """Return (port, payload) of the operation's outside effects, without its paper and its bookings."""
    key = f"operation/{outcome.operation_id}/"
    mine = rows(database, b.effect, b.effect.c.key.startswith(key), b.effect.c.port != "billing")
    return [(row.port, row.payload) for row in mine]


def printed(database: Database, outcome: OperationOutcome) -> list[str]:
    """Return the keys of an operation's printed sheets, such as `slip/4` and `invoice/2`."""
    invoices = rows(database, b.invoice, b.invoice.c.operation_id == outcome.operation_id)
    mine = {f"slip/{outcome.operation_id}", *(f"invoice/{row.number}" for row in invoices)}
    return [row.key for row in rows(database, b.effect) if row.key in mine]
