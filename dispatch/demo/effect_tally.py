"""Outside effects of an installation, counted twice: in the database, and in the ledgers of the simulated receivers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dispatch.domain.effect import Port
from dispatch.ports.ledger import Ledger
from dispatch.settings import Settings
from dispatch.storage import effects
from dispatch.storage.database import Database


@dataclass(frozen=True, slots=True)
class EffectTally:
    """Counts of one port's effects: `asked` and `confirmed` from the database, `done` from the receiver's ledger.

    `lost`: confirmed but not done. `doubled`: how many times effects were done too often.
    """

    port: Port
    asked: int
    confirmed: int
    done: int
    lost: int
    doubled: int


def receivers(settings: Settings) -> Mapping[Port, Ledger]:
    """Return the ledgers of the simulated receivers in this home."""
    return {
        Port.PROVISIONING: Ledger(settings.root / "provisioning.tsv"),
        Port.SMS: Ledger(settings.root / "sms.tsv"),
        Port.PRINTING: Ledger(settings.root / "printed.tsv"),
        Port.BILLING: Ledger(settings.root / "billing.tsv"),
    }


def count_outside(database: Database, ledgers: Mapping[Port, Ledger]) -> list[EffectTally]:
    """Compare the database with the ledgers, one tally for each port."""
    with database.read() as tx:
        asked = effects.keys(tx)
    counted = []
    for port, ledger in ledgers.items():
        keys = {key: confirmed for at, key, confirmed in asked if at == port}
        done = Counter(key for _, key in ledger.effects() if key in keys)
        counted.append(
            EffectTally(
                port=port,
                asked=len(keys),
                confirmed=sum(keys.values()),
                done=len(done),
                lost=sum(confirmed and key not in done for key, confirmed in keys.items()),
                doubled=sum(done.values()) - len(done),
            )
        )
    return counted
