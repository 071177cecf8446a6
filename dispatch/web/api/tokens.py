"""访问令牌: the caller's API tokens, with which programs act in their name."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Path
from pydantic import Field

from dispatch.access import sessions
from dispatch.domain.roles import Actor, role_wording
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotAllowed, NotFound
from dispatch.web.api.schemas import RequestBody, ResponseBody, Secret, SecretBody, Word
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/tokens", "tokens")

TokenId = Annotated[int, Path(ge=1, lt=2**63, description="Identifier of the token, as listed.")]


class TokenRequest(RequestBody):
    """Request for an API token."""

    title: Word
    """Purpose of the token."""
    days: Annotated[int, Field(ge=1, le=sessions.LONGEST_TOKEN.days)] = 90
    """Days until it expires."""


class Token(ResponseBody):
    """An API token, without its secret."""

    id: int
    """Identifier, for revoking it."""
    title: str
    """Purpose of the token."""
    made_at: datetime
    """Time of creation."""
    expires_at: datetime
    """Time at which it expires."""
    revoked_at: datetime | None
    """Time of its revocation; null: it was not revoked."""


class NewTokenSecret(SecretBody):
    """A new API token."""

    token: Secret
    """The token; it is shown this once and kept nowhere."""


class Tokens(ResponseBody):
    """The caller's API tokens."""

    items: list[Token]
    """Tokens, the newest first."""


@api.read("", "have tokens")
def list_tokens(context: RequestContext) -> Tokens:
    """Lists the caller's API tokens, the newest first, expired and revoked ones among them."""
    rows = sessions.tokens(context.tx, context.user.user_id)
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


@api.change("", "have tokens", status=201, raises=[BadInput])
def make_token(context: RequestContext, asked: TokenRequest) -> NewTokenSecret:
    """Makes an API token for a program. Only a person who is signed in may do so: a token makes no tokens."""
    by = _oneself(context)
    if context.user.session is None:
        raise NotAllowed(
            role=role_wording(by.role),
            actor=by.name,
            act=Wording("发放令牌", "make"),
            what=Wording("凭令牌再发令牌", "a token by a token"),
            allowed=Wording("已登录的会话", "a session"),
        )
    lasts = timedelta(days=asked.days)
    made = sessions.make_token(context.tx, context.user.user_id, context.user.name, asked.title, lasts, by, context.now)
    return NewTokenSecret(token=made)


@api.change("/{token_id}", "have tokens", method="DELETE", status=204, raises=[NotFound])
def revoke_token(context: RequestContext, token_id: TokenId) -> None:
    """Revokes an API token from the next request on. Revoking it twice does no harm."""
    sessions.revoke_token(context.tx, token_id, context.user.user_id, context.user.name, _oneself(context), context.now)


def _oneself(context: RequestContext) -> Actor:
    return Actor(context.user.name, context.user.grants[0].role if context.user.grants else "user")
