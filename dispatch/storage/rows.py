"""The rows that the queries deliver, one Protocol per query shape: what a hop, a ticket, an account … has.

This module holds the rows of the fault flow; those of the counter, of complaints and of the web stand in the modules
`…_rows` beside it. Rows are read-only.
`tests/storage/test_row_shapes.py` runs every query and compares its columns with its Protocol's fields.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import Result

Shape = TypeVar("Shape")
Shape_co = TypeVar("Shape_co", covariant=True)


class Shaped(Protocol[Shape_co]):
    """A statement's result whose rows have a known shape: the part of SQLAlchemy's `Result` that is used."""

    def all(self) -> Sequence[Shape_co]: ...

    def one(self) -> Shape_co: ...

    def one_or_none(self) -> Shape_co | None: ...

    def __iter__(self) -> Iterator[Shape_co]: ...


def shaped(shape: type[Shape], result: Result[Any]) -> Shaped[Shape]:  # noqa: ARG001 — it is for the type checker
    """The result, with its rows declared to be of this shape.

    SQLAlchemy's rows get their attributes at run time, from the statement's columns, so no type checker can see them.
    This is the one place that declares them. It checks and copies nothing.
    """
    return cast("Shaped[Shape]", result)


class OfTicket(Protocol):
    """Any row that belongs to a ticket."""

    ticket_id: int


OfTicketRow = TypeVar("OfTicketRow", bound=OfTicket)


def by_ticket(rows: Iterable[OfTicketRow]) -> defaultdict[int, list[OfTicketRow]]:
    """The rows of each ticket in their order, by ticket id; an empty list for any other ticket."""
    groups: defaultdict[int, list[OfTicketRow]] = defaultdict(list)
    for row in rows:
        groups[row.ticket_id].append(row)
    return groups


def as_dict(row: Any) -> dict[str, Any]:
    """A row as a plain dict."""
    return as_dicts([row])[0]


def as_dicts(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows of one statement as plain dicts."""
    names = [str(name) for name in rows[0]._fields] if rows else []  # a column's name is a subclass of str
    return [dict(zip(names, row, strict=True)) for row in rows]


class TicketColumns(Protocol):
    """The columns of a ticket."""

    id: int
    kind: str  # one of `domain.kind.Kind`
    state: str  # one of `domain.ticket.TicketState`
    account_id: int
    area: str  # of the line when it was reported; it stays so
    customer_id: int | None  # likewise; None: unknown, or the ticket is of an earlier release
    address_id: int | None  # likewise
    channel: str
    symptom: str
    category: str
    description: str  # the customer's words
    priority: int  # 1, the most urgent, to 4
    script: list[list[str]]  # pre-handling: [question, answer] as given
    hops: int  # visits to people so far
    last_seq: int  # the number of the last hop; 0 before the first
    reopened: int  # times
    urged: int  # times
    urged_at: datetime | None  # None: never urged
    made_at: datetime
    ended_at: datetime | None  # None: still open
    outcome: str | None  # None: still open
    request_key: str | None  # None: reported without one
    transferred_at: datetime | None  # to 10086; None: never, or by a process of an earlier release
    taken_by: str | None  # the 10086 agent who answers the call; None: nobody yet
    taken_at: datetime | None
    hung_up_at: datetime | None  # None: the caller is on the line, or was answered
    suspension_kind: str | None  # what the line was suspended for when it was reported; None: for nothing
    stored_at: datetime | None  # None: history and records aren't in the case store


class TicketRow(TicketColumns, Protocol):
    """A ticket with its account's present number."""

    account: str


class TicketFound(Protocol):
    """A ticket that a search found, with the customer and the address of its report; None where there are none."""

    id: int
    kind: str  # one of `domain.kind.Kind`
    state: str  # one of `domain.ticket.TicketState`
    area: str
    symptom: str
    description: str
    priority: int  # 1, the most urgent, to 4
    made_at: datetime
    ended_at: datetime | None  # None: still open
    account: str  # its number
    contact: str  # the account's present one
    name: str | None
    mobile: str | None
    address: str | None


class TicketLine(TicketRow, Protocol):
    """A ticket in a list, with its live hop; the hop's columns are None when the ticket has no live hop."""

    team: str | None
    hop_state: str | None
    holder: str | None  # None also while nobody has claimed the hop
    seq: int | None


class HopColumns(Protocol):
    """The columns of a hop, without its documents (JSON)."""

    id: int
    ticket_id: int
    seq: int  # the ticket's first, second … hop
    team: str
    area: str  # its ticket's
    rank: int  # its place on the board, the smallest first: `domain.rank`
    state: str  # one of `domain.ticket.HopState`
    generation: int  # grows with every sending and every step
    steps_done: int  # of its team's automatic stretch
    failures: int  # since it was last released
    failure: str | None  # the last failure's kind and place, no data; None: never failed
    wake_at: datetime | None  # when something must happen to it by itself; None: nothing will
    asked_by: int | None  # the id of the hop that asked for this one; None: nobody did
    rule: str  # the name of the rule that led here, or `hand back`, `pass on`, `same hands`
    rulebook: str  # the version of the rules that decided
    assignee: str | None  # whom the worker proposes; None: nobody
    holder: str | None  # who claimed it; None: nobody yet
    finding: str | None  # None: not reported
    reason: str | None  # why it was passed on, handed back or withdrawn; None: it wasn't
    made_at: datetime
    sent_at: datetime | None  # None: not sent yet
    received_at: datetime | None  # None: no worker has it yet
    boarded_at: datetime | None  # None: never on a board
    claimed_at: datetime | None  # None: never claimed
    held_at: datetime | None  # since when it is on hold; None: it isn't
    held_seconds: float  # on hold so far, without the hold that it is on now
    ended_at: datetime | None  # None: live
    late: bool  # it has missed its service level


class HopRow(HopColumns, Protocol):
    """A whole hop."""

    facts: Mapping[str, Any]  # what the decision that made it looked at: the arguments of `rulebook.Facts`
    found: dict[str, Any] | None  # what the automatic stretch found out; None: nothing yet
    evidence: dict[str, Any] | None  # None: reported without any, or not reported


class Visit(HopRow, Protocol):
    """A whole hop with its ticket's kind and state."""

    kind: str
    ticket_state: str


class LockedHop(HopColumns, Protocol):
    """A hop with what its ticket and the hop that asked for it contribute to a decision."""

    kind: str  # its ticket's, as are the following
    ticket_state: str
    account_id: int
    account: str  # the account's present number
    channel: str
    symptom: str
    category: str
    priority: int  # 1, the most urgent, to 4
    hops: int  # visits to people so far, this one included
    last_seq: int
    reopened: int  # times
    asker_team: str | None  # the team that asked for this hop; None: nobody did
    asker_asked_by: int | None  # the id of the hop that had asked for the asker's; None: nobody did
    epoch: int  # the epoch's first generation: `storage.epoch`


class HeldHop(Protocol):
    """A hop that somebody has in hand."""

    holder: str
    team: str
    state: str
    area: str
    kind: str  # its ticket's
    ticket_id: int
    seq: int


class HopLineColumns(Protocol):
    """A hop with what a reader of its team's board needs of its ticket."""

    id: int
    ticket_id: int
    seq: int
    team: str
    state: str  # one of `domain.ticket.HopState`
    found: dict[str, Any] | None  # what the automatic stretch found out; None: nothing
    retest_at: datetime | None  # when its line is tested again; None: it isn't
    assignee: str | None  # whom the worker proposes; None: nobody
    holder: str | None  # None: not claimed
    wake_at: datetime | None  # when it is overdue, or its hold ends; None: neither is to come
    late: bool
    failures: int
    failure: str | None  # None: never failed
    claimed_at: datetime | None  # None: not claimed
    kind: str
    ticket_state: str
    account: str
    mobile: str  # the customer's contact
    address: str | None  # None: the account was taken over from elsewhere without one
    area: str
    symptom: str
    description: str
    priority: int
    urged: int
    hops: int
    reopened: int
    asker_team: str | None  # None: no team asked for it


class BoardLine(HopLineColumns, Protocol):
    """A hop on its team's board."""

    boarded_at: datetime


class HopLine(HopLineColumns, Protocol):
    """A hop as its team's board would show it, wherever it is."""

    boarded_at: datetime | None  # None: it hasn't come onto the board


class BoardedHop(Protocol):
    """A hop on a board, as a replay picks it."""

    id: int
    ticket_id: int
    team: str
    state: str
    kind: str  # its ticket's, one of `domain.kind.Kind`
    hops: int
    reopened: int
    asker_team: str | None  # None: no team asked for it


class TimedHop(Protocol):
    """The times at which a hop of a replay reached each stage; None: it didn't."""

    id: int
    team: str
    made_at: datetime
    sent_at: datetime | None
    received_at: datetime | None
    boarded_at: datetime | None
    claimed_at: datetime | None
    ended_at: datetime | None


class HistoryRow(Protocol):
    """One act on a ticket."""

    id: int
    ticket_id: int
    hop_id: int | None  # None: the act was on the ticket itself
    at: datetime
    act: str
    actor: str
    role: str
    on_behalf_of: str | None  # None: the actor acted for themselves
    detail: dict[str, Any]


class ArchiveRow(Protocol):
    """A frozen case."""

    ticket_id: int
    round: int  # 0, then one more for every reopening
    archived_at: datetime
    content: str  # canonical JSON
    sha256: str  # of the content


class SurveyRow(Protocol):
    """A survey of a customer."""

    hop_id: int
    token: str | None  # in clear, for processes of an earlier release; None when none lives
    mark: str | None  # of the epoch in which the token was made; None: before the first restore, or no token
    answer: str | None  # a finding; None: not answered
    answered_at: datetime | None  # None: not answered
    fixed: bool | None  # None: not answered, or by a process of an earlier release
    grade: int | None  # 1 to 5, the best; None: none given
    reasons: list[str] | None  # of `domain.opinion.SurveyReason`
    words: str | None
    by: str | None  # the agent who was told; None: the customer by the link


class SurveyCall(Protocol):
    """An agent's call to a customer who answers no message."""

    hop_id: int
    call: int  # the first, second
    at: datetime
    by: str


class SilentCustomer(Protocol):
    """A customer who answers no message of a survey, to be called."""

    ticket_id: int
    kind: str
    team: str  # of the survey
    area: str
    account: str
    mobile: str
    since: datetime  # when they were asked first
    calls: int  # so far
    last_call: datetime | None  # None: not called yet


class BadGrade(Protocol):
    """A bad grade, with who had the case last."""

    ticket_id: int
    kind: str
    area: str
    account: str
    grade: int  # 1 to 5, the best
    reasons: list[str] | None  # of `domain.opinion.SurveyReason`
    words: str | None
    by: str | None  # the agent who was told; None: the customer by the link
    answered_at: datetime
    team: str | None  # that had the case last; None: none did
    holder: str | None


class LinkedSurvey(SurveyRow, Protocol):
    """A survey with one of its links."""

    secret: str  # hash of the token in the link


class SurveyAttempt(Protocol):
    """One attempt to ask a customer."""

    hop_id: int
    attempt: int  # 1, 2 …
    made_at: datetime
    confirmed_at: datetime | None  # None: the message gateway hasn't accepted it


class RetestRow(Protocol):
    """A hop whose line is to be tested again."""

    hop_id: int
    away_since: datetime
    tries: int
    unanswered: int
    due_at: datetime


class DueRetest(RetestRow, Protocol):
    """A retest that is due, with its hop's place."""

    ticket_id: int
    team: str
    state: str  # its hop's, one of `domain.ticket.HopState`


class UntestedLine(Protocol):
    """The line of a live hop that is to be tested again."""

    hop_id: int
    tries: int
    account: str  # the account's present number


class CrewMember(Protocol):
    """A person who can be proposed for a team's work in an area."""

    team: str
    person: str
    area: str


class ProcessRow(Protocol):
    """The heartbeat of a relay, worker or web process."""

    name: str
    kind: str
    started_at: datetime
    seen_at: datetime
    clock_ahead: float | None  # seconds before the database's clock; None: not measured
    keys: str | None  # the ids of the keys that it has, parted by spaces; None: it has none
    queues: str | None  # parted by spaces; null: of an earlier release, as `teams`
    teams: str | None
    schema: str | None  # with which it works; None: of an earlier release
    schema_at: datetime | None  # when that was said; not `seen_at`: the last sign of life was an earlier release's
    older_seen_at: datetime | None  # last sign of life of a process of the same name with an earlier schema
