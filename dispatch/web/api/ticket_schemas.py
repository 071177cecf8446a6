"""Tickets and hops as the API shows them, and requests about tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field as Of

from dispatch.domain.finding import Value
from dispatch.domain.ticket import HopState, TicketState
from dispatch.web.api.schemas import (
    RequestBody,
    ResponseBody,
    Text,
    TitleBody,
    Word,
)


class With(ResponseBody):
    """The hop that has a ticket now."""

    hop: str
    """Hop number, such as F00000042-3."""
    team: str
    """Team, by its name in the rules."""
    state: HopState
    """State of the hop."""
    holder: str | None
    """Person who has the hop in hand; null when nobody has."""


class Ticket(ResponseBody):
    """A ticket."""

    number: str
    """Ticket number, such as F00000042."""
    kind: str
    """Flow that it goes through: fault, construction, move or complaint."""
    state: TicketState
    """State of the ticket."""
    account: str | None
    """Broadband account; null when it is not the caller's to see."""
    description: str | None
    """The customer's own words; null when the caller may not see them."""
    answers: list[tuple[str, str]] | None
    """Questions and answers of pre-handling; null when they are not the caller's to see."""
    area: str
    """Service area 片区."""
    channel: str
    """Channel by which it came."""
    symptom: str
    """Symptom, by its name in the pre-handling script."""
    category: str
    """Fault category, by its name in the rules."""
    priority: int
    """Priority, 1 (most urgent) to 4."""
    hops: int
    """Visits to people so far: those that count towards the rules' limit. Automatic visits don't."""
    reopened: int
    """Number of times that it came back after its archive."""
    urged: int
    """Number of times that the customer has urged."""
    urged_at: datetime | None
    """Time at which the customer urged last; null: never."""
    made_at: datetime
    """Time of acceptance."""
    ended_at: datetime | None
    """Time at which it ended; null while it goes on."""
    outcome: str | None
    """Outcome; null while it goes on."""


class Hop(ResponseBody):
    """One visit of a ticket to one team."""

    hop: str
    """Hop number, such as F00000042-3."""
    team: str
    """Team, by its name in the rules."""
    state: HopState
    """State of the hop."""
    rule: str
    """Name of the rule that chose the team."""
    rules_version: str
    """Version of the rules by which it was chosen."""
    assignee: str | None
    """Person whom the team's worker proposes; null when it proposes none."""
    holder: str | None
    """Person who has or had the hop in hand; null: nobody."""
    found: dict[str, Any] | None
    """Results that the worker found by itself, such as a line test; null without any."""
    retest_at: datetime | None
    """Time at which its line is tested again, because the test was not possible; null: it isn't."""
    finding: str | None
    """Finding that was reported; null while none was."""
    evidence: dict[str, Value] | None
    """Evidence of the finding; null when it is not the caller's to see."""
    reason: str | None
    """Reason of a hold, a pass on or a hand back; null when it is not the caller's to see."""
    late: bool
    """True when the hop has exceeded its service level."""
    failures: int
    """Number of failed attempts to process it."""
    failure: str | None
    """Last failure; null when there was none or it is not the caller's to see."""
    made_at: datetime
    """Time at which the rules chose the team."""
    sent_at: datetime | None
    """Time at which the hop was published to the broker; null: not yet."""
    received_at: datetime | None
    """Time at which a worker received it; null: not yet."""
    boarded_at: datetime | None
    """Time at which it came onto the team's board; null: not yet, or never."""
    claimed_at: datetime | None
    """Time of the claim; null: not yet, or never."""
    held_at: datetime | None
    """Beginning of its current hold; null when it is not on hold."""
    held_seconds: float
    """Seconds spent on earlier holds."""
    wake_at: datetime | None
    """Time at which the system acts on it next: it becomes overdue, or its hold ends; null: never."""
    ended_at: datetime | None
    """Time at which it ended; null while it goes on."""


class ListedTicket(Ticket):
    """A ticket in a list, with the hop that has it."""

    now: With | None
    """Hop that has the ticket now; null when it has ended or waits."""


class ReasonRequest(RequestBody):
    """A reason."""

    reason: Text
    """Reason, in words; it goes into the history."""


class NoteRequest(RequestBody):
    """A note."""

    note: Text = ""
    """Note for whoever goes on; it may be empty."""


class ScriptAnswer(RequestBody):
    """One answer to a question of the script."""

    question: Word
    """Question, by its name in the script."""
    answer: Word
    """Answer, by its name in the script."""


class AnswersRequest(RequestBody):
    """Answers to the script."""

    answers: Annotated[list[ScriptAnswer], Of(max_length=50)]
    """Answers in order."""
    notes: Annotated[dict[Word, Text], Of(max_length=50)] = Of(default_factory=dict)
    """Reasons for answers that differ from what the books say, by question."""


class PhoneAnswerRequest(RequestBody):
    """An answer to the callback survey."""

    answer: Word
    """Answer, as a finding of the survey's team."""
    grade: Annotated[int | None, Of(ge=1, le=5)] = None
    """Grade from 1 to 5, 5 is the best; null when the customer gave none."""
    reasons: Annotated[list[Word], Of(max_length=8)] = Of(default_factory=list)
    """Reasons for a grade of 3 or below, by name."""
    words: Annotated[str, Of(max_length=2000)] = ""
    """Customer's own words, 500 characters at most."""


class AcceptedBody(ResponseBody):
    """The ticket, and its state after the act."""

    ticket: str
    """Ticket number, such as F00000042."""
    state: str
    """State of the ticket."""
    renamed: TitleBody | None = None
    """Sentence to be read out where the account was given by its former name; null otherwise."""


class UrgeCount(ResponseBody):
    """Number of times that the customer has urged."""

    urged: int
    """Number of urges, this one included."""
