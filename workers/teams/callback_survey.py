"""工单回访 callback survey: the customer gets a link; one who doesn't answer is reminded, then counted as unreachable.

A row with an idempotency key, and the hash of the link's token, are written before the message is sent. A process that
dies between sending and confirmation makes the message be sent again under the same key, with another link, and the
gateway ignores it.
"""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.kind import Kind
from dispatch.domain.numbers import ticket_number
from dispatch.ports.sms import Message
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import survey_links, surveys
from dispatch.storage.database import Tx
from workers.context import Context
from workers.stretch import Hops, Step, Stretch, Write, show


def prepare(tx: Tx, _rulebook: Rulebook, mine: Hops, now: datetime) -> None:
    """Open a survey for each customer."""
    surveys.open_surveys(tx, [row.id for row in mine], now)


def ask(context: Context, rows: Hops) -> Write:
    """Send the links; from then on the hops wait for the customers."""
    known = context.survey_tokens
    with context.database.write() as tx:
        questions = survey_links.to_be_asked(tx, [row.id for row in rows], known)
    known.update({(q.hop_id, q.attempt): q.token for q in questions})
    context.sms.send([Message(q.key, q.mobile, _text(q, context.settings.survey_url)) for q in questions])

    def write(tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime) -> None:
        surveys.confirm(tx, [row.id for row in mine], now)
        for question in questions:
            known.pop((question.hop_id, question.attempt), None)
        show(tx, mine, now, now + rulebook.limits.survey_every)

    return write


def _text(question: survey_links.SurveyQuestion, link: str) -> str:
    number = ticket_number(question.kind, question.ticket_id)
    return f"您的宽带{DONE[Kind(question.kind)].format(number)},请评价: {link}{question.token}"


DONE = {Kind.FAULT: "故障{}已处理", Kind.CONSTRUCTION: "新装{}已竣工"}
STRETCH = Stretch(Step("prepare", prepare, again=True), Step("ask", look=ask, again=True), board=False)
