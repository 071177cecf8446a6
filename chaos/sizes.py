"""The sizes of a chaos run: `tiny` in `make test` and for spoiled scenarios, `ci` in `make chaos`, `full` by hand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """`kills` and `tickets` belong to the campaign; each scenario has `scenario_tickets`.

    `away`: seconds for which the broker is away in the outage, and for which the load is measured before it. `lease`:
    DISPATCH_LEASE, in seconds.
    """

    kills: int
    tickets: int
    scenario_tickets: int
    copies: int  # duplicated deliveries, at least
    races: int  # for each kind of database
    examples: int  # runs of the state machine
    away: int
    lease: float = 3.0


SIZES = {
    "tiny": Size(kills=8, tickets=60, scenario_tickets=40, copies=200, races=40, examples=8, away=4),
    "ci": Size(kills=50, tickets=1_000, scenario_tickets=100, copies=1_500, races=400, examples=50, away=20),
    "full": Size(
        kills=1_000,
        tickets=50_000,
        scenario_tickets=1_500,
        copies=100_000,
        races=10_000,
        examples=1_000,
        away=60,
        lease=5.0,
    ),
}
