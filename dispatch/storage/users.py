"""Users and the roles that they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, delete, insert, or_, select, update

from dispatch.domain.roles import Grant, Role
from dispatch.domain.user_name import folded
from dispatch.storage.access_rows import RoleInArea, UserRole, UserRow
from dispatch.storage.bulk import in_list_parameter, list_parameters
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.access import EVERYWHERE, user, user_role


def find(tx: Tx, name: str, *, lock: bool = False) -> UserRow | None:
    """The user of this name, compared as people see it. One whose name is the same letter by letter comes first."""
    query = select(user).where(or_(user.c.name == name, user.c.folded == folded(name)))
    rows = shaped(UserRow, tx.execute(query.with_for_update() if lock else query)).all()
    return next((row for row in rows if row.name == name), rows[0] if rows else None)


def _named(names: Sequence[str]) -> Select[Any]:
    forms = [folded(name) for name in names]
    return select(user).where(or_(user.c.name.in_(names), user.c.folded.in_(forms))).order_by(user.c.id)


def lock_shared(tx: Tx, names: Sequence[str], *, waits: bool = True) -> dict[str, UserRow]:
    """`of_names`, and nobody can disable these users or take a role away until the transaction ends. Unless `waits`,
    users whom another transaction is changing are missing."""
    query = _named(names).with_for_update(read=True, skip_locked=not waits)
    return _by_name(names, shaped(UserRow, tx.execute(query)).all())


def of_names(tx: Tx, names: Sequence[str]) -> dict[str, UserRow]:
    """The users of these names, by name as given. Names without a user are missing."""
    return _by_name(names, shaped(UserRow, tx.execute(_named(names))).all())


def _by_name(names: Sequence[str], rows: Sequence[UserRow]) -> dict[str, UserRow]:
    forms = {name: folded(name) for name in names}
    exact, compared = {row.name: row for row in rows}, {row.folded: row for row in rows}
    found = {name: exact.get(name) or compared.get(form) for name, form in forms.items()}
    return {name: row for name, row in found.items() if row is not None}


def exist(tx: Tx) -> bool:
    """Return whether there is any user, disabled ones included."""
    return tx.execute(select(user.c.id).limit(1)).first() is not None


def fold_names(tx: Tx) -> None:
    """Give the users that an earlier release added the names by which they are compared, where no other has these."""
    for row in tx.execute(select(user.c.id, user.c.name).where(user.c.folded.is_(None)).order_by(user.c.id)).all():
        form = folded(row.name)
        if tx.execute(select(user.c.id).where(user.c.folded == form)).first() is None:
            tx.execute(update(user).where(user.c.id == row.id).values(folded=form))


def twins(tx: Tx) -> list[list[str]]:
    """The names of enabled users that people can't tell apart, in groups; an earlier release let them be added."""
    groups: dict[str, list[str]] = {}
    for name in tx.execute(select(user.c.name).where(user.c.disabled_at.is_(None)).order_by(user.c.id)).scalars():
        groups.setdefault(folded(name), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def find_bound(tx: Tx, issuer: str, subject: str) -> UserRow | None:
    """The user bound to this person of the identity provider."""
    query = select(user).where(user.c.oidc_issuer == issuer, user.c.oidc_subject == subject)
    return shaped(UserRow, tx.execute(query)).one_or_none()


def everybody(tx: Tx, after: str = "", limit: int = 10_000) -> Sequence[UserRow]:
    """The users in the order of their names, from the first name after `after`."""
    query = select(user).where(user.c.name > after).order_by(user.c.name).limit(limit)
    return shaped(UserRow, tx.execute(query)).all()


def add(tx: Tx, **columns: object) -> int:
    """Insert a user and return their id."""
    made: int = tx.execute(insert(user).values(**columns).returning(user.c.id)).scalar_one()
    return made


def change(tx: Tx, user_id: int, **columns: object) -> None:
    """Change the user and count up the version, so that a change based on an older version is refused."""
    tx.execute(update(user).where(user.c.id == user_id).values(version=user.c.version + 1, **columns))


def keep_password(tx: Tx, user_id: int, password: str) -> None:
    tx.execute(update(user).where(user.c.id == user_id).values(password=password))


def granted(rows: Iterable[RoleInArea]) -> tuple[Grant, ...]:
    """The grants that these rows make up, in the order of the roles."""
    areas: dict[Role, set[str]] = {}
    for row in rows:
        if row.role is not None and row.area is not None:
            areas.setdefault(Role(row.role), set()).add(row.area)
    return tuple(
        Grant(role, None if EVERYWHERE in areas[role] else frozenset(areas[role])) for role in Role if role in areas
    )


_HELD = select(user_role).where(in_list_parameter(user_role.c.user_id, "ids"))


def grants(tx: Tx, user_ids: Sequence[int]) -> dict[int, tuple[Grant, ...]]:
    """The grants of each of these users, by user id."""
    rows: dict[int, list[UserRole]] = {user_id: [] for user_id in user_ids}
    for row in shaped(UserRole, tx.execute(_HELD, list_parameters(tx, ids=user_ids))):
        rows[row.user_id].append(row)
    return {user_id: granted(mine) for user_id, mine in rows.items()}


def set_grants(tx: Tx, user_id: int, held: Iterable[Grant]) -> None:
    """Replace the user's grants."""
    tx.execute(delete(user_role).where(user_role.c.user_id == user_id))
    rows = [
        {"user_id": user_id, "role": grant.role, "area": area}
        for grant in held
        for area in (sorted(grant.areas) if grant.areas is not None else (EVERYWHERE,))
    ]
    if rows:
        tx.execute(insert(user_role), rows)
