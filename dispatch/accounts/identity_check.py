"""身份核验: the holder and the agent are checked with the registry and the list of fraudsters, before the operation.

What was answered is kept with the operation, also when it is refused. Why somebody on the list is sent to a shop isn't
said; supervisors see it (`listed`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from dispatch import port_answers
from dispatch.accounts.asking import Asks, Call
from dispatch.accounts.operation import Act, Counter
from dispatch.accounts.registration import read_bearer
from dispatch.domain import folding
from dispatch.domain.agency import CheckedPerson
from dispatch.domain.approval import ApprovalNeed
from dispatch.domain.identity import Document, normalised, read_document
from dispatch.domain.naming import read_account_number, read_name
from dispatch.domain.time import local_date
from dispatch.errors import DispatchError, IdentityMismatch, PortUnavailable, ToBeVerified
from dispatch.port_answers import Answer, PortQuestion
from dispatch.ports.identity_check import CheckPurpose, FraudAnswer, IdentityAnswer, RegistryAnswer
from dispatch.storage import aliases, customers, identity_checks
from dispatch.storage.customer_rows import CustomerRow, ListedRow
from dispatch.storage.database import Database, Tx
from dispatch.storage.field_cipher import FieldCipher

PORT = "identity"

READ_FOR = timedelta(days=30)
"""For so long supervisors read of somebody on the list."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """A name and the document that is shown for it."""

    name: str
    kind: str
    number: str = field(repr=False)
    country: str | None = None

    def question(self, purpose: CheckPurpose) -> PortQuestion:
        return PortQuestion(PORT, {**asdict(self), "purpose": purpose})


def on_file(cipher: FieldCipher, customer: CustomerRow) -> Bearing:
    """A customer as the books have them."""
    number = customers.document_number(cipher, customer)
    return Bearing(customer.name, customer.document_kind, number, customer.issuing_country)


def of_document(name: str, document: Document) -> Bearing:
    return Bearing(name, document.kind, document.number, document.country)


def check_holder(
    act: Act,
    customer: CustomerRow,
    purpose: CheckPurpose,
    area: str,
    checked: CheckedPerson = CheckedPerson.HOLDER,
) -> None:
    """Check a customer as the books have them. Raises as `check`."""
    if not act.trial:
        check(act, checked, on_file(act.counter.cipher, customer), purpose, area)


def check(act: Act, checked: CheckedPerson, bearing: Bearing, purpose: CheckPurpose, area: str) -> None:
    """Require that name and number belong together and that nothing is known against their bearer; keep what was
    answered. A trial checks nothing.

    Raises IdentityMismatch, ToBeVerified, ApprovalNeeded, PortUnavailable.
    """
    found = _found(act, checked, bearing, purpose, area)
    if found is None:
        return
    if found.registry is RegistryAnswer.MISMATCH:
        raise IdentityMismatch()
    if found.registry is RegistryAnswer.NONE:
        index = customers.document_index(act.counter.cipher, bearing.kind, bearing.number, bearing.country)
        act.approved(ApprovalNeed.NOT_IN_REGISTRY, f"document/{index[:32]}", area)


def recheck(act: Act, customer: CustomerRow, area: str) -> str | None:
    """Check a customer as the books have them, and keep what was answered. Returns the checking system's reference
    where name and number belong together; None where they don't, or where it doesn't know them.

    Raises ToBeVerified, PortUnavailable.
    """
    bearing = on_file(act.counter.cipher, customer)
    found = _found(act, CheckedPerson.HOLDER, bearing, CheckPurpose.RECHECK, area)
    return found.reference if found is not None and found.registry is RegistryAnswer.MATCH else None


def _found(
    act: Act, checked: CheckedPerson, bearing: Bearing, purpose: CheckPurpose, area: str
) -> IdentityAnswer | None:
    """What was answered, kept; None in a trial. Raises ToBeVerified, PortUnavailable."""
    found = _answered(act, bearing, purpose)
    if found is None:
        return None
    add = partial(identity_checks.add, act.tx, act.operation_id, checked, area, found, act.now)
    add()
    act.keep_refused.append(add)
    if found.fraud is FraudAnswer.LISTED:
        raise ToBeVerified()
    if found.fraud is FraudAnswer.AWAY or found.registry is RegistryAnswer.AWAY:
        raise PortUnavailable()
    return found


def listed(tx: Tx, areas: Collection[str] | None, now: datetime, limit: int) -> Sequence[ListedRow]:
    """The people on the list of fraudsters who came in the last 30 days, in these areas or in all."""
    return identity_checks.listed(tx, now - READ_FOR, areas, limit)


def asks_check(kind: str) -> Asks:
    """Ask about everybody whom a request of this kind has checked."""

    def asks(counter: Counter, database: Database, request: Any, now: datetime) -> Sequence[Call]:
        with database.read() as tx:
            return _calls(tx, counter, kind, request, now)

    return asks


def with_simulated_answers(tx: Tx, counter: Counter, kind: str, request: object, now: datetime) -> Counter:
    """The counter for one request of a demonstration, whose systems outside answer at once."""
    ids = [
        port_answers.keep(tx, counter.cipher, question, call(), now)
        for question, call in _calls(tx, counter, kind, request, now)
    ]
    return replace(counter, answers=(*counter.answers, *ids))


def _answered(act: Act, bearing: Bearing, purpose: CheckPurpose) -> IdentityAnswer | None:
    answer: Any = act.answer(bearing.question(purpose))
    if answer is None:
        return None
    return IdentityAnswer(RegistryAnswer(answer["registry"]), FraudAnswer(answer["fraud"]), answer["reference"])


def _calls(tx: Tx, counter: Counter, kind: str, request: Any, now: datetime) -> list[Call]:
    today = local_date(now, counter.zone)
    purpose, bearings = _whom(tx, counter, kind, request, today, now)

    def call(bearing: Bearing) -> Answer:
        found = counter.identity.ask(bearing.kind, bearing.number, bearing.name, bearing.country, purpose)
        return {"registry": found.registry, "fraud": found.fraud, "reference": found.reference}

    return [(each.question(purpose), partial(call, each)) for each in bearings]


def _whom(
    tx: Tx, counter: Counter, kind: str, request: Any, today: date, now: datetime
) -> tuple[CheckPurpose, list[Bearing]]:
    """Whom a request has checked, and for what. What can't be read or found is left to the operation to refuse."""
    holder = partial(_holder, tx, counter, request, now)
    match kind:
        case "open":
            return CheckPurpose.OPEN, [*_typed(request.holder, today), *_typed(request.agent, today)]
        case "transfer":
            who = (request.new_owner, request.new_owner_agent, request.agent)
            return CheckPurpose.TRANSFER, [each for bearer in who for each in _typed(bearer, today)]
        case "reset-password":
            return CheckPurpose.RESET_PASSWORD, [*holder(), *_typed(request.agent, today)]
        case "modify" if request.name is not None or request.new_document is not None:
            return CheckPurpose.MODIFY, [*_corrected(request, holder(), today), *_typed(request.agent, today)]
        case "resume" if request.reason == "password-reset":
            return CheckPurpose.END_LOSS, [*holder()]
        case "resume" if request.reason == "real-name-corrected" and request.document_number is not None:
            return CheckPurpose.RECHECK, [*holder()]
        case _:
            return CheckPurpose.MODIFY, []


def _typed(bearer: Any, today: date) -> Iterator[Bearing]:
    if bearer is not None:
        with suppress(DispatchError):
            yield of_document(*read_bearer(bearer, today))


def _holder(tx: Tx, counter: Counter, request: Any, now: datetime) -> list[Bearing]:
    """The holder of the account that the request names, if the typed document is theirs: nobody is asked about a
    customer who isn't there."""
    typed = getattr(request, "document_number", None)
    with suppress(DispatchError):
        number = read_account_number(request.account or "")
        account = aliases.called(tx, [number], now).get(number)
        if account is not None and account.customer_id is not None:
            known = on_file(counter.cipher, customers.get(tx, account.customer_id))
            if typed is None or normalised(typed.get_secret_value()) == known.number:
                return [known]
    return []


def _corrected(request: Any, holder: Sequence[Bearing], today: date) -> Iterator[Bearing]:
    """The holder with the name and the document that they shall have from now on."""
    for known in holder:
        with suppress(DispatchError):
            name = known.name if request.name is None else read_name(request.name)
            new = request.new_document
            if new is None:
                yield replace(known, name=name)
                continue
            read = read_document(new.kind, new.number.get_secret_value(), new.expires, today)
            yield of_document(name, replace(read, country=new.issuing_country and folding.code(new.issuing_country)))
