"""登录、退出: the caller's session, and their password."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from dispatch.access import sessions, users
from dispatch.access.passwords import LONGEST, kept_password
from dispatch.access.secrets import csrf_token
from dispatch.access.sign_in import prove, sign_in
from dispatch.domain.roles import Grant
from dispatch.errors import BadInput, RequestForged, SignInFailed, SignInSlowed
from dispatch.storage import sessions as session_rows
from dispatch.storage import users as user_rows
from dispatch.web.api.schemas import RequestBody, ResponseBody, Secret
from dispatch.web.credentials import Visitor
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/session", "session")

Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST, strict=False)]


class SignInRequest(RequestBody):
    """Name and password."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """Name of the user."""
    password: Password
    """Password of the user."""


class PasswordRequest(RequestBody):
    """The old password and the new one."""

    old: Password
    """Present password."""
    new: Password
    """New password."""


class HeldRole(ResponseBody):
    """A role that the user holds."""

    role: str
    """Role."""
    areas: list[str] | None
    """Areas in which it is held; null: every area."""


class Session(ResponseBody):
    """The caller's name and roles, and the token for changes."""

    user: str
    """Name of the user."""
    roles: list[HeldRole]
    """Roles of the user."""
    csrf: Secret
    """Token that every change carries in X-CSRF-Token; null for a caller with an API token."""
    expires_at: datetime | None
    """Time at which the session expires; null for a caller with an API token."""


def holding(grant: Grant) -> HeldRole:
    return HeldRole(role=grant.role, areas=None if grant.areas is None else sorted(grant.areas))


@api.without_transaction(
    "", "sign in", method="POST", status=201, raises=[SignInFailed, SignInSlowed, RequestForged], summary="Sign in"
)
def open_session(visitor: Visitor, asked: SignInRequest) -> Session:
    """Signs a user in by name and password; the session is kept by cookies. Guessing is slowed down, but not on a
    device where this user has signed in before."""
    if visitor.request.headers.get("sec-fetch-site") == "cross-site":
        raise RequestForged()  # nobody is to be signed in as somebody else by another site
    installation = visitor.installation
    entered = sign_in(installation.door, asked.name, asked.password.get_secret_value(), visitor.origin, visitor.now)
    with installation.database.read() as tx:
        grants = user_rows.grants(tx, [entered.user_id])[entered.user_id]
    visitor.set_cookie("session", entered.session, int(sessions.LONGEST_SESSION.total_seconds()))
    visitor.set_cookie("device", entered.device, int(sessions.DEVICE_KNOWN.total_seconds()))
    return Session(
        user=entered.name,
        roles=[holding(grant) for grant in grants],
        csrf=csrf_token(entered.session),
        expires_at=entered.expires_at,
    )


@api.read("", "see one's session")
def see_session(context: RequestContext) -> Session:
    """Shows the caller's name and roles, and the token for changes."""
    secret = context.visitor.session_secret if context.user.session is not None else None
    found = None if context.user.session is None else session_rows.find_session(context.tx, context.user.session)
    return Session(
        user=context.user.name,
        roles=[holding(grant) for grant in context.user.grants],
        csrf=None if secret is None else csrf_token(secret),
        expires_at=None if found is None else found[0].expires_at,
    )


@api.change("", "sign out", method="DELETE", status=204, summary="Sign out")
def close_session(context: RequestContext) -> None:
    """Ends the session; every copy of it is refused from now on."""
    sessions.sign_out(context.tx, context.user, context.visitor.origin, context.now)
    if context.user.session is not None:
        context.visitor.set_cookie("session", "", 0)


@api.without_transaction(
    "/password", "change one's password", method="POST", status=204, raises=[SignInFailed, SignInSlowed, BadInput]
)
def change_password(visitor: Visitor, asked: PasswordRequest) -> None:
    """Changes the caller's own password. Their other sessions end, their API tokens are revoked, and their devices are
    no longer known."""
    installation, caller = visitor.installation, visitor.caller
    assert caller is not None
    prove(installation.door, caller.name, asked.old.get_secret_value(), visitor.origin, visitor.now)
    kept = kept_password(installation.hasher, asked.new.get_secret_value(), caller.name, installation.settings.operator)
    with installation.database.write() as tx:
        users.set_password(tx, caller.name, kept, caller.oneself, visitor.now, keep_session=caller.session or "")
