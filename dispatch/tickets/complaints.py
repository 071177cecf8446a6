"""投诉 Complaints: taken at the desk, answered by supervisors, who ask the teams that they need.

A complaint is a ticket that travels by `flows: complaint`. How soon the customer hears from us, and has our reply, is
the operator's file's to say (`complaints.yaml`); the times are kept with the complaint. A reply that the customer
doesn't accept goes a level up, to somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from dispatch import messages
from dispatch.domain.acts import act_wording
from dispatch.domain.complaint import Agreement, ComplaintKind, ComplaintSource, ComplaintTerms
from dispatch.domain.kind import SERVICE, Kind
from dispatch.domain.messages import Event
from dispatch.domain.numbers import hop_wording, read_ticket_number, ticket_number, ticket_wording
from dispatch.domain.roles import CHANNEL_OF, Actor, Role, require, role_wording
from dispatch.domain.text import DESCRIPTION, NOTE, clean
from dispatch.domain.ticket import TicketState
from dispatch.domain.title import TitledEnum, Wording
from dispatch.domain.user_name import folded
from dispatch.errors import (
    BadInput,
    ComplaintsNotTaken,
    DuplicateComplaint,
    IllegalMove,
    NotAllowed,
    UnknownAccount,
)
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import aliases, complaints, history, hops, tickets
from dispatch.storage.aliases import FormerName
from dispatch.storage.complaint_rows import ComplaintLine, ComplaintRow
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop, TicketRow
from dispatch.storage.ticket_changes import write_act
from dispatch.tickets import next_hop
from dispatch.tickets.next_hop import Ending

REPLIED, REPLY, ACCEPTED, UPHELD = "replied", "reply", "accepted", "upheld"
"""The finding that is a reply, and its evidence: what the customer was told, what they say to it, and whether they were
right."""

COMPLAINT = Wording("投诉", "a complaint")
WISH = Wording("诉求", "wish")


E = TypeVar("E", bound=TitledEnum)


@dataclass(frozen=True, slots=True)
class NewComplaint:
    """What a customer complains of. `about` is the number of a ticket of theirs, or empty; `wish` what they want, or
    empty. `again`: take it although one of the same kind is open."""

    account: str
    kind: str
    text: str
    source: str = ComplaintSource.CUSTOMER
    about: str = ""
    wish: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedComplaint:
    """A complaint that was taken, and by when the customer hears from us and has our reply."""

    ticket_id: int
    number: str
    contact_by: datetime
    reply_by: datetime
    renamed: FormerName | None = None  # to be told: the account was found by its former name


def take(
    tx: Tx, rulebook: Rulebook, terms: ComplaintTerms, asked: NewComplaint, actor: Actor, now: datetime
) -> AcceptedComplaint:
    """Take a complaint, about an account in any state: also a customer who has left may complain.

    Raises NotAllowed, ComplaintsNotTaken, BadInput, UnknownAccount, DuplicateComplaint.
    """
    require(actor, "complain", COMPLAINT)
    if Kind.COMPLAINT not in rulebook.flows:
        raise ComplaintsNotTaken()
    kind = _known(ComplaintKind, asked.kind, Wording("投诉类别", "kinds of complaints"))
    source = _known(ComplaintSource, asked.source, Wording("投诉来源", "sources of complaints"))
    text, wish = clean(asked.text, DESCRIPTION), clean(asked.wish, WISH, least=0)
    account = aliases.called(tx, [asked.account], now, lock=True).get(asked.account)
    if account is None or not actor.covers(account.area):
        raise UnknownAccount(account=asked.account)
    about = _about(tx, asked.about, account.id)
    before = complaints.unfinished_of(tx, account.id, kind)
    if before is not None and not asked.again:
        raise DuplicateComplaint(account=account.number, ticket=ticket_number(Kind.COMPLAINT, before))
    row = {
        "kind": Kind.COMPLAINT,
        "state": TicketState.OPEN,
        "account_id": account.id,
        "area": account.area,
        "customer_id": account.customer_id,
        "address_id": account.address_id,
        "channel": CHANNEL_OF[Role(actor.role)],
        "symptom": kind,
        "category": SERVICE,
        "description": text,
        "priority": 3,
        "script": [],
        "made_at": now,
    }
    (made,) = tickets.by_ids(tx, tickets.insert_tickets(tx, [row]))
    limits = terms.limits(kind, source)
    taken = AcceptedComplaint(
        made.id,
        ticket_number(Kind.COMPLAINT, made.id),
        now + limits.contact,
        now + limits.reply,
        aliases.renaming(tx, account, asked.account, now),
    )
    complaints.insert_complaint(tx, made.id, source, about, wish, taken.contact_by, taken.reply_by)
    next_hop.create_first_hops(tx, rulebook, [made], [history.entry(made.id, now, "complain", actor)], now)
    facts = {"no": taken.number, "due": taken.reply_by.isoformat()}
    messages.tell(tx, now, messages.Told(Event.COMPLAINT, messages.of_ticket(made.id), facts, account.id))
    return taken


def contact(tx: Tx, ticket_id: int, *, reached: bool, note: str, actor: Actor, now: datetime) -> None:
    """Record that somebody called the customer; reached or not, it goes into the history.

    Raises NotAllowed, NotFound, IllegalMove, BadInput.
    """
    require(actor, "call about a complaint", COMPLAINT)
    said = clean(note, NOTE, least=0)
    row, _ = find(tx, ticket_id, actor, lock=True)
    if row.state != TicketState.OPEN:
        state, sources = TicketState(row.state).wording, [TicketState.OPEN.wording]
        what, move = ticket_wording(row.kind, ticket_id), act_wording("call about a complaint")
        raise IllegalMove(what=what, move=move, state=state, sources=sources)
    if reached:
        complaints.note_contact(tx, ticket_id, now)
    entry = history.entry(ticket_id, now, "contact", actor, reached=reached, said=said)
    write_act(tx, [entry])


def find(tx: Tx, ticket_id: int, actor: Actor, *, lock: bool = False) -> tuple[TicketRow, ComplaintRow]:
    """A complaint of the actor's areas. Raises NotFound."""
    row = tickets.get(tx, ticket_id, lock=lock)
    found = complaints.of_ticket(tx, ticket_id)
    if found is None or not actor.covers(row.area):
        raise tickets.not_found(ticket_id)
    return row, found


def listed(
    tx: Tx, limit: int, actor: Actor, *, unfinished: bool = True, before: int | None = None
) -> Sequence[ComplaintLine]:
    """The complaints of the actor's areas, as `storage.complaints.listed`. Raises NotAllowed."""
    require(actor, "see complaints", COMPLAINT)
    return complaints.listed(tx, limit, actor.areas, unfinished=unfinished, before=before)


# -- replies ----------------------------------------------------------------------------------------


def repliers(tx: Tx, rows: Iterable[LockedHop]) -> Mapping[int, frozenset[str]]:
    """By ticket id, who has replied to these hops' complaints before, as names are compared."""
    ids = sorted({row.ticket_id for row in rows if row.kind == Kind.COMPLAINT})
    found: dict[int, set[str]] = {}
    for hop in hops.of_tickets(tx, ids) if ids else ():
        if hop.finding == REPLIED and hop.holder is not None:
            found.setdefault(hop.ticket_id, set()).add(folded(hop.holder))
    return {ticket_id: frozenset(names) for ticket_id, names in found.items()}


def require_another(
    rulebook: Rulebook, row: LockedHop, holder: str, before: Mapping[int, frozenset[str]], actor: Actor, act: str
) -> None:
    """Require that whoever would reply hasn't done so before: then the customer didn't accept it. Raises NotAllowed."""
    may_reply = REPLIED in rulebook.flows.get(row.kind, {}).get(row.team, {})
    if may_reply and folded(holder) in before.get(row.ticket_id, ()):
        what = hop_wording(row.kind, row.ticket_id, row.seq)
        raise NotAllowed(
            role=role_wording(actor.role),
            actor=holder,
            act=act_wording(act),
            what=Wording(f"{what.zh}，其答复客户不认可", f"{what.en}: the customer didn't accept their reply"),
            allowed=[Wording("另一位调度主管", "another supervisor")],
        )


def note_replies(tx: Tx, endings: Sequence[Ending], now: datetime) -> None:
    """Note the replies among these reports, and send them to the customers."""
    for ending in endings:
        row, agreement = ending.hop, ending.evidence.get(ACCEPTED)
        if row.kind != Kind.COMPLAINT or ending.finding != REPLIED or agreement not in tuple(Agreement):
            continue
        found = complaints.of_ticket(tx, row.ticket_id)
        assert found is not None  # `take` wrote it with the ticket
        complaints.note_reply(tx, found, str(agreement), now)
        facts = {"no": ticket_number(row.kind, row.ticket_id), "text": str(ending.evidence.get(REPLY, ""))}
        messages.tell(tx, now, messages.Told(Event.REPLY, messages.of_ticket(row.ticket_id), facts, row.account_id))


def is_upheld(tx: Tx, account_id: int, since: datetime) -> bool:
    """Return whether a complaint of the account was upheld since then; of several replies to one, the last counts."""
    last = {
        row.ticket_id: (row.evidence or {}).get(UPHELD) for row in complaints.replies(tx, account_id, REPLIED, since)
    }
    return "yes" in last.values()


def _about(tx: Tx, number: str, account_id: int) -> int | None:
    """The id of the account's ticket that the complaint is about. Raises BadInput."""
    if not number.strip():
        return None
    ticket_id = read_ticket_number(number)
    if not any(row.account_id == account_id for row in tickets.by_ids(tx, [ticket_id])):
        raise BadInput(
            what=Wording(f"工单 {number:.40} 不是该账号的", f"ticket {number:.40} is none of this account's tickets")
        )
    return ticket_id


def _known(values: type[E], given: str, what: Wording) -> E:
    """One of the values. Raises BadInput."""
    if given not in tuple(values):
        listed = ", ".join(values)
        raise BadInput(
            what=Wording(
                f"没有{what.zh}“{given:.40}”；可选：{listed}", f"{given!r:.40} is none of the {what.en}: {listed}"
            )
        )
    return values(given)
