"""需求登记: the demands for lines that can't be had yet, and which of them a free place is for.

Locks: a port before the demands at its addresses, so that two who free places of one port tell nobody twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.domain.demand import EXPIRED, OPENED, WAITING, DemandState
from dispatch.domain.folding import address_key
from dispatch.storage.database import Tx
from dispatch.storage.place_rows import DemandLine, DemandOfArea, DemandRow
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import WAITING_DEMAND, account, address, demand, pon_port

_AT_ONCE = 500
"""Values in one list of a statement."""

_waits = demand.c.state.in_(WAITING)


class Wanted(NamedTuple):
    """What somebody asks for. `area` is empty where none is known; `speed` in Mbit/s."""

    operation_id: int
    area: str
    address: str
    contact: str
    mobile: str
    speed: int
    note: str = ""
    address_id: int | None = None


def record(tx: Tx, wanted: Wanted, now: datetime) -> DemandRow:
    """Insert the demand; where that number waits for that address already, count it once more instead: with the
    highest speed and the newest contact."""
    insert = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(demand)
    asked = insert.values(**wanted._asdict(), address_key=address_key(wanted.address), at=now, last_at=now)
    new = asked.excluded
    again = {
        "asked": demand.c.asked + 1,
        "speed": case((new.speed > demand.c.speed, new.speed), else_=demand.c.speed),
        "contact": new.contact,
        "last_at": new.last_at,
        "note": case((new.note != "", new.note), else_=demand.c.note),
        "area": case((demand.c.area == "", new.area), else_=demand.c.area),
        "address_id": func.coalesce(demand.c.address_id, new.address_id),
    }
    key = [demand.c.mobile, demand.c.address_key]
    kept = asked.on_conflict_do_update(index_elements=key, index_where=WAITING_DEMAND, set_=again)
    return get(tx, tx.execute(kept.returning(demand.c.id)).scalar_one())


def get(tx: Tx, demand_id: int) -> DemandRow:
    return shaped(DemandRow, tx.execute(select(demand).where(demand.c.id == demand_id))).one()


def find(tx: Tx, demand_id: int, *, lock: bool = False) -> DemandRow | None:
    query = select(demand).where(demand.c.id == demand_id)
    return shaped(DemandRow, tx.execute(query.with_for_update() if lock else query)).one_or_none()


def change(tx: Tx, demand_ids: Collection[int], **columns: object) -> None:
    if demand_ids:
        tx.execute(update(demand).where(demand.c.id.in_(demand_ids)).values(**columns))


# -- whose turn it is ------------------------------------------------------------------------------


def match_addresses(tx: Tx, address_ids: Mapping[str, tuple[int, str]]) -> None:
    """Have waiting demands mean these standard addresses: by folded address, (id, area)."""
    if not address_ids or tx.execute(select(demand.c.id).where(_waits).limit(1)).first() is None:
        return
    keys = list(address_ids)
    for start in range(0, len(keys), _AT_ONCE):
        some = demand.c.address_key.in_(keys[start : start + _AT_ONCE])
        unmatched = or_(demand.c.address_id.is_(None), demand.c.area == "")
        for id_, key in tx.execute(select(demand.c.id, demand.c.address_key).where(some, _waits, unmatched)).all():
            address_id, area = address_ids[key]
            change(tx, [id_], address_id=address_id, area=area)


def addresses_by_text(tx: Tx, texts: Sequence[str]) -> tuple[dict[str, tuple[int, str]], set[int]]:
    """These standard addresses by their folded text, as (id, area), and the ports that reach them."""
    found: dict[str, tuple[int, str]] = {}
    ports: set[int] = set()
    columns = select(address.c.id, address.c.key, address.c.area, address.c.pon_port_id).order_by(address.c.id.desc())
    keys = list({address_key(text) for text in texts})
    for start in range(0, len(keys), _AT_ONCE):
        for row in tx.execute(columns.where(address.c.key.in_(keys[start : start + _AT_ONCE]))):
            found[row.key] = row.id, row.area  # of several that are written alike, the oldest
            if row.pon_port_id is not None:
                ports.add(row.pon_port_id)
    return found, ports


def addresses_of_port(tx: Tx, port_id: int) -> dict[str, tuple[int, str]]:
    """The standard addresses that a port reaches, by their folded text, as (id, area)."""
    rows = tx.execute(select(address.c.id, address.c.text, address.c.area).where(address.c.pon_port_id == port_id))
    return {address_key(row.text): (row.id, row.area) for row in rows}


def ports_wanted(tx: Tx, port_ids: Collection[int]) -> list[int]:
    """Those of the ports at whose addresses somebody waits to be told, by their ids."""
    wanted: set[int] = set()
    query = select(address.c.pon_port_id).join(demand, demand.c.address_id == address.c.id).distinct()
    query = query.where(demand.c.state == DemandState.OPEN)
    ids = list(port_ids)
    for start in range(0, len(ids), _AT_ONCE):
        wanted.update(tx.execute(query.where(address.c.pon_port_id.in_(ids[start : start + _AT_ONCE]))).scalars())
    return sorted(wanted)


def port_of(tx: Tx, address_id: int) -> int | None:
    """The port that reaches this standard address; None: none does."""
    found: int | None = tx.execute(select(address.c.pon_port_id).where(address.c.id == address_id)).scalar_one()
    return found


def waiting_at(tx: Tx, port_id: int) -> Sequence[DemandRow]:
    """Lock the waiting demands at the port's addresses that have no line: never told before told, the oldest first."""
    taken = select(account.c.id).where(account.c.address_id == demand.c.address_id, account.c.ended_at.is_(None))
    query: Select[Any] = (
        select(demand)
        .join(address, address.c.id == demand.c.address_id)
        .where(address.c.pon_port_id == port_id, _waits, ~taken.exists())
        .order_by(demand.c.told_at.is_not(None), demand.c.at, demand.c.id)
        .with_for_update(of=demand)
    )
    return shaped(DemandRow, tx.execute(query)).all()


def due(tx: Tx, now: datetime, limit: int) -> list[tuple[int, int | None]]:
    """(demand id, port id) of at most `limit` demands for which it is time to look whose turn it is."""
    query = select(demand.c.id, address.c.pon_port_id).outerjoin(address, address.c.id == demand.c.address_id)
    rows = tx.execute(query.where(demand.c.next_at <= now).order_by(demand.c.next_at).limit(limit))
    return [(row.id, row.pon_port_id) for row in rows]


def looked_at(tx: Tx, demand_ids: Collection[int], keep: Collection[int], now: datetime) -> None:
    """Note that somebody looked whose turn it is. Those of the demands that were told, and are none of `keep`, wait
    again: their place is gone."""
    mine = demand.c.id.in_(demand_ids), demand.c.next_at <= now
    gone = demand.c.state == DemandState.REACHABLE, demand.c.id.not_in(keep)
    tx.execute(update(demand).where(*mine, *gone).values(state=DemandState.OPEN))
    tx.execute(update(demand).where(*mine).values(next_at=None))


def refused(tx: Tx, demand_id: int, now: datetime) -> None:
    """Have a demand wait again whose customer came, and found no place. The relay looks whose turn it is."""
    known = case((demand.c.address_id.is_not(None), now), else_=None)
    change(tx, [demand_id], state=DemandState.OPEN, next_at=known)


# -- its end -----------------------------------------------------------------------------------------


def end_opened(tx: Tx, mobiles: Collection[str], address_id: int, text: str, now: datetime) -> None:
    """End the waiting demands of these mobile numbers, and those for this address, at which a line was opened. The
    relay then looks who is next where they were told of a place."""
    here = or_(demand.c.address_id == address_id, demand.c.address_key == address_key(text))
    mine = _waits & or_(demand.c.mobile.in_(mobiles), here)
    end(tx, list(tx.execute(select(demand.c.id).where(mine).order_by(demand.c.id).with_for_update()).scalars()), OPENED,
        now)  # fmt: skip


def end(tx: Tx, demand_ids: Collection[int], why: str, now: datetime) -> None:
    """End these demands. Where a customer was told of a place, the relay looks who is next."""
    told = case((demand.c.state == DemandState.REACHABLE, now), else_=None)
    change(tx, demand_ids, next_at=told, state=DemandState.ENDED, ended_for=why)


def erase(tx: Tx, before: datetime, now: datetime, limit: int) -> int:
    """Erase who asked at most `limit` demands, last asked before then, and end those that wait; return how many."""
    query = select(demand.c.id).where(demand.c.last_at < before, demand.c.mobile != "").order_by(demand.c.last_at)
    ids = list(tx.execute(query.limit(limit).with_for_update(skip_locked=True)).scalars())
    if ids:
        waiting = select(demand.c.id).where(demand.c.id.in_(ids), _waits)
        end(tx, list(tx.execute(waiting).scalars()), EXPIRED, now)
        change(tx, ids, contact="", mobile="", note="")
    return len(ids)


def fold(tx: Tx, limit: int) -> int:
    """Fold the addresses of at most `limit` demands that a process of an earlier release wrote; return how many. What
    proves to be the same demand as another is counted there."""
    query = select(demand).where(demand.c.address_key.is_(None)).order_by(demand.c.id).limit(limit)
    rows = shaped(DemandRow, tx.execute(query.with_for_update(skip_locked=True))).all()
    for row in rows:
        key, last_at = address_key(row.address), row.last_at or row.at
        same = demand.c.mobile == row.mobile, demand.c.address_key == key, _waits
        first = shaped(DemandRow, tx.execute(select(demand).where(*same).with_for_update())).one_or_none()
        if first is None or row.state == DemandState.ENDED:
            known = select(func.min(address.c.id)).where(address.c.key == key).scalar_subquery()
            address_id = func.coalesce(demand.c.address_id, known)
            change(tx, [row.id], address_key=key, last_at=last_at, address_id=address_id)
            continue
        later = last_at > (first.last_at or first.at)
        newest = {"contact": row.contact, "last_at": last_at} if later else {}
        change(tx, [first.id], asked=first.asked + row.asked, speed=max(first.speed, row.speed), **newest)
        tx.execute(delete(demand).where(demand.c.id == row.id))
    return len(rows)


# -- for network planning ----------------------------------------------------------------------------


def listed(
    tx: Tx,
    limit: int,
    areas: Collection[str] | None = None,
    state: DemandState | None = None,
    before: int | None = None,
) -> Sequence[DemandLine]:
    """The demands of these areas, or of all, in that state, or of those that wait; the newest first, with smaller ids
    than `before`."""
    query = _lines().where(_waits if state is None else demand.c.state == state)
    if areas is not None:
        query = query.where(demand.c.area.in_(areas))
    if before is not None:
        query = query.where(demand.c.id < before)
    return shaped(DemandLine, tx.execute(query.order_by(demand.c.id.desc()).limit(limit))).all()


def line(tx: Tx, demand_id: int) -> DemandLine:
    """One demand, as it is listed."""
    return shaped(DemandLine, tx.execute(_lines().where(demand.c.id == demand_id))).one()


def _lines() -> Select[Any]:
    columns = address.c.text.label("standard"), (pon_port.c.capacity - pon_port.c.used).label("free")
    known = select(demand, *columns).outerjoin(address, address.c.id == demand.c.address_id)
    return known.outerjoin(pon_port, pon_port.c.id == address.c.pon_port_id)


def by_area(tx: Tx, areas: Collection[str] | None = None) -> Sequence[DemandOfArea]:
    """The demand of each area that waits, the largest first."""
    columns = (
        demand.c.area,
        func.count().label("wanted"),
        func.sum(demand.c.asked).label("asked"),
        func.sum(case((demand.c.state == DemandState.REACHABLE, 1), else_=0)).label("reachable"),
        func.sum(demand.c.speed).label("speed"),
    )
    query = select(*columns).where(_waits).group_by(demand.c.area).order_by(func.count().desc(), demand.c.area)
    if areas is not None:
        query = query.where(demand.c.area.in_(areas))
    return shaped(DemandOfArea, tx.execute(query)).all()
