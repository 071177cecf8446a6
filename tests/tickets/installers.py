"""Installers with work on their board, for tests of whose hands it is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dispatch.domain.finding import Value
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import crew as crew_rows
from dispatch.storage import history, hops
from dispatch.storage.database import Database, Tx
from dispatch.tickets import departure, handling
from dispatch.tickets.departure import Departure, WorkDecision
from dispatch.tickets.handling import Claim, End
from tests import factories as f
from tests.factories import NOW
from workers.assignment import assign

TIANHE = Grant(Role.INSTALLER, frozenset({"tianhe"}))
YUEXIU = Grant(Role.INSTALLER, frozenset({"yuexiu"}))
ADMINISTRATOR = Actor("tang", Role.ADMINISTRATOR)
LI, MA = Actor("li.wei", Role.INSTALLER), Actor("ma.jun", Role.INSTALLER)
FIXED: dict[str, Value] = {"cause": "power", "optical-power": -19.5, "customer-confirmed": True}


class Stage:
    """Installers with a hop on their board."""

    def __init__(self, database: Database, rulebook: Rulebook, script: Script) -> None:
        self.database, self.rulebook, self.script = database, rulebook, script

    def visit(self, number: str = "GZ1") -> int:
        """A fault on the installers' board; the ticket's id."""
        made = f.fault(self.database, self.rulebook, self.script, number)
        f.reported(self.database, self.rulebook, made.ticket_id, f.NOC, "outside-plant", test_result="-31 dBm")
        f.on_board(self.database, self.rulebook, made.ticket_id)
        return made.ticket_id

    def claim(self, ticket: int, by: Actor, behalf: str | None = None) -> None:
        with self.database.write() as tx:
            handling.claim(tx, self.rulebook, Claim(f.live_id(self.database, ticket), by, behalf), NOW)

    def disable(self, name: str, to: str = "") -> Departure:
        with self.database.write() as tx:
            return departure.disable(tx, self.rulebook, name, ADMINISTRATOR, NOW, hand_over_to=to)

    def set_grants(self, name: str, *grants: Grant, decision: WorkDecision | None = None, to: str = "") -> Departure:
        with self.database.write() as tx:
            return departure.set_grants(
                tx, self.rulebook, name, grants, ADMINISTRATOR, NOW, decision=decision, hand_over_to=to
            )

    def end(self, one: End) -> None:
        with self.database.write() as tx:
            handling.end(tx, self.rulebook, one, NOW)

    def live(self, ticket: int) -> Any:
        return f.live(self.database, ticket)

    def acts(self, ticket: int) -> Sequence[Any]:
        with self.database.read() as tx:
            return history.of_tickets(tx, [ticket])

    def last_act(self, ticket: int) -> Any:
        return self.acts(ticket)[-1]

    def crew(self) -> list[tuple[str, str]]:
        with self.database.read() as tx:
            return [(row.person, row.area) for row in crew_rows.everybody(tx)]

    def proposing(self, tickets: Sequence[int]) -> Callable[[Tx], None]:
        """The step by which the installers' worker proposes somebody for these hops."""
        ids = [f.live_id(self.database, each) for each in tickets]
        return lambda tx: assign(tx, self.rulebook, list(hops.lock(tx, ids).values()), NOW)

    def proposed(self, tickets: Sequence[int]) -> list[str | None]:
        """Let the worker propose; whom it proposed."""
        proposing = self.proposing(tickets)
        with self.database.write() as tx:
            proposing(tx)
        return [self.live(each).assignee for each in tickets]
