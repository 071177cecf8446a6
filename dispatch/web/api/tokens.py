"""访问令牌: one's own API tokens, by which programs act in one's name."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Path
from pydantic import Field

from dispatch.access import sessions
from dispatch.domain.roles import Actor
from dispatch.errors import BadInput, NotAllowed, NotFound
from dispatch.web.api.schemas import RequestBody, ResponseBody, Word
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/tokens", "tokens")

TokenId = Annotated[int, Path(ge=1, lt=2**63, description="as listed")]


class TokenRequest(RequestBody):
    """What it is for, and how many days it lasts."""

    title: Word
    days: Annotated[int, Field(ge=1, le=sessions.LONGEST_TOKEN.days)] = 90


class Token(ResponseBody):
    id: int
    title: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class NewTokenSecret(ResponseBody):
    """`token` is told this once: it is kept nowhere."""

    token: str


class Tokens(ResponseBody):
    items: list[Token]


@api.look("", "have tokens")
def list_tokens(call: Call) -> Tokens:
    """One's tokens, the newest first; expired and revoked ones among them."""
    rows = sessions.tokens(call.tx, call.user.user_id)
    return Tokens(
        items=[
            Token(
                id=row.id,
                title=row.title,
                made_at=row.made_at,
                expires_at=row.expires_at,
                revoked_at=row.revoked_at,
            )
            for row in rows
        ]
    )


@api.act("", "have tokens", status=201, raises=[BadInput])
def make_token(call: Call, asked: TokenRequest) -> NewTokenSecret:
    """A token for a program. Made by a person who is signed in: a token can't beget others."""
    by = _oneself(call)
    if call.user.session is None:
        raise NotAllowed(role=by.role, actor=by.name, act="make", what="a token by a token", allowed="a session")
    lasts = timedelta(days=asked.days)
    made = sessions.make_token(call.tx, call.user.user_id, call.user.name, asked.title, lasts, by, call.now)
    return NewTokenSecret(token=made)


@api.act("/{token_id}", "have tokens", method="DELETE", status=204, raises=[NotFound])
def revoke_token(call: Call, token_id: TokenId) -> None:
    """Refused from the next request on. Revoking it twice does no harm."""
    sessions.revoke_token(call.tx, token_id, call.user.user_id, call.user.name, _oneself(call), call.now)


def _oneself(call: Call) -> Actor:
    return Actor(call.user.name, call.user.grants[0].role if call.user.grants else "user")
