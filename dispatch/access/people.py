"""The users whom names stand for: who can hold a team's work in an area.

In an installation without users, names stand for themselves. From the first user on, a name is that of an enabled user
who holds one of the team's roles in the area (decision 25).
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dispatch.domain.acts import Parting
from dispatch.domain.roles import Actor, Grant, role_wordings
from dispatch.domain.title import Wording
from dispatch.errors import NotAllowed, UnfitUser, UnknownUser
from dispatch.storage import users
from dispatch.storage.database import Tx


@dataclass(frozen=True, slots=True)
class PossibleHolder:
    """A user as a possible holder of work."""

    name: str
    disabled: bool
    grants: tuple[Grant, ...]

    def fits(self, roles: Collection[str], area: str | None) -> bool:
        """Return whether they are enabled and hold one of these roles in the area."""
        return not self.disabled and any(grant.role in roles and grant.covers(area) for grant in self.grants)


class People:
    """The users of these names, as a rule locked against being disabled or losing a role until the transaction ends.

    Lock users before hops: whoever disables a user locks in this order, too.
    """

    def __init__(self, tx: Tx, names: Iterable[str], *, waits: bool = True, locks: bool = True) -> None:
        """`waits`: wait for whoever is changing one of these users right now; otherwise they count as missing. Without
        `locks` they are read as they are now."""
        asked = sorted(set(names))
        if not asked:
            found = {}
        elif locks:
            found = users.lock_shared(tx, asked, waits=waits)
        else:
            found = users.of_names(tx, asked)
        grants = users.grants(tx, sorted({row.id for row in found.values()}))  # after the lock: they can't change now
        self._tx = tx
        self._known: Mapping[str, PossibleHolder] = {
            name: PossibleHolder(row.name, row.disabled_at is not None, grants[row.id]) for name, row in found.items()
        }

    def holder(self, typed: str, roles: Sequence[str], area: str | None) -> str:
        """The name of the user who may hold work for these roles in this area; None: in any. Raises UnknownUser,
        UnfitUser."""
        person = self._known.get(typed)
        if person is None:
            if self._open:
                return typed
            raise UnknownUser(name=typed, near=_near(self._tx, typed, roles, area))
        require_fit(person, roles, area)
        return person.name

    def able(self, name: str, roles: Collection[str], area: str) -> bool:
        """Return whether `holder` would take this name."""
        person = self._known.get(name)
        return self._open if person is None else person.fits(roles, area)

    def parting(self, name: str) -> Parting:
        """Why somebody who isn't `able` can't have the work."""
        person = self._known.get(name)
        if person is None:
            return Parting.NO_USER
        return Parting.DISABLED if person.disabled else Parting.LOST_ROLE

    @functools.cached_property
    def _open(self) -> bool:
        """Whether the installation has no users."""
        return not users.exist(self._tx)

    def self(self, name: str, roles: Sequence[str], area: str) -> str:
        """The name of an actor who takes or has work themselves; the edge has checked who they are. Raises UnfitUser
        when they were disabled, or lost the role, since."""
        person = self._known.get(name)
        if person is not None:
            require_fit(person, roles, area)
        return name


def require_fit(person: PossibleHolder, roles: Sequence[str], area: str | None) -> None:
    """Raises UnfitUser unless the person can hold work for these roles in this area."""
    if person.disabled:
        raise UnfitUser(name=person.name, why=Wording("该用户已停用", "they are disabled"))
    if not person.fits(roles, area):
        named = role_wordings(roles)
        listed = Wording("、".join(each.zh for each in named), " or ".join(each.en for each in named))
        where = Wording(f"在片区 {area} ", f" in {area}") if area else Wording("", "")
        why = Wording(f"{where.zh}没有角色：{listed.zh}", f"they don't hold the role {listed.en}{where.en}")
        raise UnfitUser(name=person.name, why=why)


def acting(tx: Tx, typed: str, role: str) -> Actor:
    """The actor whom a name and a role stand for, in the areas in which they hold it. Without users, whoever is named.

    Raises UnknownUser; NotAllowed for a user who is disabled or doesn't hold the role.
    """
    row = users.find(tx, typed)
    if row is None:
        if not users.exist(tx):
            return Actor(typed, role)
        raise UnknownUser(name=typed, near=_near(tx, typed, (role,), None))
    held = users.grants(tx, [row.id])[row.id]
    grant = next((grant for grant in held if grant.role == role), None)
    if row.disabled_at is not None or grant is None:
        raise not_held(row.name, role, held, disabled=row.disabled_at is not None)
    return Actor(row.name, role, grant.areas)


def not_held(name: str, role: str, held: Sequence[Grant], *, disabled: bool = False) -> NotAllowed:
    """The error for a user who would act in a role that isn't theirs, or is disabled. `held`: what they hold."""
    own = [each.role.wording for each in held] or [Wording("无角色", "no role")]
    why = Wording("（已停用）", " (disabled)") if disabled else Wording("", "")
    return NotAllowed(
        role=Wording("用户", "user"),
        actor=name,
        act=Wording(f"以角色 {role} 办理", f"act as {role}"),
        what=Wording(f"其角色为{'、'.join(each.zh for each in own)}{why.zh}", f"here{why.en}"),
        allowed=own,
    )


def resolve(tx: Tx, typed: str, roles: Sequence[str], area: str) -> str:
    """`People.holder` for one name."""
    return People(tx, [typed]).holder(typed, roles, area)


def everybody(tx: Tx) -> list[PossibleHolder]:
    """The enabled users by name."""
    rows = [row for row in users.everybody(tx) if row.disabled_at is None]
    grants = users.grants(tx, [row.id for row in rows])
    return [PossibleHolder(row.name, False, grants[row.id]) for row in rows]


def fitting(tx: Tx, roles: Collection[str], area: str | None = None) -> list[str]:
    """The names of the enabled users who hold one of these roles, in this area if one is given."""
    return [person.name for person in everybody(tx) if person.fits(roles, area)]


def _near(tx: Tx, typed: str, roles: Collection[str], area: str | None) -> Wording:
    """A question whether one of those who can have the work was meant; empty when none is near."""
    close = difflib.get_close_matches(typed, fitting(tx, roles, area), n=1)
    return Wording(f"（是不是 {close[0]}？）", f" (did you mean {close[0]}?)") if close else Wording("", "")
