"""The users of a demonstration: visitors, who get new passwords at every start, and the made-up colleagues, whose
passwords nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pwdlib import PasswordHash

from dispatch.access import users
from dispatch.access.passwords import kept_password, new_password
from dispatch.demo.staff import AREAS, COLLEAGUES, VISITORS
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.storage import crew
from dispatch.storage import users as known_users
from dispatch.storage.database import Database

BY = Actor("demonstration", Role.OPS)

CREWS = {Role.INSTALLER: "installer", Role.CONSTRUCTION: "construction"}
"""The teams whose crew the visitor of a role joins, so that hops are proposed to them."""


@dataclass(frozen=True, slots=True)
class DemoUser:
    role: Role
    name: str
    password: str


def add_demo_users(database: Database, hasher: PasswordHash, now: datetime) -> list[DemoUser]:
    """Add a visitor for each role, or give an existing one a new password; return them with their passwords."""
    visitors = [DemoUser(role, name, new_password(name)) for role, name in VISITORS.items()]
    kept = {each.name: kept_password(hasher, each.password, each.name) for each in visitors}  # slow, by intent
    with database.write() as tx:
        for each in visitors:
            if known_users.find(tx, each.name):
                users.set_password(tx, each.name, kept[each.name], BY, now)
            else:
                users.add(tx, each.name, kept[each.name], [Grant(each.role)], BY, now)
                for area in AREAS if each.role in CREWS else ():
                    crew.add(tx, CREWS[each.role], each.name, area)
    return visitors


def add_colleagues(database: Database, hasher: PasswordHash, now: datetime) -> None:
    """Add the made-up colleagues as users with their areas, and to their crews."""
    nobody_knows = kept_password(hasher, new_password(BY.name), BY.name)
    with database.write() as tx:
        for each in COLLEAGUES:
            areas = frozenset({each.area}) if each.area else None
            users.add(tx, each.name, nobody_knows, [Grant(each.role, areas)], BY, now)
            if each.team and each.area:
                crew.add(tx, each.team, each.name, each.area)
