"""工单回访 callback survey: the customer gets a link; who doesn't answer is reminded, then counted as unreachable.

The intent to send is a row before anything is sent, and its key goes along: a process that dies after the sending and
before the confirmation sends the same key again, which the gateway recognises.
"""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.kind import Kind
from dispatch.domain.numbers import ticket_number
from dispatch.ports.sms import Message
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import surveys
from dispatch.storage.database import Tx
from workers.context import Context
from workers.stretch import Hops, Step, Stretch, Write, show


def prepare(tx: Tx, _rulebook: Rulebook, mine: Hops, now: datetime) -> None:
    """Write down that the customers are to be asked, and by which link."""
    surveys.open_surveys(tx, [row.id for row in mine], now)


def ask(context: Context, rows: Hops) -> Write:
    """Send the link; from then on the hop waits for the customer."""
    with context.database.read() as tx:
        questions = surveys.unconfirmed(tx, [row.id for row in rows])
    context.sms.send([Message(q.key, q.mobile, _text(q, context.settings.survey_url)) for q in questions])

    def write(tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime) -> None:
        surveys.confirm(tx, [row.id for row in mine], now)
        show(tx, mine, now, now + rulebook.limits.survey_every)

    return write


def _text(question: surveys.SurveyQuestion, link: str) -> str:
    number = ticket_number(question.kind, question.ticket_id)
    return f"您的宽带{DONE[Kind(question.kind)].format(number)},请评价: {link}{question.token}"


DONE = {Kind.FAULT: "故障{}已处理", Kind.CONSTRUCTION: "新装{}已竣工"}
STRETCH = Stretch(Step("prepare", prepare, again=True), Step("ask", look=ask, again=True), board=False)
