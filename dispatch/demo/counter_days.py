"""Some days at the counters of a demonstration, made up through the account operations.

Made-up clerks open lines; then they bind, suspend, transfer and close some, and cancel and refund a failed order.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from pydantic import SecretStr

from dispatch.accounts.billing import Paid
from dispatch.accounts.binding import Binding, bind
from dispatch.accounts.closure import Closure, close
from dispatch.accounts.demand import DemandRegistration, register
from dispatch.accounts.identity_check import with_simulated_answers
from dispatch.accounts.opening import open_account
from dispatch.accounts.operation import Counter, OperationAccepted, OperationOutcome, OperationRefused, OperationRequest
from dispatch.accounts.password import PasswordChange, change
from dispatch.accounts.prepared_passwords import PreparedPasswords
from dispatch.accounts.profile import Modification, modify
from dispatch.accounts.proof import keep
from dispatch.accounts.quotes import with_simulated_quote
from dispatch.accounts.refund import Appointment, Refund, appoint, failed_orders, refund
from dispatch.accounts.registration import Scan
from dispatch.accounts.renaming import Renaming, rename
from dispatch.accounts.resumption import Resumption, resume
from dispatch.accounts.suspension import Suspension, suspend
from dispatch.accounts.transfer import REQUIRED, Transfer, transfer
from dispatch.accounts.waiting_list import tell_of_loaded
from dispatch.demo import store
from dispatch.demo.codes import CODE, with_code
from dispatch.demo.households import PASSWORD, Household
from dispatch.demo.staff import OURS, at_the_desk
from dispatch.domain.roles import Actor, Role
from dispatch.domain.time import local_date
from dispatch.ports.billing import QuotePurpose
from dispatch.storage import accounts, resources
from dispatch.storage.database import Database, Tx

log = structlog.get_logger()

Deed = Callable[[Tx, datetime], object]

OPENED, OPENED_LATELY = 66, 8
"""Lines that are opened before the last day, on which faults come, and in that day's last hours."""
LATELY = timedelta(hours=7)
REACHED = 700
"""Addresses with a port: for these lines, and for the lines that visitors open."""
UNREACHED = range(901, 906)
"""Customers whose address has no port: they are refused, and their demand is recorded."""
REACHED_LATER = range(901, 903)
"""Those among them whose address gets a port later: they are told."""
WISHES = range(906, 909)
"""Customers who only register a demand, the first of them twice, for addresses that aren't in the library."""
EVERY = timedelta(minutes=37)
APPOINTED = time(17, 30)
"""The time between two of the other operations."""

WARNED = ("open-fault", "open-complaint", "plan-voided", "bindings-end", "penalty-due", "term-passes", "settlement")
"""The warnings that the customers have confirmed."""

SETTLED: Mapping[Callable[..., OperationOutcome], QuotePurpose] = {
    transfer: QuotePurpose.TRANSFER,
    close: QuotePurpose.CLOSE,
}
"""What is settled at billing first."""
ASKING = ("arrears-open", "bad-amount")
"""Refusals that name the sum which the customer then pays."""

ANOTHER = "Rq5#hnTw"
_DOT = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg==")
"""A scan of a document: a PNG with one white dot, nobody's document."""


class CounterDays:
    """The operations from `start` to `end`; faults come in the last `last_day`."""

    def __init__(
        self, database: Database, counter: Counter, start: datetime, end: datetime, last_day: timedelta
    ) -> None:
        self.database = database
        kept = counter.passwords.hash(PASSWORD)  # once for all customers, who don't exist, and in no transaction
        hashes = {PASSWORD: kept, ANOTHER: counter.passwords.hash(ANOTHER)}
        fits = {(PASSWORD, kept): True, (ANOTHER, kept): False}
        self.counter = replace(counter, passwords=PreparedPasswords(counter.passwords, hashes, fits))
        self._accounts: dict[int, str] = {}
        with database.write() as tx:
            resources.enter_addresses(tx, [Household(n).reach() for n in range(1, REACHED + 1)])
            store.fill(tx, start)
            resources.enter_addresses(tx, [Household(n).reach(served=False) for n in UNREACHED])
        deeds = self._deeds(start, end - last_day, end)
        self._plan: list[tuple[datetime, Deed]] = sorted(deeds, key=lambda each: each[0])

    def act(self, now: datetime) -> None:
        """Do the operations that are due by now."""
        while self._plan and self._plan[0][0] <= now:
            at, deed = self._plan.pop(0)
            with self.database.write() as tx:
                deed(tx, at)

    def _deeds(self, start: datetime, morning: datetime, end: datetime) -> Iterator[tuple[datetime, Deed]]:
        before, day = morning - start - timedelta(hours=6), end - morning
        for n in range(1, OPENED + 1):
            yield start + before * n / OPENED, self._opening(n)
        for n in range(1, OPENED_LATELY + 1):
            yield end - LATELY * n / OPENED_LATELY, self._opening(OPENED + n)
        for n in UNREACHED:
            yield morning + day * (n - UNREACHED.start) / len(UNREACHED), self._opening(n)
        for i, n in enumerate((*WISHES, WISHES.start)):
            yield morning + day * (i + 1) / 6, self._wish(n)
        yield morning + day * 0.9, self._build
        for i, deed in enumerate(self._operations()):
            yield morning + EVERY * (i + 1), deed
        for share in (0.5, 0.8, 0.9):
            yield morning + day * share, self._appoint
        yield morning + day * 0.95, self._refund

    def _opening(self, n: int) -> Deed:
        def deed(tx: Tx, now: datetime) -> None:
            request = Household(n).application(self.counter.plans, local_date(now, self.counter.zone))
            request = with_code(tx, self.counter, request, _clerk(n), now)
            answered = with_simulated_answers(tx, self.counter, "open", request, now)
            outcome = open_account(tx, answered, request, _clerk(n), now)
            if isinstance(outcome, OperationAccepted):
                self._accounts[n] = str(outcome.result["account"])

        return deed

    def _wish(self, n: int) -> Deed:
        def deed(tx: Tx, now: datetime) -> None:
            wanted, agent = Household(n), at_the_desk(Role.AGENT_10086)[0].actor
            asked = DemandRegistration(
                address=wanted.address, name=wanted.name, mobile=wanted.mobile, speed=300, consent=True
            )
            _note(register(tx, self.counter, asked, agent, now))

        return deed

    def _build(self, tx: Tx, now: datetime) -> None:
        """The network department builds ports where some have asked for a line."""
        reach = [Household(n).reach() for n in REACHED_LATER]
        resources.enter_addresses(tx, reach)
        tell_of_loaded(tx, reach, now, self.counter.demand_turn)

    def _operations(self) -> Iterator[Deed]:
        for n, reason in ((5, "lost-document"), (6, "lost-password")):
            yield self._deed(n, suspend, Suspension, reason=reason)
        yield self._by_itself(7, _clerk(7), "real-name")
        yield self._by_itself(8, OURS["gao.shan"].actor, "arrears")
        for n in (9, 10, 11):
            mobile = Household(n + 2000).mobile
            yield self._deed(n, bind, Binding, mobile, mobile=mobile)
        old, new = SecretStr(PASSWORD), SecretStr(ANOTHER)
        shown = (Scan(kind="owner-document", content=base64.b64encode(_DOT)),)
        yield self._deed(6, resume, Resumption, reason="password-reset", new_password=new, scans=shown)
        yield self._deed(12, change, PasswordChange, old_password=old, new_password=new)
        new_name, new_mobile = Household(13).mobile, Household(2014).mobile
        yield self._deed(13, rename, Renaming, new_name, new_account=new_name)
        yield self._deed(14, modify, Modification, new_mobile, mobile=new_mobile)
        scans = tuple(Scan(kind=kind, content=base64.b64encode(_DOT)) for kind in REQUIRED)
        buyer = Household(2015).person
        yield self._deed(15, transfer, Transfer, buyer.mobile, new_owner=buyer, password=new, scans=scans)
        yield self._deed(16, close, Closure, reason="moving")
        yield self._deed(17, close, Closure, reason="price")
        yield self._deed(18, suspend, Suspension, reason="lost-document")

    def _deed(
        self,
        n: int,
        operation: Callable[..., OperationOutcome],
        request: type[OperationRequest],
        proved: str | None = None,
        **said: Any,
    ) -> Deed:
        """Make an operation on a line opened here, authenticated by its holder's identity number. `proved` is the
        mobile number that the holder proves by a code; the message with it belongs to the time before."""

        def deed(tx: Tx, now: datetime) -> None:
            document = SecretStr(Household(n).document_number)
            if proved is not None:
                account = accounts.by_numbers(tx, [self._accounts[n]])[self._accounts[n]]
                kind, cipher = operation.__name__, self.counter.cipher
                keep(tx, cipher, kind, proved, account.id, _clerk(n), CODE, None, now)
                said["code"] = SecretStr(CODE)
            asked = request(account=self._accounts[n], document_number=document, confirm=WARNED, **said)  # type: ignore[call-arg]
            answered = with_simulated_answers(tx, self.counter, operation.__name__, asked, now)
            if operation not in SETTLED:
                _note(operation(tx, answered, asked, _clerk(n), now))
                return
            answered = with_simulated_quote(tx, answered, asked, SETTLED[operation], now)
            outcome = operation(tx, answered, asked, _clerk(n), now)
            asking = outcome.said.zh if isinstance(outcome, OperationRefused) and outcome.code in ASKING else ""
            if due := re.search(r"\d+\.\d\d", asking):  # as the clerk reads it out
                paid = asked.model_copy(update={"payment": Paid(method="cash", amount=due[0])})
                outcome = operation(tx, answered, paid, _clerk(n), now)
            _note(outcome)

        return deed

    def _by_itself(self, n: int, actor: Actor, reason: str) -> Deed:
        """Make a suspension that the operator sets by itself, without the customer."""

        def deed(tx: Tx, now: datetime) -> None:
            asked = Suspension(account=self._accounts[n], reason=reason, confirm=WARNED)
            _note(suspend(tx, self.counter, asked, actor, now))

        return deed

    def _appoint(self, tx: Tx, now: datetime) -> None:
        """Appoint the refund of the failed order that has waited longest without an appointment."""
        waiting = [each.order for each in failed_orders(tx, 50) if each.appointment is None]
        for order in waiting[:1]:
            at = datetime.combine(local_date(now, self.counter.zone) + timedelta(days=1), APPOINTED, self.counter.zone)
            request = Appointment(order=order, at=at, note="客户下班前来营业厅")
            _note(appoint(tx, self.counter, request, _clerk(1), now))

    def _refund(self, tx: Tx, now: datetime) -> None:
        for failed in failed_orders(tx, 1):
            request = Refund(
                account=failed.account, password=SecretStr(PASSWORD), reason="customer-withdrew", invoice="returned"
            )
            _note(refund(tx, self.counter, request, _clerk(1), now))


def _clerk(n: int) -> Actor:
    clerks = at_the_desk(Role.CLERK)
    return clerks[n % len(clerks)].actor


def _note(outcome: OperationOutcome) -> None:
    """Log a refusal, such as the suspension of a failed order. It is recorded like any other operation."""
    if isinstance(outcome, OperationRefused):
        log.info("counter refused", operation=outcome.operation, code=outcome.code)
