"""Access resources 接入资源: standard addresses, the PON ports that reach them, and who asked where none does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, func, insert, select, update

from dispatch.storage.book_tables import address, demand, pon_port
from dispatch.storage.database import Tx


class Reach(NamedTuple):
    """A standard address and what reaches it; without a port, nothing does."""

    text: str
    area: str
    olt: str = ""
    port: str = ""
    capacity: int = 0


def find_address(tx: Tx, text: str) -> Row[Any] | None:
    """With its port's OLT, name, capacity and use, where it has one."""
    query: Select[Any] = select(
        address.c.id, address.c.text, address.c.area, address.c.pon_port_id,
        pon_port.c.olt, pon_port.c.port, pon_port.c.capacity, pon_port.c.used,
    ).outerjoin(pon_port, pon_port.c.id == address.c.pon_port_id)  # fmt: skip
    return tx.execute(query.where(address.c.text == text)).one_or_none()


def get_address(tx: Tx, address_id: int) -> Row[Any]:
    text = tx.execute(select(address.c.text).where(address.c.id == address_id)).scalar_one()
    found = find_address(tx, text)
    assert found is not None
    return found


def occupy(tx: Tx, port_id: int) -> bool:
    """Take one of the port's free places; False when none is left. Of two who take the last place one gets it."""
    taken = update(pon_port).where(pon_port.c.id == port_id, pon_port.c.used < pon_port.c.capacity)
    return bool(tx.execute(taken.values(used=pon_port.c.used + 1)).rowcount)


def free(tx: Tx, port_id: int) -> None:
    """Give back a place that an account had."""
    tx.execute(update(pon_port).where(pon_port.c.id == port_id).values(used=pon_port.c.used - 1))


def enter(tx: Tx, rows: Sequence[Reach]) -> int:
    """Enter addresses and their ports; what is known already takes the new area, port and capacity. How many were new.

    Raises IntegrityError when a port would have less capacity than is in use.
    """
    new = 0
    for reach in rows:
        port_id = _port(tx, reach) if reach.olt else None
        known = tx.execute(select(address.c.id).where(address.c.text == reach.text)).scalar()
        if known is None:
            tx.execute(insert(address).values(text=reach.text, area=reach.area, pon_port_id=port_id))
            new += 1
        else:
            tx.execute(update(address).where(address.c.id == known).values(area=reach.area, pon_port_id=port_id))
    return new


def _port(tx: Tx, reach: Reach) -> int:
    here = (pon_port.c.olt == reach.olt) & (pon_port.c.port == reach.port)
    known = tx.execute(select(pon_port.c.id).where(here)).scalar()
    if known is not None:
        tx.execute(update(pon_port).where(pon_port.c.id == known).values(area=reach.area, capacity=reach.capacity))
        return int(known)
    made = insert(pon_port).values(area=reach.area, olt=reach.olt, port=reach.port, capacity=reach.capacity)
    return int(tx.execute(made.returning(pon_port.c.id)).scalar_one())


def addresses(tx: Tx, limit: int, area: str | None = None) -> Sequence[Row[Any]]:
    query: Select[Any] = select(
        address.c.text, address.c.area, pon_port.c.olt, pon_port.c.port, pon_port.c.capacity, pon_port.c.used
    ).outerjoin(pon_port, pon_port.c.id == address.c.pon_port_id)
    if area is not None:
        query = query.where(address.c.area == area)
    return tx.execute(query.order_by(address.c.area, address.c.text).limit(limit)).all()


def insert_demand(
    tx: Tx, operation_id: int, area: str, where: str, contact: str, mobile: str, speed: int, now: datetime
) -> None:
    row = {"area": area, "address": where, "contact": contact, "mobile": mobile, "speed": speed, "at": now}
    tx.execute(insert(demand).values(operation_id=operation_id, **row))


def demands(tx: Tx, limit: int) -> Sequence[Row[Any]]:
    """The newest first."""
    return tx.execute(select(demand).order_by(demand.c.id.desc()).limit(limit)).all()


def demand_by_area(tx: Tx) -> Sequence[Row[Any]]:
    """(area, how many asked, Mbit/s wanted in all): what network planning counts."""
    columns = (demand.c.area, func.count().label("wanted"), func.sum(demand.c.speed).label("speed"))
    return tx.execute(select(*columns).group_by(demand.c.area).order_by(func.count().desc(), demand.c.area)).all()
