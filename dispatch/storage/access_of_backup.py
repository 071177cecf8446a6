"""Who may come in by a backup: a restore undoes new passwords, disabling and roles that were taken away since.

Sessions, devices and tokens are closed. Passwords, roles and disabling are told by comparing with the database that
gives way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import inspect, select

from dispatch.storage import sessions
from dispatch.storage.database import Tx
from dispatch.storage.tables.access import user, user_role

Standing = tuple[str | None, bool, frozenset[tuple[str, str]]]
"""How a user may come in: the password's hash, whether they are disabled, and their roles with areas."""


def standings(tx: Tx) -> dict[str, Standing]:
    """Every user's standing by name. The database may be of a schema without users."""
    if not inspect(tx).has_table(user.name):
        return {}
    roles = defaultdict(set)
    for row in tx.execute(select(user_role)):
        roles[row.user_id].add((row.role, row.area))
    found = tx.execute(select(user.c.id, user.c.name, user.c.password, user.c.disabled_at)).all()
    return {row.name: (row.password, row.disabled_at is not None, frozenset(roles[row.id])) for row in found}


def undone(tx: Tx, given_way: Mapping[str, Standing]) -> list[str]:
    """The users whose standing the database that gave way had otherwise, or who only it or only this one has."""
    here = standings(tx)
    return sorted(name for name in here.keys() | given_way.keys() if here.get(name) != given_way.get(name))


def close(tx: Tx, now: datetime) -> int:
    """End all sessions, forget all devices and revoke all tokens; return how many tokens were live.

    The backup may hold some that were ended, forgotten or revoked since.
    """
    sessions.end_everything(tx)
    return sessions.revoke_every_token(tx, now)
