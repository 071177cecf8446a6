"""用户: users with their roles and areas. Administrators manage them, and see no tickets by that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field, SecretStr

from dispatch.access import sessions, users
from dispatch.access.passwords import LONGEST, kept_password, new_password
from dispatch.domain.roles import Grant
from dispatch.domain.ticket import HopState
from dispatch.domain.title import Wording
from dispatch.domain.url_path import segment
from dispatch.errors import (
    BadInput,
    ChangedMeanwhile,
    DispatchError,
    NotFound,
    UnfitUser,
    UnknownUser,
    VersionMissing,
    WorkUndecided,
)
from dispatch.tickets import departure
from dispatch.tickets.departure import Departure, InHand, WorkDecision
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
from dispatch.web.api.session import HeldRole, holding
from dispatch.web.api.sessions import Sessions, told
from dispatch.web.api.tokens import TokenId, Tokens, tokens_of
from dispatch.web.credentials import Visitor
from dispatch.web.request_context import RequestContext, version_tag
from dispatch.web.routes import Api

api = Api("/users", "users")

_CHANGES: tuple[type[DispatchError], ...] = (NotFound, UnknownUser, UnfitUser)

UserName = Annotated[str, Path(min_length=1, max_length=80, description="Name that the user signs in with.")]
Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST, strict=False)]


class GrantRequest(RequestBody):
    """A role, and the areas in which it is held."""

    role: Word
    """Role."""
    areas: Annotated[list[Word], Field(min_length=1, max_length=200)] | None = None
    """Areas; null or absent: every area."""


class UserRequest(RequestBody):
    """Request for a new user."""

    name: Word
    """Name that the user signs in with."""
    roles: Annotated[list[GrantRequest], Field(max_length=20)] = Field(default_factory=list)
    """Roles of the user."""
    password: Password | None = None
    """Password; absent: a random one is made and returned."""


class RolesRequest(RequestBody):
    """The roles of a user."""

    roles: Annotated[list[GrantRequest], Field(max_length=20)]
    """Roles that replace all earlier ones."""
    hand_over_to: Word | None = None
    """Colleague who gets what the user may no longer have in hand."""
    work: Annotated[WorkDecision, Field(strict=False)] | None = None
    """Decision about that work otherwise: `release` it to the boards, or `keep` it in the user's hands, where a
    colleague can take it over; absent, with no colleague: a change that takes work from the user is refused."""


class DisableRequest(RequestBody):
    """Decision about the work that a disabled user has in hand."""

    hand_over_to: Word | None = None
    """Colleague who gets what the user has in hand; absent: it goes back to the boards."""


class WorkInHand(ResponseBody):
    """A hop that a user has in hand, or is proposed for."""

    hop: str
    """Hop number, such as F00000042-3."""
    team: str
    """Team, by its name in the rules."""
    area: str
    """Service area 片区."""
    state: HopState
    """State of the hop before the change."""
    proposed: bool
    """True: the user is only proposed for it, and nobody has it."""


class MovedWork(WorkInHand):
    """A hop that a user could not keep, and what became of it."""

    to: str | None
    """Colleague who has it now; null: nobody got it."""
    released: bool
    """True: it is on its board and nobody has it; false without a colleague: it stays in the user's hands."""


class WorkOfUser(ResponseBody):
    """Hops that a user has in hand, or is proposed for."""

    items: list[WorkInHand]
    """Hops, by their ids."""


class UserBody(ResponseBody):
    """A user."""

    name: str
    """Name that the user signs in with."""
    roles: list[HeldRole]
    """Roles, with their areas."""
    disabled_at: datetime | None
    """Time at which the user was disabled; null: they are not."""
    made_at: datetime
    """Time of creation."""
    bound_at: datetime | None
    """Time at which the user was bound to a person of the identity provider; null: they are not."""


class UserAfterChange(UserBody):
    """A user, and what the change did to their work."""

    work: list[MovedWork]
    """Hops that the user had in hand or was proposed for and may no longer have."""


class UserWithPassword(SecretBody):
    """A user, with a password that was made for them."""

    user: UserBody
    """The user."""
    password: Secret
    """Random password, shown this once; null when the request chose one."""


@api.read("", "manage users", raises=[BadInput])
def list_users(context: RequestContext, cursor: Cursor = None, limit: Limit = 50) -> Page[UserBody]:
    """Lists all users by name."""
    found = users.everybody(context.tx, read_cursor(cursor, str) or "", limit + 1)
    return page([_told(each) for each in found], limit, found[limit - 1].name if len(found) > limit else None)


@dataclass(frozen=True, slots=True)
class _Password:
    """A new password and its hash, which is made before the transaction: other writers don't wait for it."""

    typed: str = field(repr=False)
    kept: str = field(repr=False)


def _password_of_new_user(visitor: Visitor, asked: UserRequest) -> _Password:
    name = users.read_name(asked.name)
    if asked.password is None:
        return _random_password(visitor, name)
    installation, typed = visitor.installation, asked.password.get_secret_value()
    return _Password(typed, kept_password(installation.hasher, typed, name, installation.settings.operator))


def _random_password(visitor: Visitor, name: str) -> _Password:
    typed = new_password(name)
    return _Password(typed, kept_password(visitor.installation.hasher, typed, name))


@api.change("", "manage users", status=201, raises=[BadInput], first=_password_of_new_user)
def add_user(context: RequestContext, asked: UserRequest) -> UserWithPassword:
    """Adds a user."""
    password: _Password = context.prepared
    grants = _grants(asked.roles)
    added = users.add(context.tx, asked.name, password.kept, grants, context.authorize(), context.now)
    context.visitor.headers["Location"] = f"/api/v1/users/{segment(added.name)}"
    return UserWithPassword(user=_told(added), password=password.typed if asked.password is None else None)


@api.read("/{name}", "manage users", raises=[NotFound])
def see_user(context: RequestContext, name: UserName) -> UserBody:
    """Shows a user."""
    return _told(users.get(context.tx, name))


@api.change(
    "/{name}/roles",
    "manage users",
    method="PUT",
    raises=[*_CHANGES, BadInput, WorkUndecided, ChangedMeanwhile, VersionMissing],
)
def set_roles(context: RequestContext, name: UserName, asked: RolesRequest) -> UserAfterChange:
    """Replaces a user's roles from the next request on. Needs `If-Match` with the entity tag of the user as read. Says
    what became of work that the new roles don't permit."""
    before = users.get(context.tx, name)
    context.require_unchanged(
        lambda: _told(before), Wording(f"用户 {before.name}", f"user {before.name}"), must_say=True
    )
    left = departure.set_grants(
        context.tx,
        context.rulebook,
        name,
        _grants(asked.roles),
        context.authorize(),
        context.now,
        before.version,
        decision=asked.work,
        hand_over_to=asked.hand_over_to or "",
    )
    return _after(context, left)


@api.read("/{name}/work", "manage users", raises=[NotFound])
def see_work(context: RequestContext, name: UserName) -> WorkOfUser:
    """Lists what a user has in hand or is proposed for: what disabling them would release."""
    return WorkOfUser(items=[WorkInHand(**_fields(WorkInHand, each)) for each in departure.in_hand(context.tx, name)])


@api.change("/{name}/disable", "manage users", raises=_CHANGES)
def disable_user(context: RequestContext, name: UserName, asked: DisableRequest | None = None) -> UserAfterChange:
    """Disables a user: their sessions end, and their tokens are revoked for good. What they have in hand goes back to
    the boards, or to a colleague."""
    to = (asked.hand_over_to if asked else None) or ""
    by = context.authorize()
    left = departure.disable(context.tx, context.rulebook, name, by, context.now, hand_over_to=to)
    return _after(context, left)


@api.change("/{name}/enable", "manage users", raises=[NotFound])
def enable_user(context: RequestContext, name: UserName) -> UserBody:
    """Enables a disabled user again."""
    return _changed(context, users.enable(context.tx, name, context.authorize(), context.now))


@api.change("/{name}/password", "manage users", raises=[NotFound], first=_random_password)
def reset_password(context: RequestContext, name: UserName) -> UserWithPassword:
    """Sets a new random password, which is shown this once; the user's sessions end, and their tokens are revoked."""
    password: _Password = context.prepared
    found = users.get(context.tx, name)
    users.set_password(context.tx, name, password.kept, context.authorize(), context.now)
    return UserWithPassword(user=_told(found), password=password.typed)


@api.change("/{name}/identity", "manage users", method="DELETE", raises=[NotFound], summary="Unbind user")
def unbind_user(context: RequestContext, name: UserName) -> UserBody:
    """Unbinds a user from their person at the identity provider, and ends their sessions. The next person who comes
    from there under the user's name is bound."""
    return _changed(context, users.unbind(context.tx, name, context.authorize(), context.now))


@api.read("/{name}/sessions", "manage users", raises=[NotFound], summary="List user's sessions")
def list_sessions(context: RequestContext, name: UserName) -> Sessions:
    """Lists the browsers in which a user is signed in, the latest seen first."""
    return told(sessions.open_sessions(context.tx, users.get(context.tx, name).id, context.now), context.user.session)


@api.change("/{name}/sessions", "manage users", method="DELETE", status=204, raises=[NotFound])
def end_sessions(context: RequestContext, name: UserName) -> None:
    """Ends all sessions of a user; their devices are no longer known."""
    found, by = users.get(context.tx, name), context.authorize()
    sessions.end_all_sessions(context.tx, found.id, found.name, context.visitor.origin, context.now, by.name)


@api.read("/{name}/tokens", "manage users", raises=[NotFound], summary="List user's tokens")
def list_tokens(context: RequestContext, name: UserName) -> Tokens:
    """Lists a user's API tokens, the newest first, expired and revoked ones among them."""
    return tokens_of(context, users.get(context.tx, name).id)


@api.change("/{name}/tokens/{token_id}", "manage users", method="DELETE", status=204, raises=[NotFound])
def revoke_token(context: RequestContext, name: UserName, token_id: TokenId) -> None:
    """Revokes an API token of a user from the next request on. Revoking it twice does no harm."""
    found = users.get(context.tx, name)
    sessions.revoke_token(context.tx, token_id, found.id, found.name, context.authorize(), context.now)


def _changed(context: RequestContext, changed: users.User) -> UserBody:
    told = _told(changed)
    context.visitor.headers["ETag"] = version_tag(told.model_dump_json().encode())
    return told


def _after(context: RequestContext, left: Departure) -> UserAfterChange:
    user = _changed(context, left.user)
    return UserAfterChange(**user.model_dump(), work=[MovedWork(**_fields(MovedWork, each)) for each in left.work])


def _fields(shape: type[WorkInHand], work: InHand) -> dict[str, Any]:
    return {name: getattr(work, name) for name in shape.model_fields}


def _told(of: users.User) -> UserBody:
    roles = [holding(grant) for grant in of.grants]
    return UserBody(name=of.name, roles=roles, disabled_at=of.disabled_at, made_at=of.made_at, bound_at=of.bound_at)


def _grants(asked: list[GrantRequest]) -> tuple[Grant, ...]:
    return users.read_grants([(each.role, each.areas) for each in asked])
