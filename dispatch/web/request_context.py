"""A request's context: an open transaction, the rules in force, and the caller with their permissions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from dispatch.access.people import not_held
from dispatch.access.sessions import Caller
from dispatch.domain.roles import HELD_BY_PEOPLE, Actor, Grant, Role, role_wordings
from dispatch.domain.title import Wording
from dispatch.errors import ChangedMeanwhile, DispatchError, NotAllowed, VersionMissing
from dispatch.reports.lists import Scope
from dispatch.reports.search import Reach
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Tx
from dispatch.web.credentials import Visitor
from dispatch.web.installation import Installation
from dispatch.web.policy import (
    NOTHING,
    POLICIES,
    Audience,
    GuardedField,
    Permission,
    Subject,
    Target,
    decide,
    is_possible,
    searches_tickets,
    sees_all,
    serves,
    shows,
    wording,
)

_BEST_FIRST = (Permission.ALLOWED, Permission.UNTIMELY, Permission.FORBIDDEN, Permission.HIDDEN)


@dataclass
class RequestContext:
    """One request. `asked`: the policy was asked about the endpoint's target. `on_its_way`: the hop found is on its way
    to a board. `key`: the request's key, where the endpoint itself does a keyed request only once. `prepared`: what the
    route did before the transaction."""

    visitor: Visitor
    tx: Tx
    rulebook: Rulebook
    operation: str
    caller: Caller | None
    acting: Role | None = None
    key: str | None = None
    policy_asked: bool = False
    on_its_way: bool = False
    prepared: Any = None

    @property
    def installation(self) -> Installation:
        return self.visitor.installation

    @property
    def now(self) -> datetime:
        return self.visitor.now

    @property
    def user(self) -> Caller:
        assert self.caller is not None, "an operation for anybody has no user"
        return self.caller

    def authorize(
        self, thing: Target = NOTHING, missing: DispatchError | None = None, operation: str | None = None
    ) -> Actor:
        """The role in which the caller acts. A wrong state is let through: the life tables refuse it with their reason.

        Raises NotAllowed; `missing` when the thing must look as if it did not exist.
        """
        self.policy_asked = True
        name = operation or self.operation
        verdict, role = self._verdict(name, thing)
        if verdict in (Permission.ALLOWED, Permission.UNTIMELY):
            assert role is not None
            return Actor(self.user.name, role, self.areas(name, thing))
        if verdict is Permission.HIDDEN and missing is not None:
            raise missing
        raise self._not_allowed(name, thing)

    def may(self, operation: str, thing: Target = NOTHING) -> bool:
        """Return whether the caller can do it now. Pages offer nothing else."""
        return self._verdict(operation, thing)[0] is Permission.ALLOWED

    def shows(self, which: GuardedField, thing: Target = NOTHING) -> bool:
        """Return whether any role in which the caller sees the thing shows this field of it."""
        return any(shows(which, grant.role, thing) for grant in self._grants() if grant.covers(thing.area))

    def scopes(self) -> list[Scope]:
        """The scopes of a list of tickets, one for each role that may list them."""
        self.policy_asked = True
        return [
            Scope(grant.areas, None if sees_all(grant.role) else self._served(grant.role))
            for grant in self._grants()
            if decide(self.operation, grant.role, in_area=True) is Permission.ALLOWED
        ]

    def reach(self) -> Reach:
        """What the caller may find by a search."""
        scopes: dict[bool | None, list[Scope]] = {True: [], False: [], None: []}
        for grant in self._grants():
            if decide("list tickets", grant.role, in_area=True) is Permission.ALLOWED:
                teams = None if sees_all(grant.role) else self._served(grant.role)
                scopes[searches_tickets(grant.role)].append(Scope(grant.areas, teams))
        places = [self.areas(each, NOTHING) for each in ("see addresses", "search addresses")]
        return Reach(
            scopes[True],
            scopes[False],
            [each for some in scopes.values() for each in some],
            self.areas("find customers", NOTHING),
            None if None in places else frozenset[str]().union(*(each for each in places if each is not None)),
            self.may("see devices"),
        )

    def areas(self, operation: str, thing: Target) -> frozenset[str] | None:
        """The areas in which the caller may do it; None: all."""
        areas: set[str] = set()
        for grant in self._grants():
            if decide(operation, grant.role, True, thing) in (Permission.ALLOWED, Permission.UNTIMELY):
                if grant.areas is None:
                    return None
                areas |= grant.areas
        return frozenset(areas)

    def areas_shown(self, which: GuardedField, thing: Target) -> frozenset[str] | None:
        """The areas in which the caller sees this field of such a thing; None: all."""
        areas: set[str] = set()
        for grant in self._grants():
            if shows(which, grant.role, thing):
                if grant.areas is None:
                    return None
                areas |= grant.areas
        return frozenset(areas)

    def require_possible(self) -> None:
        """Require, before anything is read, that a role of the caller could ever do it. Raises NotAllowed."""
        policy = POLICIES[self.operation]
        teams = self.rulebook.teams.values()
        if policy.who is Audience.ROLES and not any(is_possible(self.operation, g.role, teams) for g in self._grants()):
            allowed = {role for role in HELD_BY_PEOPLE if is_possible(self.operation, role, teams)}
            raise self._refusal(self.operation, allowed)
        self.policy_asked = policy.on is Subject.NOTHING

    def require_unchanged(self, seen: Callable[[], BaseModel], what: Wording, *, must_say: bool = False) -> None:
        """Require that the caller has read the present version, if `If-Match` names one; `seen` is called only then.
        Raises ChangedMeanwhile, VersionMissing."""
        given = self.visitor.request.headers.get("if-match")
        if given is None:
            if must_say:
                raise VersionMissing(what=what)
            return
        tags = [tag.strip() for tag in given.split(",")]
        if "*" not in tags and version_tag(seen().model_dump_json().encode()) not in tags:
            raise ChangedMeanwhile(what=what)

    def not_allowed(self, thing: Target) -> NotAllowed:
        """The error for a part of a thing that isn't the caller's to see."""
        return self._not_allowed(self.operation, thing)

    def _verdict(self, operation: str, thing: Target) -> tuple[Permission, Role | None]:
        """The best permission that a role of the caller has, and the role."""
        verdicts = {
            decide(operation, grant.role, grant.covers(thing.area), thing): grant.role
            for grant in reversed(tuple(self._grants()))
        }
        return next(((each, verdicts[each]) for each in _BEST_FIRST if each in verdicts), (Permission.HIDDEN, None))

    def _grants(self) -> Iterator[Grant]:
        for grant in self.user.grants:
            if self.acting is None or grant.role == self.acting:
                yield grant

    def _served(self, role: Role) -> frozenset[str]:
        return frozenset(name for name, team in self.rulebook.teams.items() if serves(role, team))

    def _not_allowed(self, operation: str, thing: Target) -> NotAllowed:
        policy = POLICIES[operation]
        allowed = {*map(str, policy.roles), *((thing.team.members if policy.members else ()) if thing.team else ())}
        if thing.team is not None and policy.filers:
            allowed |= set(thing.team.filed_by)
        return self._refusal(operation, allowed)

    def _refusal(self, operation: str, allowed: Collection[str]) -> NotAllowed:
        """The error that names the roles which may. Whoever would act in a role that isn't theirs is told that."""
        grants = list(self._grants())
        if self.acting is not None and not grants:
            return not_held(self.user.name, self.acting, self.user.grants)
        held = [grant.role.wording for grant in grants] or [Wording("无角色", "nobody's role")]
        roles = Wording("/".join(each.zh for each in held), "/".join(each.en for each in held))
        return NotAllowed(
            role=roles,
            actor=self.user.name,
            act=wording(operation),
            what=Wording("此处", "here"),
            allowed=role_wordings(sorted(allowed)) if allowed else Wording("其他人", "others"),
        )


def version_tag(body: bytes) -> str:
    """A strong entity tag of an answer's body."""
    return f'"{hashlib.sha256(body).hexdigest()[:20]}"'
