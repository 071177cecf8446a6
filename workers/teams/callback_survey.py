"""工单回访 callback survey: the customer gets a link; one who doesn't answer is reminded, then counted as unreachable.

A row with an idempotency key, and the hash of the link's token, are written before the message is sent. A process that
dies between sending and confirmation makes the message be sent again under the same key, with another link, and the
gateway ignores it. In quiet hours nothing is sent: the hops are due again when they end.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch.domain.kind import Kind
from dispatch.domain.messages import Event, Messages
from dispatch.domain.numbers import ticket_number
from dispatch.messages import of_ticket
from dispatch.ports.sms import Message
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage import hops, messages, survey_links, surveys
from dispatch.storage.database import Tx
from dispatch.storage.messages import Told
from dispatch.storage.survey_links import SurveyQuestion
from workers.context import Context
from workers.stretch import Hops, Step, Stretch, Write, show

WITHOUT_TEXTS = timedelta(minutes=1)
"""After this it is looked again for a good file with the texts."""

EVENTS = {Kind.FAULT: Event.RESTORED, Kind.CONSTRUCTION: Event.INSTALLED}


def prepare(tx: Tx, _rulebook: Rulebook, mine: Hops, now: datetime) -> None:
    """Open a survey for each customer."""
    surveys.open_surveys(tx, [row.id for row in mine], now)


def ask(context: Context, rows: Hops) -> Write:
    """Send the links; from then on the hops wait for the customers."""
    texts, now = context.messages.get(), context.now()
    if texts is None:
        return _wait(now + WITHOUT_TEXTS)
    if (quiet_until := _due(texts, rows, now, context.settings)) > now:
        return _wait(quiet_until)
    known = context.survey_tokens
    with context.database.write() as tx:
        questions = survey_links.to_be_asked(tx, [row.id for row in rows], known)
    known.update({(q.hop_id, q.attempt): q.token for q in questions})
    sent = [question for question in questions if texts.texts[_event(question.kind)].on]
    context.sms.send([Message(q.key, q.mobile, _text(texts, q, context.settings, now)) for q in sent])

    def write(tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime) -> None:
        surveys.confirm(tx, [row.id for row in mine], now)
        for question in questions:
            known.pop((question.hop_id, question.attempt), None)
        ours = {row.id for row in mine}
        for outcome, those in (("sent", sent), ("off", [each for each in questions if each not in sent])):
            messages.insert_sent(tx, [_told(each) for each in those if each.hop_id in ours], outcome, now)
        show(tx, mine, now, now + rulebook.limits.survey_every)

    return write


def _due(texts: Messages, rows: Hops, now: datetime, settings: Settings) -> datetime:
    """When all of these hops' messages may be sent."""
    return max(texts.due(_event(row.kind), now, settings.zone) for row in rows)


def _wait(until: datetime) -> Write:
    def write(tx: Tx, _rulebook: Rulebook, mine: Hops, _now: datetime) -> None:
        hops.postpone(tx, [(row.id, row.generation) for row in mine], until)

    return write


def _event(kind: str) -> Event:
    return EVENTS[Kind(kind)]


def _text(texts: Messages, question: SurveyQuestion, settings: Settings, now: datetime) -> str:
    facts = {"no": ticket_number(question.kind, question.ticket_id), "link": f"{settings.survey_url}{question.token}"}
    return texts.write(_event(question.kind), facts, now, settings.zone)


def _told(question: SurveyQuestion) -> Told:
    return Told(_event(question.kind), of_ticket(question.ticket_id), {})


STRETCH = Stretch(Step("prepare", prepare, again=True), Step("ask", look=ask, again=True), board=False)
