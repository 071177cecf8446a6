"""访问令牌: API tokens, with which programs act in their users' names. Administrators revoke any."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field, SecretStr

from dispatch.access import sessions
from dispatch.access.passwords import LONGEST
from dispatch.access.sign_in import prove
from dispatch.domain.roles import role_wording
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotAllowed, NotFound, ProofNeeded, SignInFailed, SignInSlowed
from dispatch.storage import sessions as session_rows
from dispatch.storage.access_rows import TokenRow
from dispatch.web.api.schemas import (
    Cursor,
    Limit,
    Page,
    RequestBody,
    ResponseBody,
    Secret,
    SecretBody,
    Word,
    page,
    read_cursor,
)
from dispatch.web.credentials import Visitor
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/tokens", "tokens")

TokenId = Annotated[int, Path(ge=1, lt=2**63, description="Identifier of the token, as listed.")]


class TokenRequest(RequestBody):
    """Request for an API token."""

    title: Word
    """Purpose of the token."""
    days: Annotated[int, Field(ge=1, le=sessions.LONGEST_TOKEN.days)] | None = None
    """Days until it expires, at most `DISPATCH_TOKEN_DAYS`; absent: 30, or that setting where it is less."""
    password: Annotated[SecretStr, Field(min_length=1, max_length=LONGEST, strict=False)] | None = None
    """Password of the caller; absent: they identified themselves at the identity provider a short while ago."""


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


class UsersToken(Token):
    """An API token of somebody."""

    user: str
    """User in whose name it acts."""


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
    return tokens_of(context, context.user.user_id)


@api.read("/everybody", "manage users", raises=[BadInput], summary="List everybody's tokens")
def list_everybodys(context: RequestContext, cursor: Cursor = None, limit: Limit = 50) -> Page[UsersToken]:
    """Lists everybody's API tokens that are neither expired nor revoked, the newest first."""
    rows = session_rows.live_tokens(context.tx, context.now, limit + 1, read_cursor(cursor, int))
    items = [UsersToken(**_fields(row), user=row.name) for row in rows]
    return page(items, limit, rows[limit - 1].id if len(rows) > limit else None)


def _prove_identity(visitor: Visitor, asked: TokenRequest) -> None:
    """Whoever finds an open browser must not leave with a token. Raises NotAllowed, ProofNeeded, SignInFailed,
    SignInSlowed."""
    caller = visitor.caller
    assert caller is not None
    by = caller.oneself
    if caller.session is None:
        raise NotAllowed(
            role=role_wording(by.role),
            actor=by.name,
            act=Wording("发放令牌", "make"),
            what=Wording("凭令牌再发令牌", "a token by a token"),
            allowed=Wording("已登录的会话", "a session"),
        )
    if asked.password is not None:
        prove(visitor.installation.door, caller.name, asked.password.get_secret_value(), visitor.origin, visitor.now)
    elif not caller.proved_lately(visitor.now):
        raise ProofNeeded(minutes=int(sessions.PROOF_LASTS.total_seconds() // 60))


@api.change(
    "",
    "have tokens",
    status=201,
    raises=[BadInput, NotAllowed, ProofNeeded, SignInFailed, SignInSlowed],
    first=_prove_identity,
)
def make_token(context: RequestContext, asked: TokenRequest) -> NewTokenSecret:
    """Makes an API token for a program. Only a person who is signed in may do so, and gives their password again, or
    has just identified themselves at the identity provider. A token makes no tokens."""
    longest = context.installation.settings.token_span
    lasts = sessions.usual_life(longest) if asked.days is None else timedelta(days=asked.days)
    user = context.user
    return NewTokenSecret(
        token=sessions.make_token(
            context.tx, user.user_id, user.name, asked.title, lasts, user.oneself, context.now, longest
        )
    )


@api.change("/{token_id}", "have tokens", method="DELETE", status=204, raises=[NotFound])
def revoke_token(context: RequestContext, token_id: TokenId) -> None:
    """Revokes an API token from the next request on. Revoking it twice does no harm."""
    user = context.user
    sessions.revoke_token(context.tx, token_id, user.user_id, user.name, user.oneself, context.now)


def tokens_of(context: RequestContext, user_id: int) -> Tokens:
    """The tokens of a user as the API tells them."""
    return Tokens(items=[Token(**_fields(row)) for row in sessions.tokens(context.tx, user_id)])


def _fields(row: TokenRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Token.model_fields}
