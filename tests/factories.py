"""Plain functions that bring a test to its beginning: an account, a fault, a hop on a board."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from dispatch import handling, intake
from dispatch.handling import Claim, Report
from dispatch.intake import Accepted
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops, tickets
from dispatch.storage.database import Database
from dispatch.storage.tables import metadata
from dispatch.ticket.finding import Value
from dispatch.ticket.roles import Actor, Role

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
CLERK = Actor("chen", Role.CLERK)
AGENT_10050 = Actor("lin", Role.AGENT_10050)
AGENT_10086 = Actor("he", Role.AGENT_10086)
NOC = Actor("zhao", Role.NOC)
INSTALLER = Actor("li.wei", Role.INSTALLER)
TRANSMISSION = Actor("sun", Role.TRANSMISSION)
SUPPORT = Actor("wang", Role.NETWORK_SERVICE_SUPPORT)
SUPERVISOR = Actor("gao", Role.SUPERVISOR)
MEMBER = {"noc": NOC, "installer": INSTALLER, "transmission": TRANSMISSION, "supervisor": SUPERVISOR}

FIXED_ON_SITE: Mapping[str, Value] = {"cause": "fibre", "optical-power": -19.5, "customer-confirmed": True}


def account(database: Database, number: str = "GZ1", area: str = "tianhe") -> str:
    with database.write() as tx:
        tickets.add_accounts(tx, [(number, area, "13800138000")], CLERK, NOW)
    return number


def fault(
    database: Database, rulebook: Rulebook, script: Script, number: str = "GZ1", now: datetime = NOW, **report: Any
) -> Accepted:
    """A fault of a clerk's customer, dispatched."""
    account(database, number)
    asked = {"symptom": "no-internet", "description": "断网", **report}
    with database.write() as tx:
        return intake.submit(tx, rulebook, script, intake.Report(number, **asked), CLERK, now)


def live(database: Database, ticket_id: int) -> Row[Any] | None:
    """The ticket's live hop, with its ticket's facts."""
    with database.read() as tx:
        hop_id = tickets.live_hop(tx, ticket_id)
    return None if hop_id is None else hop(database, hop_id)


def hop(database: Database, hop_id: int) -> Row[Any]:
    with database.write() as tx:
        return hops.lock(tx, [hop_id])[hop_id]


def ticket(database: Database, ticket_id: int) -> Row[Any]:
    with database.read() as tx:
        return tickets.get(tx, ticket_id)


def on_board(database: Database, rulebook: Rulebook, ticket_id: int, now: datetime = NOW) -> int:
    """Play relay and worker: the ticket's live hop, sent, received and put on its team's board; its id."""
    with database.write() as tx:
        sent = hops.take_due(tx, now, LEASE, 1000, list(rulebook.teams))
        hops.receive(tx, [sending.pair for sending in sent], now, LEASE)
        for sending in sent:
            level = rulebook.teams[sending.team].level
            hops.board(tx, [sending.id], now, now + level.respond_within if level else None)
    row = live(database, ticket_id)
    assert row is not None
    return int(row.id)


def claimed(database: Database, rulebook: Rulebook, ticket_id: int, actor: Actor, now: datetime = NOW) -> int:
    """The ticket's live hop, in this person's hands; its id."""
    hop_id = on_board(database, rulebook, ticket_id, now)
    with database.write() as tx:
        handling.claim(tx, rulebook, Claim(hop_id, actor), now)
    return hop_id


def reported(
    database: Database,
    rulebook: Rulebook,
    ticket_id: int,
    actor: Actor,
    finding: str,
    now: datetime = NOW,
    **evidence: Value,
) -> Row[Any] | None:
    """Claim and report; the live hop that follows. Evidence names are written with underscores."""
    hop_id = claimed(database, rulebook, ticket_id, actor, now)
    given = {name.replace("_", "-"): value for name, value in evidence.items()}
    with database.write() as tx:
        handling.end(tx, rulebook, Report(hop_id, actor, finding, given), now)
    return live(database, ticket_id)


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table: what nothing may have been written to."""
    with database.read() as tx:
        return {
            table.name: [tuple(row) for row in tx.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }
