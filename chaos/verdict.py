"""The verdict on a run, counted from the database and from the ledgers outside it, by stricter rules than the replay's.

In a chaos run people finish whatever reaches them, so a case that has not ended when nothing moves any more is lost,
wherever it is. Every superfluous line in any ledger, and every ticket that nobody reported, is doubled.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from chaos.load import NAME, Load
from chaos.reach import Reached
from dispatch.demo.effect_tally import count_outside, receivers
from dispatch.domain.numbers import read_ticket_number
from dispatch.storage.tables.tickets import hop, ticket


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict. `lost`: numbers of accepted tickets that have not ended. `doubled`: everything that occurred more
    than once."""

    tickets: int
    hops: int
    lost: list[str]
    doubled: list[str]


def count(installation: Reached, load: Load) -> Verdict:
    accepted = [thing for effect, thing in installation.ledger.effects() if effect == f"accepted/{NAME}"]
    with installation.database.read() as tx:
        ended = set(tx.execute(select(ticket.c.id).where(ticket.c.ended_at.is_not(None))).scalars())
        made = tx.execute(select(func.count()).select_from(ticket)).scalar_one()
        hops = tx.execute(select(func.count()).select_from(hop)).scalar_one()
    lost = {number for number in accepted if read_ticket_number(number) not in ended}
    doubled = [f"{effect} {thing}" for effect, thing in installation.ledger.doubled()]
    doubled += ["a ticket that nobody asked for"] * max(0, made - load.tally.accepted)
    for each in count_outside(installation.database, receivers(installation.settings)):
        doubled += [f"{each.port}"] * each.doubled
        lost |= {f"{each.port} {n}" for n in range(each.lost)}
    for port, ledger in receivers(installation.settings).items():
        doubled += [f"{port} {effect} {thing}" for effect, thing in ledger.doubled()]
    return Verdict(load.tally.accepted, hops, sorted(lost), doubled)
