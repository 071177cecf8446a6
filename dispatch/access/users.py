"""用户: users and the roles that they hold in areas. Every change is written to the audit trail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from dispatch.domain.roles import CUSTOMER, HELD_BY_PEOPLE, RELAY, WORKER, Actor, Grant, Role, role_wording
from dispatch.domain.text import has_control_characters, unprintable, unreadable
from dispatch.domain.title import Wording
from dispatch.domain.user_name import alphabets, folded, normalised
from dispatch.errors import BadInput, ChangedMeanwhile, NotAllowed, NotFound
from dispatch.storage import operations, sessions, users
from dispatch.storage.access_rows import UserRow
from dispatch.storage.database import Tx

LONGEST_NAME = 60
LONGEST_AREA = 40
_NAME = re.compile(r"\w[\w.@+-]*")
_OURS = {WORKER.name, RELAY.name, CUSTOMER.name}


@dataclass(frozen=True, slots=True)
class User:
    """A user with their roles. `version` grows with every change; `disabled_at` is None while they may sign in."""

    id: int
    name: str
    version: int
    disabled_at: datetime | None
    made_at: datetime
    grants: tuple[Grant, ...]
    bound_at: datetime | None = None  # since when they are bound to a person of the identity provider; None: not bound


def read_name(raw: str) -> str:
    """Check a new user's name and return it normalised. Raises BadInput."""
    name = normalised_name(raw)
    if len(alphabets(name)) > 1:
        raise BadInput(
            what=Wording(
                f"“{raw:.60}”混用了不同文字的字母，容易认错：请只用一种",
                f"{raw!r:.60} mixes letters of different alphabets, which look alike: use one",
            )
        )
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name) or unprintable(name) or folded(name) in _OURS:
        ours = ", ".join(sorted(_OURS))
        raise BadInput(
            what=Wording(
                f"“{raw:.60}”不能作用户名：只用字母、数字和 . @ + - _，最多 {LONGEST_NAME} 个字符，且不能是 {ours}",
                f"{raw!r:.60} can't be a user's name: use letters, digits and . @ + - _, at most {LONGEST_NAME} "
                f"characters, and none of {ours}",
            )
        )
    return name


def normalised_name(typed: str) -> str:
    """Normalise a name that was typed: NFKC, lower case, without spaces around it. Empty when it can't be a name."""
    name = normalised(typed)
    return "" if has_control_characters(name) else name


def read_grants(raw: Sequence[tuple[str, Sequence[str] | None]]) -> tuple[Grant, ...]:
    """Read (role, areas) pairs; None for areas means everywhere. Raises BadInput."""
    grants = []
    for role, areas in raw:
        if role not in HELD_BY_PEOPLE:
            roles = ", ".join(HELD_BY_PEOPLE)
            raise BadInput(
                what=Wording(
                    f"用户没有角色“{role:.60}”；可选：{roles}",
                    f"users can't have the role {role!r:.60}; choose from {roles}",
                )
            )
        grants.append(Grant(Role(role), None if areas is None else frozenset(map(_area, areas))))
        if areas is not None and not areas:
            raise BadInput(
                what=Wording(
                    f"角色 {role} 没有区域：请列出区域，不列即为全部",
                    f"role {role} has no areas: list some, or leave them out for all areas",
                )
            )
    if len({grant.role for grant in grants}) < len(grants):
        raise BadInput(
            what=Wording(
                "一个角色列了两次：请一次列出它的全部区域", "a role is named twice: give all its areas at once"
            )
        )
    return tuple(sorted(grants, key=lambda grant: HELD_BY_PEOPLE.index(grant.role)))


def add(tx: Tx, name: str, password: str, grants: Sequence[Grant], by: Actor, now: datetime) -> User:
    """Add a user. `password` is a hash of `passwords.kept_password`. Raises BadInput for a bad name, and for one that
    people can't tell from another user's."""
    name = read_name(name)
    users.fold_names(tx)
    if known := users.find(tx, name):
        raise _taken(known.name)
    try:
        with tx.begin_nested():
            user_id = users.add(tx, name=name, folded=folded(name), password=password, made_at=now, made_by=by.name)
    except IntegrityError:
        raise _taken(name) from None
    users.set_grants(tx, user_id, grants)
    operations.note_audit(tx, "add user", name, _written(grants), by, now)
    return get(tx, name)


def get(tx: Tx, name: str) -> User:
    """The user of this name. Raises NotFound."""
    return _users(tx, [_row(tx, name)])[0]


def everybody(tx: Tx, after: str = "", limit: int = 10_000) -> list[User]:
    """At most `limit` users in the order of their names, beginning behind the name `after`."""
    return _users(tx, users.everybody(tx, after, limit))


def set_grants(
    tx: Tx, name: str, grants: Sequence[Grant], by: Actor, now: datetime, version: int | None = None
) -> User:
    """Replace the user's roles, from their next request on. A user who is left without any loses their tokens.

    `version` is the one that the caller read; None: don't check. Raises NotFound, ChangedMeanwhile; NotAllowed for the
    actor's own roles.
    """
    row = _changeable(tx, name, Wording("设置角色", "set the roles of"), by, version)
    users.set_grants(tx, row.id, grants)
    users.change(tx, row.id)
    operations.note_audit(tx, "set roles", row.name, _written(grants), by, now)
    if not grants:
        _revoke_tokens(tx, row, "no role left", by, now)
    return get(tx, row.name)


def disable(tx: Tx, name: str, by: Actor, now: datetime, version: int | None = None) -> User:
    """Disable a user: their sessions end, and their tokens are revoked, also for the time after they are enabled again.

    Raises NotFound, ChangedMeanwhile; NotAllowed for the actor themselves.
    """
    row = _changeable(tx, name, Wording("停用", "disable"), by, version)
    if row.disabled_at is None:
        users.change(tx, row.id, disabled_at=now)
        operations.note_audit(tx, "disable user", row.name, "", by, now)
    sessions.end_sessions(tx, row.id)
    _revoke_tokens(tx, row, "user disabled", by, now)
    return get(tx, row.name)


def enable(tx: Tx, name: str, by: Actor, now: datetime, version: int | None = None) -> User:
    """Let a disabled user sign in again. Raises NotFound, ChangedMeanwhile; NotAllowed for the actor themselves."""
    row = _changeable(tx, name, Wording("启用", "enable"), by, version)
    if row.disabled_at is not None:
        users.change(tx, row.id, disabled_at=None)
        operations.note_audit(tx, "enable user", row.name, "", by, now)
    return get(tx, row.name)


def set_password(tx: Tx, name: str, password: str, by: Actor, now: datetime, keep_session: str = "") -> None:
    """Set a user's password (a hash, as for `add`), end their sessions but `keep_session`, revoke their tokens, and
    forget their devices.

    Raises NotFound.
    """
    row = _row(tx, name, lock=True)
    users.keep_password(tx, row.id, password)
    sessions.end_sessions(tx, row.id, but=keep_session)
    sessions.forget_devices(tx, row.id)
    operations.note_audit(tx, "set password", row.name, "", by, now)
    _revoke_tokens(tx, row, "new password", by, now)


def unbind(tx: Tx, name: str, by: Actor, now: datetime) -> User:
    """Unbind a user from their person at the identity provider, and end their sessions: the next person who comes from
    there under this name is bound. Raises NotFound."""
    row = _row(tx, name, lock=True)
    if row.oidc_subject is not None:
        users.change(tx, row.id, oidc_issuer=None, oidc_subject=None, bound_at=None)
        sessions.end_sessions(tx, row.id)
        operations.note_audit(tx, "unbind identity", row.name, "", by, now)
    return get(tx, row.name)


def _revoke_tokens(tx: Tx, row: UserRow, why: str, by: Actor, now: datetime) -> None:
    for token_id in sessions.revoke_tokens(tx, row.id, now):
        operations.note_audit(tx, "revoke token", f"{row.name}/{token_id}", why, by, now)


def _changeable(tx: Tx, name: str, act: Wording, by: Actor, version: int | None) -> UserRow:
    row = _row(tx, name, lock=True)
    if row.name == by.name:  # so there is always another administrator who can undo it
        raise NotAllowed(
            role=role_wording(by.role),
            actor=by.name,
            act=act,
            what=Wording("本人", "oneself"),
            allowed=Wording("其他管理员", "another administrator"),
        )
    if version is not None and version != row.version:
        raise ChangedMeanwhile(what=Wording(f"用户 {row.name}", f"user {row.name}"))
    return row


def _row(tx: Tx, name: str, *, lock: bool = False) -> UserRow:
    row = users.find(tx, normalised_name(name), lock=lock)
    if row is None:
        raise NotFound(what=Wording("用户", "user"), which=f"{name:.80}")
    return row


def _users(tx: Tx, rows: Sequence[UserRow]) -> list[User]:
    grants = users.grants(tx, [row.id for row in rows])
    return [
        User(row.id, row.name, row.version, row.disabled_at, row.made_at, grants[row.id], row.bound_at) for row in rows
    ]


def _area(raw: str) -> str:
    area = raw.strip()
    if not 0 < len(area) <= LONGEST_AREA or unreadable(area) or area == "*":
        raise BadInput(
            what=Wording(
                f"“{raw:.60}”不能作区域：最多 {LONGEST_AREA} 个可打印字符",
                f"{raw!r:.60} can't be an area: write at most {LONGEST_AREA} printable characters",
            )
        )
    return area


def _written(grants: Sequence[Grant]) -> str:
    """Roles as the audit trail shows them: `noc everywhere; installer in tianhe, yuexiu`."""
    return "; ".join(
        f"{grant.role} everywhere" if grant.areas is None else f"{grant.role} in {', '.join(sorted(grant.areas))}"
        for grant in grants
    )


def _taken(name: str) -> BadInput:
    return BadInput(what=Wording(f"已有用户 {name}", f"there is a user {name} already"))
