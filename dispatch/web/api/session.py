"""登录、退出: one's session, and what one may do in it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from dispatch.access import sessions, users
from dispatch.access.passwords import LONGEST, kept_password
from dispatch.access.secrets import csrf_token
from dispatch.access.sign_in import sign_in
from dispatch.domain.roles import Actor, Grant
from dispatch.errors import BadInput, RequestForged, SignInFailed, SignInSlowed
from dispatch.storage import sessions as session_rows
from dispatch.storage import users as user_rows
from dispatch.web.api.schemas import RequestBody, ResponseBody
from dispatch.web.credentials import Visitor
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/session", "session")

Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST, strict=False)]


class SignInRequest(RequestBody):
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    password: Password


class PasswordRequest(RequestBody):
    old: Password
    new: Password


class HeldRole(ResponseBody):
    """A role that one holds, and in which areas; null: in all."""

    role: str
    areas: list[str] | None


class Session(ResponseBody):
    """Who one is. `csrf` goes into the X-CSRF-Token of whatever changes something; a token's caller needs none."""

    user: str
    roles: list[HeldRole]
    csrf: str | None
    expires_at: datetime | None


def holding(grant: Grant) -> HeldRole:
    return HeldRole(role=grant.role, areas=None if grant.areas is None else sorted(grant.areas))


@api.bare("", "sign in", method="POST", status=201, raises=[SignInFailed, SignInSlowed, RequestForged])
def open_session(visitor: Visitor, asked: SignInRequest) -> Session:
    """Name and password become a session, kept by cookies. Who guesses is slowed down; a device at which its user has
    signed in before is not."""
    if visitor.request.headers.get("sec-fetch-site") == "cross-site":
        raise RequestForged()  # nobody is to be signed in as somebody else by another site
    here = visitor.here
    password = asked.password.get_secret_value()
    entered = sign_in(
        here.database, here.comparing, asked.name, password, visitor.address, visitor.device_secret, visitor.now
    )
    with here.database.read() as tx:
        grants = user_rows.grants(tx, [entered.user_id])[entered.user_id]
    visitor.set_cookie("session", entered.session, int(sessions.LONGEST_SESSION.total_seconds()))
    visitor.set_cookie("device", entered.device, int(sessions.DEVICE_KNOWN.total_seconds()))
    return Session(
        user=entered.name,
        roles=[holding(grant) for grant in grants],
        csrf=csrf_token(entered.session),
        expires_at=entered.expires_at,
    )


@api.look("", "see one's session")
def see_session(call: Call) -> Session:
    secret = call.visitor.session_secret if call.user.session is not None else None
    found = None if call.user.session is None else session_rows.find_session(call.tx, call.user.session)
    return Session(
        user=call.user.name,
        roles=[holding(grant) for grant in call.user.grants],
        csrf=None if secret is None else csrf_token(secret),
        expires_at=None if found is None else found[0].expires_at,
    )


@api.act("", "sign out", method="DELETE", status=204)
def close_session(call: Call) -> None:
    """The session is refused from now on, whoever has a copy of it."""
    if call.user.session is not None:
        session_rows.end_session(call.tx, call.user.session)
        call.visitor.set_cookie("session", "", 0)


@api.bare(
    "/password", "change one's password", method="POST", status=204, raises=[SignInFailed, SignInSlowed, BadInput]
)
def change_password(visitor: Visitor, asked: PasswordRequest) -> None:
    """Change one's own password; one's other sessions end, and so does what devices are known by."""
    here, caller = visitor.here, visitor.caller
    assert caller is not None
    # The old one is asked for like at a sign-in, and guessing it is slowed down in the same way.
    proof = sign_in(
        here.database,
        here.comparing,
        caller.name,
        asked.old.get_secret_value(),
        visitor.address,
        visitor.device_secret,
        visitor.now,
    )
    kept = kept_password(here.hasher, asked.new.get_secret_value(), caller.name)
    with here.database.write() as tx:
        by = Actor(caller.name, caller.grants[0].role if caller.grants else "user")
        users.set_password(tx, caller.name, kept, by, visitor.now, keep_session=caller.session or "")
        session_rows.end_session(tx, proof.session)
