"""What network planning does with demands 需求登记: call who asked, tell them by hand, end a demand, export them.

Who asked is masked. To see them is audited, row by row, with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dispatch.accounts import waiting_list
from dispatch.domain.demand import NOT_WANTED, DemandState, demand_move
from dispatch.domain.naming import read_address
from dispatch.domain.roles import Actor, require
from dispatch.domain.text import REASON, clean
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NoPlaceFree, NotFound, UnknownAddressTyped
from dispatch.storage import accounts, demands, operations, resources
from dispatch.storage.database import Tx
from dispatch.storage.place_rows import AddressRow, DemandLine, DemandRow

DEMANDS = Wording("需求登记", "demands")
MOST_EXPORTED = 100_000


def who_asked(tx: Tx, demand_id: int, reason: str, actor: Actor, now: datetime) -> DemandRow:
    """A demand with its contact in clear; audited. Raises NotAllowed, NotFound; BadInput without a reason."""
    require(actor, "see who asked", DEMANDS)
    why = clean(reason, REASON)
    row = _mine(tx, demand_id, actor)
    operations.note_audit(tx, "unmask", f"demand/{row.id}", why, actor, now)
    return row


def notify(
    tx: Tx, demand_id: int, actor: Actor, now: datetime, turn: timedelta, address: str | None = None
) -> DemandRow:
    """Tell a customer that a line can be had, out of turn: at the standard address `address`, if theirs isn't one.

    Raises NotAllowed, NotFound, IllegalMove, UnknownAddress, NoPlaceFree; BadInput when no standard address is known.
    """
    require(actor, "notify", DEMANDS)
    found = _standard(tx, _mine(tx, demand_id, actor), address, actor)
    free = 0 if found.pon_port_id is None else resources.lock_free(tx, found.pon_port_id)
    row = _mine(tx, demand_id, actor, lock=True)
    demand_move(DemandState(row.state), "notify", _called(row))
    if free <= 0 or accounts.at_address(tx, found.id):
        raise NoPlaceFree(address=found.text)
    demands.change(tx, [row.id], address_id=found.id, area=found.area)
    waiting_list.send(tx, row, now, turn)
    operations.note_audit(tx, "notify demand", f"demand/{row.id}", found.text, actor, now)
    return demands.get(tx, row.id)


def end(tx: Tx, demand_id: int, actor: Actor, now: datetime) -> DemandRow:
    """End a demand that nobody wants any more. Raises NotAllowed, NotFound, IllegalMove."""
    require(actor, "end", DEMANDS)
    row = _mine(tx, demand_id, actor, lock=True)
    demand_move(DemandState(row.state), "end", _called(row))
    demands.end(tx, [row.id], NOT_WANTED, now)
    operations.note_audit(tx, "end demand", f"demand/{row.id}", NOT_WANTED, actor, now)
    return demands.get(tx, row.id)


def in_clear(
    tx: Tx, state: DemandState | None, areas: frozenset[str] | None, reason: str, actor: Actor, now: datetime
) -> Sequence[DemandLine]:
    """The demands of these areas with contacts in clear; audited. Raises NotAllowed; BadInput without a reason."""
    require(actor, "export who asked", DEMANDS)
    why = clean(reason, REASON)
    rows = demands.listed(tx, MOST_EXPORTED, areas, state)
    operations.note_audit(tx, "export demands", f"{len(rows)} demands", why, actor, now)
    return rows


def _mine(tx: Tx, demand_id: int, actor: Actor, *, lock: bool = False) -> DemandRow:
    """A demand of the actor's areas whose contact isn't erased. Raises NotFound."""
    row = demands.find(tx, demand_id, lock=lock)
    if row is None or not row.mobile or not actor.covers(row.area):
        raise NotFound(what=Wording("需求", "demand"), which=demand_id)
    return row


def _standard(tx: Tx, row: DemandRow, address: str | None, actor: Actor) -> AddressRow:
    """The standard address that is meant. Raises UnknownAddress, BadInput."""
    if address:
        found = resources.find_address(tx, read_address(address))
        if found is None or not actor.covers(found.area):
            raise UnknownAddressTyped()
        return found
    if row.address_id is None:
        raise BadInput(
            what=Wording("该需求没有对应的标准地址，请给出地址", "no standard address is known for it: give one")
        )
    return resources.get_address(tx, row.address_id)


def _called(row: DemandRow) -> Wording:
    return Wording(f"需求 {row.id}", f"demand {row.id}")
