"""Finding a place for a line: an address that nobody has, at a port that has room. Where there is none, the wish is
recorded as a demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dispatch.accounts.demand import record_refused
from dispatch.accounts.operation import Act
from dispatch.domain.naming import read_address
from dispatch.errors import (
    AddressInUse,
    MoveOpen,
    NoResources,
    NoResourcesFound,
    Refusal,
    UnknownAddress,
    UnknownAddressTyped,
)
from dispatch.storage import account_moves, accounts, resources
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx
from dispatch.storage.place_rows import AddressRow


class Wish(NamedTuple):
    """What is recorded of a customer for whom there is no place; `speed` is in Mbit/s."""

    contact: str
    mobile: str
    speed: int


def take_place(act: Act, typed: str, wish: Callable[[], Wish], *, held: int | None = None) -> AddressRow:
    """Find the address and occupy a place of its port. `held` is a port of which the account has a place already: no
    other one is taken there.

    Where there is no place, the refusal's record keeps the customer's wish, which is read only then; a trial records
    none. Raises UnknownAddress, AddressInUse, NoResources; whatever `wish` raises.
    """
    text = read_address(typed)
    address = resources.find_address(act.tx, text)
    if address is None or not act.actor.covers(address.area):
        raise _kept_as_demand(act, text, address, wish, UnknownAddress(), UnknownAddressTyped())
    if is_taken(act.tx, address.id):
        raise AddressInUse()
    if address.pon_port_id is None or not _occupied(act.tx, address.pon_port_id, held):
        raise _kept_as_demand(act, text, address, wish, NoResources(), NoResourcesFound())
    if is_taken(act.tx, address.id):  # by somebody who had the port's lock before us
        raise AddressInUse()
    return address


def require_settled(act: Act, account: AccountRow) -> None:
    """Raises MoveOpen while the account moves, or a move that failed waits for its refund."""
    if account_moves.unfinished(act.tx, account.id) is not None:
        raise MoveOpen()


def is_taken(tx: Tx, address_id: int) -> bool:
    """Return whether a living account is at the address, or on its way there."""
    return accounts.at_address(tx, address_id) is not None or account_moves.to_address(tx, address_id) is not None


def _occupied(tx: Tx, port_id: int, held: int | None) -> bool:
    """Take a place of the port, or lock it where one is held already; False when none is left."""
    if port_id == held:
        resources.lock_free(tx, port_id)
        return True
    return resources.occupy_port(tx, port_id)


def _kept_as_demand(
    act: Act, text: str, address: AddressRow | None, wish: Callable[[], Wish], refusal: Refusal, in_trial: Refusal
) -> Refusal:
    """The refusal to raise; its record keeps the customer's demand."""
    if act.trial:
        return in_trial
    contact, mobile, speed = wish()
    act.keep_refused.append(lambda: record_refused(act, address, text, contact, mobile, speed))
    return refusal
