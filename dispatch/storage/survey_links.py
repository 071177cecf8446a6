"""回访链接: the links in the messages to customers. Whoever has a link may answer its survey once, without signing in.

The database holds the hash of a link's token only, so nobody who reads the database, a dump or a backup can answer. A
message that must be sent again, because its confirmation got lost, therefore has another link; both are valid, and the
gateway recognises the message by its key. An attempt's links all have the mark of the epoch that made the first of
them: when a restore undid that one, the question has another key and is asked again.

Processes of earlier releases read and send `survey.token`, in clear: as long as one of them lives, new surveys get one.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, insert, select, update

from dispatch.domain.secret import hashed
from dispatch.storage import epoch, heartbeats
from dispatch.storage.database import Tx
from dispatch.storage.rows import LinkedSurvey, SurveyRow, shaped
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.tickets import hop, survey, survey_attempt, survey_link, ticket

TOKEN_BYTES = 12
"""96 bits, 16 characters: a link has to fit into a message."""

Attempt = tuple[int, int]
"""(hop id, number of the attempt)."""


class SurveyQuestion(NamedTuple):
    """One attempt to ask a customer. `key` lets the message gateway recognise a repetition."""

    hop_id: int
    attempt: int
    ticket_id: int
    kind: str
    mobile: str
    token: str
    mark: str | None
    """Of the epoch in which the link was made: a link that a restore undid is another question under another key."""

    @property
    def key(self) -> str:
        return f"survey/{epoch.named(self.hop_id, self.mark)}/{self.attempt}"


def to_be_asked(tx: Tx, hop_ids: Sequence[int], known: Mapping[Attempt, str]) -> list[SurveyQuestion]:
    """The questions that are still to be sent to the customers of these hops, each with a link.

    `known`: tokens that this process made for attempts whose confirmation failed. A link whose token nobody knows any
    more gets another one beside it.
    """
    query = (
        select(
            survey_attempt.c.hop_id,
            survey_attempt.c.attempt,
            ticket.c.id,
            ticket.c.kind,
            account.c.mobile,
            survey.c.token,
            survey.c.mark,
        )
        .join(survey, survey.c.hop_id == survey_attempt.c.hop_id)
        .join(hop, hop.c.id == survey.c.hop_id)
        .join(ticket, ticket.c.id == hop.c.ticket_id)
        .join(account, account.c.id == ticket.c.account_id)
        .where(survey_attempt.c.hop_id.in_(hop_ids), survey_attempt.c.confirmed_at.is_(None))
        .order_by(survey_attempt.c.hop_id)
    )
    rows = tx.execute(query).all()
    links = _links(tx, hop_ids)
    present, questions, new = epoch.mark(tx), [], []
    for hop_id, number, ticket_id, kind, mobile, token, mark in rows:
        attempt = (hop_id, number)
        if token is None:
            mine = links.get(attempt, {})
            mark = next(iter(mine.values()), present)
            token = known.get(attempt)
            if token is None or hashed(token) not in mine:
                token = secrets.token_urlsafe(TOKEN_BYTES)
                new.append(_link(token, *attempt, mark))
        questions.append(SurveyQuestion(hop_id, number, ticket_id, kind, mobile, token, mark))
    if new:
        tx.execute(insert(survey_link), new)
    return questions


def by_tokens(tx: Tx, tokens: Sequence[str]) -> dict[str, SurveyRow]:
    """The surveys to which these tokens' links lead, by token."""
    secret_of = {hashed(token): token for token in tokens}
    query = select(survey, survey_link.c.secret).join(survey_link, survey_link.c.hop_id == survey.c.hop_id)
    found = shaped(LinkedSurvey, tx.execute(query.where(survey_link.c.secret.in_(secret_of))))
    surveys: dict[str, SurveyRow] = {secret_of[row.secret]: row for row in found}
    if tx.execute(select(survey.c.hop_id).where(survey.c.token.is_not(None)).limit(1)).first() is None:
        return surveys  # so the token is in no statement, which a database's log may show
    in_clear = tx.execute(select(survey).where(survey.c.token.in_(tokens)))
    return {row.token or "": row for row in shaped(SurveyRow, in_clear)} | surveys


def hash_tokens(tx: Tx, limit: int) -> int:
    """Replace at most `limit` tokens in clear by links with their hashes, once no process of an earlier release lives;
    return how many. A restored backup may bring some, too."""
    query = select(survey.c.hop_id, survey.c.token, survey.c.mark).where(survey.c.token.is_not(None))
    rows = tx.execute(query.order_by(survey.c.token).limit(limit).with_for_update(skip_locked=True)).all()
    if not rows or heartbeats.an_older_one_lives(tx):
        return 0
    ids = [row.hop_id for row in rows]
    asked = select(survey_attempt.c.hop_id, func.max(survey_attempt.c.attempt)).group_by(survey_attempt.c.hop_id)
    last = {row[0]: row[1] for row in tx.execute(asked.where(survey_attempt.c.hop_id.in_(ids)))}
    links = [_link(row.token, row.hop_id, last.get(row.hop_id, 1), row.mark) for row in rows]
    tx.execute(insert(survey_link), links)
    tx.execute(update(survey).where(survey.c.hop_id.in_(ids)).values(token=None, mark=None))
    return len(ids)


def _links(tx: Tx, hop_ids: Collection[int]) -> dict[Attempt, dict[str, str | None]]:
    """The marks of each attempt's links by their hashes."""
    found: dict[Attempt, dict[str, str | None]] = {}
    for row in tx.execute(select(survey_link).where(survey_link.c.hop_id.in_(hop_ids))):
        found.setdefault((row.hop_id, row.attempt), {})[row.secret] = row.mark
    return found


def _link(token: str, hop_id: int, attempt: int, mark: str | None) -> dict[str, object]:
    return {"secret": hashed(token), "hop_id": hop_id, "attempt": attempt, "mark": mark}
