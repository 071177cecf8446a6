"""回访: the customer answers by the link of a short message, without signing in. The link's token gives access to this
one survey and nothing else."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from dispatch.domain.numbers import ticket_number
from dispatch.domain.ticket import HOP_ENDS
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotFound, SurveyOver
from dispatch.storage import hops, survey_links, tickets
from dispatch.tickets import closing
from dispatch.tickets.closing import UNREACHABLE
from dispatch.web.api.schemas import RequestBody, ResponseBody, TitleBody, Word, title
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/surveys", "surveys")

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Token of the link that the customer got.")]


class SurveyChoice(ResponseBody):
    """An answer that the survey offers."""

    name: str
    """Name by which requests and the rules know it."""
    title: TitleBody
    """Name for people."""


class Survey(ResponseBody):
    """A callback survey, as its customer sees it."""

    ticket: str
    """Ticket number, such as F00000042."""
    open: bool
    """True while it can still be answered."""
    answers: list[SurveyChoice]
    """Answers to choose from."""
    answer: str | None
    """Answer that was given; null when none was."""


class AnswerRequest(RequestBody):
    """The customer's answer."""

    answer: Word
    """Answer, by its name."""


@api.read("/{token}", "see a survey", raises=[NotFound])
def see_survey(context: RequestContext, token: Token) -> Survey:
    """Shows a callback survey to whoever has its link."""
    survey = survey_links.by_tokens(context.tx, [token]).get(token)
    if survey is None:
        raise NotFound(what=Wording("回访，链接", "survey"), which=Wording("有误", "with this link"))
    row = tickets.get(context.tx, tickets.id_of_hop(context.tx, survey.hop_id))
    visit = next(hop for hop in hops.of_tickets(context.tx, [row.id]) if hop.id == survey.hop_id)
    offered = [each for each in context.rulebook.findings_of(row.kind, visit.team) if each.name != UNREACHABLE]
    return Survey(
        ticket=ticket_number(row.kind, row.id),
        open=visit.state not in HOP_ENDS,
        answers=[SurveyChoice(name=each.name, title=title(each.title)) for each in offered],
        answer=survey.answer,
    )


@api.change("/{token}", "answer a survey", raises=[NotFound, SurveyOver, BadInput])
def answer_survey(context: RequestContext, token: Token, asked: AnswerRequest) -> Survey:
    """Answers a callback survey. Of two answers the first counts."""
    if asked.answer == UNREACHABLE:
        raise BadInput(what=Wording("能答复的客户不会“联系不上”", "whoever answers is not unreachable"))
    closing.answer(context.tx, context.rulebook, token, asked.answer, context.now)
    return see_survey(context, token)
