"""Users and the roles they hold: rows in, rows out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, insert, select, update

from dispatch.domain.roles import Grant, Role
from dispatch.storage.access_rows import RoleInArea, UserRole, UserRow
from dispatch.storage.bulk import among_given, listed
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.access import EVERYWHERE, user, user_role


def find(tx: Tx, name: str, *, lock: bool = False) -> UserRow | None:
    query = select(user).where(user.c.name == name)
    return shaped(UserRow, tx.execute(query.with_for_update() if lock else query)).one_or_none()


def everybody(tx: Tx, after: str = "", limit: int = 10_000) -> Sequence[UserRow]:
    """In the order of their names, those behind `after`."""
    query = select(user).where(user.c.name > after).order_by(user.c.name).limit(limit)
    return shaped(UserRow, tx.execute(query)).all()


def add(tx: Tx, **columns: object) -> int:
    """The new user's id."""
    made: int = tx.execute(insert(user).values(**columns).returning(user.c.id)).scalar_one()
    return made


def change(tx: Tx, user_id: int, **columns: object) -> None:
    """Changes what others see of the user too: a version that somebody has read is then an old one."""
    tx.execute(update(user).where(user.c.id == user_id).values(version=user.c.version + 1, **columns))


def keep_password(tx: Tx, user_id: int, password: str) -> None:
    tx.execute(update(user).where(user.c.id == user_id).values(password=password))


def granted(rows: Iterable[RoleInArea]) -> tuple[Grant, ...]:
    """What rows with a `role` and an `area` grant, in the order of the roles; both are None for a user without one."""
    areas: dict[Role, set[str]] = {}
    for row in rows:
        if row.role is not None and row.area is not None:
            areas.setdefault(Role(row.role), set()).add(row.area)
    return tuple(
        Grant(role, None if EVERYWHERE in areas[role] else frozenset(areas[role])) for role in Role if role in areas
    )


_HELD = select(user_role).where(among_given(user_role.c.user_id, "ids"))


def grants(tx: Tx, user_ids: Sequence[int]) -> dict[int, tuple[Grant, ...]]:
    """What each of these users holds."""
    rows: dict[int, list[UserRole]] = {user_id: [] for user_id in user_ids}
    for row in shaped(UserRole, tx.execute(_HELD, listed(tx, ids=user_ids))):
        rows[row.user_id].append(row)
    return {user_id: granted(mine) for user_id, mine in rows.items()}


def set_grants(tx: Tx, user_id: int, held: Iterable[Grant]) -> None:
    """Instead of what the user held before."""
    tx.execute(delete(user_role).where(user_role.c.user_id == user_id))
    rows = [
        {"user_id": user_id, "role": grant.role, "area": area}
        for grant in held
        for area in (sorted(grant.areas) if grant.areas is not None else (EVERYWHERE,))
    ]
    if rows:
        tx.execute(insert(user_role), rows)
