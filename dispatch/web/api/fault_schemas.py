"""Requests about fault reports and pre-handling, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field as Of

from dispatch.domain.ticket import TicketState
from dispatch.web.api.schemas import RequestBody, ResponseBody, Text, TitleBody, Word
from dispatch.web.api.ticket_schemas import ScriptAnswer


class SymptomBody(ResponseBody):
    """A symptom that a customer may complain of."""

    name: str
    """Name by which requests and the rules know it."""
    title: TitleBody
    """Name for people."""
    category: str
    """Fault category that follows from it unless an answer says otherwise."""


class Symptoms(ResponseBody):
    """The symptoms of the pre-handling script."""

    items: list[SymptomBody]
    """Symptoms in the script's order."""


class DialogueRequest(RequestBody):
    """A pre-handling dialogue so far."""

    symptom: Word
    """Symptom, by its name in the pre-handling script."""
    answers: Annotated[list[ScriptAnswer], Of(max_length=50)] = Of(default_factory=list)
    """Answers so far, in order."""
    account: Word | None = None
    """Number of the broadband account 宽带账号, whose books answer some questions; absent: none is looked up."""


class AnswerBody(ResponseBody):
    """An answer that a question offers."""

    name: str
    """Name by which requests and the rules know it."""
    title: TitleBody
    """Name for people."""


class BookedAnswer(ResponseBody):
    """The answer that the books give to a question; who answers otherwise notes why."""

    answer: str
    """Answer, by its name in the script."""
    title: TitleBody
    """Datum, in words."""
    at: datetime | None
    """Time since when it is so; null: not known."""


class QuestionBody(ResponseBody):
    """A question of the pre-handling script."""

    name: str
    """Name by which requests and the rules know it."""
    ask: TitleBody
    """Question, to be read out."""
    answers: list[AnswerBody]
    """Answers to choose from."""
    booked: BookedAnswer | None
    """Answer by the books; null: the customer is asked."""


class AnsweredQuestion(ResponseBody):
    """One question with its answer."""

    question: str
    """Question, by its name in the script."""
    ask: TitleBody
    """Question, as it was read out."""
    answer: str
    """Answer, by its name in the script."""
    title: TitleBody
    """Answer, in words."""
    say: TitleBody | None
    """Sentence that was read out to the customer upon this answer; null: none."""
    booked: BookedAnswer | None
    """Answer by the books; where another was given, the report notes why. Null: the customer is asked."""


class DialogueProgress(ResponseBody):
    """The next question, or the outcome of the dialogue."""

    steps: list[AnsweredQuestion]
    """Questions and answers so far."""
    next: QuestionBody | None
    """Question to be asked next; null when the dialogue has ended."""
    outcome: str | None
    """Outcome: solved on the phone, or a ticket is needed; null while a question is open."""
    category: str
    """Fault category as far as the answers tell."""


class EarlierFault(ResponseBody):
    """An earlier fault of the same line."""

    ticket: str
    """Ticket number, such as F00000042."""
    symptom: str
    """Symptom, by its name in the pre-handling script."""
    state: TicketState
    """State of the ticket."""
    made_at: datetime
    """Time of the report."""
    outcome: str | None
    """Outcome; null until it ends."""


class LineRequest(RequestBody):
    """The line that a report would be about."""

    account: Word
    """Number of the broadband account 宽带账号."""


class Warnings(ResponseBody):
    """The state of a line and its open and earlier faults, to know before another fault is reported."""

    account: str
    """Number of the broadband account 宽带账号."""
    renamed: TitleBody | None
    """Sentence to be read out where the account was given by its former name; null otherwise."""
    state: str
    """State of the account."""
    stopped: TitleBody | None
    """Sentence that says why the line doesn't work by itself: what it is suspended for and what lifts that, or that it
    isn't in service; null where it works."""
    open: str | None
    """Number of a fault that has not ended: another report would be a duplicate; null when there is none."""
    earlier: list[EarlierFault]
    """The line's last faults, the newest first."""


class NewFaultRequest(RequestBody):
    """A fault report."""

    account: Word
    """Number of the broadband account 宽带账号."""
    symptom: Word
    """Symptom, by its name in the pre-handling script."""
    description: Text
    """The customer's own words."""
    priority: Annotated[int, Of(ge=1, le=4)] = 3
    """Priority, 1 (most urgent) to 4."""
    answers: Annotated[list[ScriptAnswer], Of(max_length=50)] = Of(default_factory=list)
    """Answers of pre-handling, in order."""
    notes: Annotated[dict[Word, Text], Of(max_length=50)] = Of(default_factory=dict)
    """Reasons for answers that differ from what the books say, by question."""
    category: Word | None = None
    """Fault category; absent: as pre-handling tells."""
    despite_duplicate: bool = False
    """True to report although the line has an open fault."""
