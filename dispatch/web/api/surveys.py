"""回访: the customer answers by the link of a short message, without signing in. The link's token gives access to this
one survey and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import Field as Of

from dispatch.domain.numbers import ticket_number
from dispatch.domain.opinion import SurveyReason, read_opinion
from dispatch.domain.ticket import HOP_ENDS
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotFound, SurveyOver
from dispatch.storage import hops, survey_links, tickets
from dispatch.tickets import closing
from dispatch.web.api.schemas import RequestBody, ResponseBody, TitleBody, Word, title
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/surveys", "surveys")

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Token of the link that the customer got.")]


class SurveyChoice(ResponseBody):
    """A reason that the survey offers."""

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
    reasons: list[SurveyChoice]
    """Reasons to choose from for a grade of 3 or below."""
    answer: str | None
    """Finding of the answer that was given; null when none was."""
    grade: int | None
    """Grade that was given; null when none was."""
    undo_until: datetime | None
    """Time until which the answer can be taken back; null when it cannot."""


class AnswerRequest(RequestBody):
    """The customer's answer."""

    fixed: bool
    """Whether the fault is fixed."""
    grade: Annotated[int | None, Of(ge=1, le=5)] = None
    """Grade from 1 to 5, the best; required when it is fixed."""
    reasons: Annotated[list[Word], Of(max_length=8)] = Of(default_factory=list)
    """Reasons for a grade of 3 or below, by name."""
    words: Annotated[str, Of(max_length=2000)] = ""
    """Customer's own words, 500 characters at most."""


@api.read("/{token}", "see a survey", raises=[NotFound])
def see_survey(context: RequestContext, token: Token) -> Survey:
    """Shows a callback survey to whoever has its link."""
    survey = survey_links.by_tokens(context.tx, [token]).get(token)
    if survey is None:
        raise NotFound(what=Wording("回访，链接", "survey"), which=Wording("有误", "with this link"))
    row = tickets.get(context.tx, tickets.id_of_hop(context.tx, survey.hop_id))
    visit = next(hop for hop in hops.of_tickets(context.tx, [row.id]) if hop.id == survey.hop_id)
    undo_until = None
    if visit.state not in HOP_ENDS and survey.answered_at is not None:
        undo_until = survey.answered_at + context.installation.settings.survey_undo_span
    return Survey(
        ticket=ticket_number(row.kind, row.id),
        open=visit.state not in HOP_ENDS and survey.answer is None,
        reasons=[SurveyChoice(name=each, title=title(each.label)) for each in SurveyReason],
        answer=survey.answer,
        grade=survey.grade,
        undo_until=undo_until if undo_until and undo_until > context.now else None,
    )


@api.change("/{token}", "answer a survey", raises=[NotFound, SurveyOver, BadInput])
def answer_survey(context: RequestContext, token: Token, asked: AnswerRequest) -> Survey:
    """Answers a callback survey. Of two answers the first counts; it takes effect once it can't be taken back."""
    if asked.fixed and asked.grade is None:
        raise BadInput(what=Wording("请打分：1 至 5 分，5 分最满意", "give a grade: 1 to 5, 5 is the best"))
    opinion = read_opinion(asked.fixed, asked.grade, asked.reasons, asked.words)
    undo = context.installation.settings.survey_undo_span
    closing.answer(context.tx, context.rulebook, token, opinion, context.now, undo)
    return see_survey(context, token)


@api.change("/{token}/undo", "take an answer back", raises=[NotFound, SurveyOver], summary="Take an answer back")
def take_answer_back(context: RequestContext, token: Token) -> Survey:
    """Takes back an answer that was given a moment ago."""
    undo = context.installation.settings.survey_undo_span
    closing.take_back(context.tx, context.rulebook, token, context.now, undo)
    return see_survey(context, token)
