"""Plain functions that make the beginnings of tests: an account, a fault, a hop on a board, an archived case."""

from __future__ import annotations

import contextlib
import functools
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, insert, select

from dispatch.accounts import move_end
from dispatch.domain.account import AccountState
from dispatch.domain.channel import Channel
from dispatch.domain.complaint import ComplaintTerms
from dispatch.domain.device import DeviceKind, DeviceState
from dispatch.domain.finding import NEW_DEVICE, Value
from dispatch.domain.kind import Kind
from dispatch.domain.messages import Messages
from dispatch.domain.requirement import PHOTOS
from dispatch.domain.roles import Actor, Role
from dispatch.domain.secret import hashed
from dispatch.domain.suspension import KNOWN_AS, SuspensionKind
from dispatch.domain.ticket import TicketState
from dispatch.errors import DispatchError
from dispatch.routing import complaints_file, loader, messages_file
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, devices, history, hops, surveys, tickets
from dispatch.storage.column_types import metadata
from dispatch.storage.database import Database, Tx
from dispatch.storage.devices import Cause, NewDevice
from dispatch.storage.migration import migrate
from dispatch.storage.outbox import MOST_FAILURES, Pair
from dispatch.storage.rows import HistoryRow, HopRow, LockedHop, TicketRow
from dispatch.storage.tables import access as a
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables import tickets as t
from dispatch.tickets import closing, construction, handling, intake, line_tests, next_hop
from dispatch.tickets.handling import Claim, HandBack, PassOn, Report
from dispatch.tickets.intake import AcceptedReport
from dispatch.tickets.next_hop import DirectlySent

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
SURVEYS = DirectlySent(("callback-survey",), LEASE)
"""Direct sending by an archive worker, which publishes the surveys itself."""
CLERK = Actor("chen", Role.CLERK)
MANAGER = Actor("xu", Role.COMMUNITY_MANAGER)
AGENT_10050 = Actor("lin", Role.AGENT_10050)
AGENT_10086 = Actor("he", Role.AGENT_10086)
NOC = Actor("zhao", Role.NOC)
SYSTEM_SUPPORT = Actor("qin", Role.SYSTEM_SUPPORT)
INSTALLER = Actor("li.wei", Role.INSTALLER)
BUILDER = Actor("huang", Role.CONSTRUCTION)
TRANSMISSION = Actor("sun", Role.TRANSMISSION)
DATA_NETWORK = Actor("wu", Role.DATA_NETWORK)
SUPPORT = Actor("wang", Role.NETWORK_SERVICE_SUPPORT)
SUPERVISOR = Actor("gao", Role.SUPERVISOR)
OPS = Actor("mo", Role.OPS)
MEMBER = {
    "noc": NOC,
    "system-support": SYSTEM_SUPPORT,
    "installer": INSTALLER,
    "transmission": TRANSMISSION,
    "data-network": DATA_NETWORK,
    "construction": BUILDER,
    "supervisor": SUPERVISOR,
    "complaints": SUPERVISOR,
    "complaint-review": SUPERVISOR,
}

CHINA, TURN = ZoneInfo("Asia/Shanghai"), timedelta(days=7)
FIXED_ON_SITE: Mapping[str, Value] = {"cause": "power", "optical-power": -19.5, "customer-confirmed": True}
INSTALLED: Mapping[str, Value] = {"optical-power": -19.5, "customer-confirmed": True, "speed-test": 940}
RELOCATED = INSTALLED  # of a move: the terminal goes along
SOLVED = (("account-state", "normal"), ("lights", "dark"), ("after-power", "working"))
"""Answers for `no-internet` that solve the fault on the phone …"""
NOT_SOLVED = (("account-state", "normal"), ("lights", "dark"), ("after-power", "still-dark"))
"""… and answers that make a ticket of it."""


HOPS, REOPENS = 6, 1
"""The limits of the hasty rules."""


@functools.cache
def hasty(rules: str) -> Rulebook:
    """Return rules, given as text, with limits that a short test reaches."""
    rules = rules.replace("hops: 40 ", f"hops: {HOPS} ").replace("reopens: 3 ", f"reopens: {REOPENS} ")
    made = loader.parse(rules, "hasty.yaml")
    assert (made.limits.hops, made.limits.reopens) == (HOPS, REOPENS)
    return made


@functools.cache
def messages() -> Messages:
    """The project's texts for customers."""
    return messages_file.load(Path(__file__).parents[1] / "messages.yaml")


@functools.cache
def complaint_terms() -> ComplaintTerms:
    """The project's times for complaints."""
    return complaints_file.load(Path(__file__).parents[1] / "complaints.yaml")


def put_in_force(database: Database, rulebook: Rulebook) -> None:
    with database.write() as tx:
        tx.execute(insert(t.rulebook).values(version=rulebook.version, text=rulebook.text, in_force_from=NOW))


def in_memory(rulebook: Rulebook) -> Database:
    """Return a migrated SQLite database in memory with these rules in force: quickly made, for tests that need many."""
    return from_image(_image(rulebook.version, rulebook.text))


def image(database: Database) -> bytes:
    """Return the contents of an SQLite database in memory."""
    with contextlib.closing(database.engine.raw_connection()) as connection:
        return bytes(connection.driver_connection.serialize())  # type: ignore[union-attr]


def from_image(contents: bytes) -> Database:
    """Return a database in memory with these contents. Its connection is new: SQLite 3.40 crashes when a connection
    that has prepared statements is given other contents."""
    made = Database("sqlite://")
    with contextlib.closing(made.engine.raw_connection()) as connection:
        connection.driver_connection.deserialize(contents)  # type: ignore[union-attr]
    return made


def in_file(rulebook: Rulebook, file: Path) -> Database:
    """The same in a file, which outlives a connection whose process died. No commit waits for the disk."""
    file.write_bytes(_image(rulebook.version, rulebook.text))
    made = Database(f"sqlite:///{file}")
    event.listen(made.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return made


@functools.cache
def _image(version: str, text: str) -> bytes:
    """Return such a database as SQLite's bytes."""
    made = Database("sqlite://")
    migrate(made)
    with made.write() as tx:
        tx.execute(insert(t.rulebook).values(version=version, text=text, in_force_from=NOW))
    contents = image(made)
    made.dispose()
    return contents


def account(database: Database, number: str = "GZ1", area: str = "tianhe") -> str:
    with database.write() as tx:
        accounts.enter_existing(tx, [(number, area, "13800138000")], CLERK, NOW)
    return number


def suspended(database: Database, kind: SuspensionKind = SuspensionKind.ARREARS, number: str = "GZ1") -> int:
    """Suspend an account for this kind alone; return its id."""
    with database.write() as tx:
        row = accounts.find(tx, number, lock=True)
        assert row is not None
        accounts.change(tx, row.id, state=AccountState.SUSPENDED, suspended_for=KNOWN_AS[kind])
        return row.id


def fault(
    database: Database, rulebook: Rulebook, script: Script, number: str = "GZ1", now: datetime = NOW, **report: Any
) -> AcceptedReport:
    """Dispatch a fault reported by a clerk."""
    account(database, number)
    asked = {"symptom": "no-internet", "description": "断网", **report}
    with database.write() as tx:
        return intake.submit(tx, rulebook, script, intake.FaultReport(number, **asked), CLERK, now)


def installing(database: Database, number: str = "GZ1", area: str = "tianhe") -> int:
    """Insert an account in the state that an opening leaves: line not built yet, port reserved, enrolled at 300 Mbit/s.
    Return its id."""
    with database.write() as tx:
        port = insert(b.pon_port).values(area=area, olt=f"OLT-{number}", port="0/1/1", capacity=64, used=1)
        port_id = tx.execute(port.returning(b.pon_port.c.id)).scalar_one()
        where = insert(b.address).values(text=f"天河路{number}号", area=area, pon_port_id=port_id)
        address_id = tx.execute(where.returning(b.address.c.id)).scalar_one()
        row = {"number": number, "area": area, "mobile": "13800138000", "added_at": NOW, "added_by": CLERK.name}
        kept = {"address_id": address_id, "pon_port_id": port_id}
        made = insert(b.account).values(**row, **kept, state=AccountState.INSTALLING)
        account_id = int(tx.execute(made.returning(b.account.c.id)).scalar_one())
        asked = {
            "kind": "opening",
            "fingerprint": "0" * 64,
            "account_id": account_id,
            "at": NOW,
            "outlet": "天河营业厅",
        }
        done = {"actor": CLERK.name, "role": CLERK.role, "outcome": "accepted", "result": {}}
        operation_id = tx.execute(insert(b.operation).values(**asked, **done).returning(b.operation.c.id)).scalar_one()
        plan = {"plan": "home-300", "plans_version": "0" * 12, "terms": {"speed": 300}, "from_at": NOW}
        tx.execute(insert(b.enrolment).values(account_id=account_id, operation_id=operation_id, **plan))
    return account_id


def order(database: Database, rulebook: Rulebook, number: str = "GZ1", now: datetime = NOW) -> int:
    """Dispatch a construction order for a new account; return the ticket's id."""
    account_id = installing(database, number)
    row = {
        "kind": Kind.CONSTRUCTION,
        "state": TicketState.OPEN,
        "account_id": account_id,
        "area": "tianhe",
        "channel": Channel.COUNTER,
        "symptom": "new-installation",
        "category": "network",
        "description": "新装宽带",
        "priority": 3,
        "script": [],
        "made_at": now,
    }
    with database.write() as tx:
        (ticket_id,) = tickets.insert_tickets(tx, [row])
        next_hop.create_first_hops(tx, rulebook, [tickets.get(tx, ticket_id)], (), now)
    return ticket_id


def work(database: Database, rulebook: Rulebook, now: datetime = NOW) -> None:
    """Play relay and workers until nothing is due: hops on their boards, cases archived, customers asked."""
    with database.write() as tx:
        while sent := hops.take_due(tx, now, LEASE, 1000, list(rulebook.teams)):
            for sending in sent:
                stretch(tx, rulebook, hops.receive(tx, [sending.pair], now, LEASE), now)


def stretch(tx: Tx, rulebook: Rulebook, received: list[Pair], now: datetime = NOW) -> None:
    """Do a team worker's part with received hops, to the end of the chain."""
    for row in hops.lock_received(tx, received):
        level = rulebook.teams[row.team].level
        if row.team == "archive":
            following = next_hop.write_changes(tx, closing.archive(tx, rulebook, [row], now, SURVEYS))
            stretch(tx, rulebook, hops.receive(tx, [sending.pair for sending in following], now, LEASE), now)
        elif row.team == "callback-survey":
            surveys.open_surveys(tx, [row.id], now)
            surveys.confirm(tx, [row.id], now)
            hops.put_on_board(tx, [row.id], now, now + rulebook.limits.survey_every)
        elif row.team == "provisioning":
            construction.end_provisioned(tx, rulebook, [row], {row.id: None}, now)
        elif row.team == "activation" and row.kind == Kind.MOVE:
            move_end.complete(tx, rulebook, [row], CHINA, TURN, now)
        elif row.team == "activation":
            construction.activate(tx, rulebook, [row], now)
        else:
            if row.team == "refund-desk" and row.kind == Kind.MOVE:
                move_end.fail(tx, [row], TURN, now)
            hops.put_on_board(tx, [row.id], now, now + level.respond_within if level else None)


def on_board(database: Database, rulebook: Rulebook, ticket_id: int, now: datetime = NOW) -> int:
    """Put the ticket's live hop on its team's board; return its id."""
    work(database, rulebook, now)
    return live_id(database, ticket_id)


def untested(database: Database, rulebook: Rulebook, ticket_id: int, now: datetime = NOW) -> int:
    """Put the ticket's live hop on its board while the system that tests lines is away; return its id."""
    hop_id = on_board(database, rulebook, ticket_id, now)
    with database.write() as tx:
        line_tests.note(tx, list(hops.lock(tx, [hop_id]).values()), {}, now)
    return hop_id


TESTED = {"optical_power": -19.5, "online": True, "suspect": "none"}


def tested_again(database: Database, hop_id: int, now: datetime) -> None:
    """The system is back and has tested the hop's line."""
    with database.write() as tx:
        pairs = [
            sent.pair for sent in line_tests.begin_tries(tx, now, LEASE, 99, [hops.lock(tx, [hop_id])[hop_id].team])
        ]
        line_tests.note_retested(tx, pairs, {hop_id: TESTED}, now)


def claimed(database: Database, rulebook: Rulebook, ticket_id: int, actor: Actor, now: datetime = NOW) -> int:
    """Claim the ticket's live hop for this person; return its id."""
    hop_id = on_board(database, rulebook, ticket_id, now)
    with database.write() as tx:
        handling.claim(tx, rulebook, Claim(hop_id, actor), now)
    return hop_id


def held(database: Database, rulebook: Rulebook, ticket_id: int, actor: Actor, until: datetime) -> int:
    """Claim the ticket's live hop and put it on hold; return its id."""
    hop_id = claimed(database, rulebook, ticket_id, actor)
    with database.write() as tx:
        handling.hold(tx, rulebook, hop_id, until, "等客户", actor, NOW)
    return hop_id


def quarantined(database: Database, ticket_id: int) -> int:
    """Let the ticket's live hop fail five times; return its id."""
    now = NOW
    for _ in range(MOST_FAILURES):
        with database.write() as tx:
            (pair,) = hops.receive(tx, [s.pair for s in hops.take_due(tx, now, LEASE, 9, ["noc"])], now, LEASE)
            hops.fail(tx, pair, "noc.line-test: OSError", now)
        now += timedelta(hours=1)
    return live_id(database, ticket_id)


def reported(
    database: Database,
    rulebook: Rulebook,
    ticket_id: int,
    actor: Actor,
    finding: str,
    now: datetime = NOW,
    **evidence: Value,
) -> LockedHop | None:
    """Claim and report, with a photo if one may be needed; return the live hop that follows. Evidence names are written
    with underscores."""
    hop_id = claimed(database, rulebook, ticket_id, actor, now)
    given = {name.replace("_", "-"): value for name, value in evidence.items()}
    row = hop(database, hop_id)
    if any(each.name == PHOTOS for each in rulebook.requirements(row.kind, row.team, finding)):
        photo(database, hop_id)
    given = {**fitted(database, rulebook, row, finding), **given}
    with database.write() as tx:
        handling.end(tx, rulebook, Report(hop_id, actor, finding, given), now)
    return live(database, ticket_id)


def fitted(database: Database, rulebook: Rulebook, row: LockedHop, finding: str) -> dict[str, Value]:
    """The devices that the finding's report must name, in the hands of the hop's holder."""
    asked = next(each for each in rulebook.findings_of(row.kind, row.team) if each.name == finding).evidence
    names = [each.name for each in asked if each.kind == NEW_DEVICE and not each.optional]
    return {name: carried(database, row.holder or "", f"TEST{row.id:08X}") for name in names}


def stored(database: Database, serial: str = "ZTEG00000001", kind: DeviceKind = DeviceKind.ONT) -> str:
    """Enter a device, worth 200 yuan, into the store; its serial number."""
    with database.write() as tx:
        devices.enter(tx, [NewDevice(serial, kind, "F670L", 200_00)], Cause(OPS.name, NOW))
    return serial


def carried(database: Database, person: str, serial: str = "ZTEG00000001", kind: DeviceKind = DeviceKind.ONT) -> str:
    """Enter such a device, and hand it out to this person; its serial number."""
    stored(database, serial, kind)
    cause = Cause(SUPPORT.name, NOW)
    with database.write() as tx:
        devices.move(tx, devices.lock(tx, [serial]), DeviceState.CARRIED, cause, person=person)
    return serial


PHOTO = b"\xff\xd8\xff\xe0 a photo"


def photo(database: Database, hop_id: int) -> None:
    with database.write() as tx:
        attach(tx, hop_id)


def attach(tx: Tx, hop_id: int) -> None:
    """Put a photo to the hop's evidence. Nobody will look at it: its content isn't sealed."""
    row = {"hop_id": hop_id, "media_type": "image/jpeg", "size": len(PHOTO), "sha256": "0" * 64, "content": PHOTO}
    tx.execute(insert(a.upload).values(**row, made_at=NOW, made_by=INSTALLER.name))


def passed_on(
    database: Database, rulebook: Rulebook, ticket_id: int, actor: Actor, to: str, now: datetime = NOW
) -> LockedHop | None:
    """Claim and pass on; return the live hop that follows."""
    hop_id = claimed(database, rulebook, ticket_id, actor, now)
    with database.write() as tx:
        handling.end(tx, rulebook, PassOn(hop_id, actor, to, "转派"), now)
    return live(database, ticket_id)


def handed_back(
    database: Database, rulebook: Rulebook, ticket_id: int, actor: Actor, now: datetime = NOW
) -> LockedHop | None:
    """Claim and hand back; return the live hop that follows."""
    hop_id = claimed(database, rulebook, ticket_id, actor, now)
    with database.write() as tx:
        handling.end(tx, rulebook, HandBack(hop_id, actor, "查不出"), now)
    return live(database, ticket_id)


def archived(database: Database, rulebook: Rulebook, ticket_id: int, now: datetime = NOW) -> int:
    """Let NOC fix the fault, archive it, and send the survey; return the survey's hop id."""
    reported(database, rulebook, ticket_id, NOC, "fixed", now, cause="configuration")
    return on_board(database, rulebook, ticket_id, now)


def live(database: Database, ticket_id: int) -> LockedHop | None:
    """Return the ticket's live hop with its ticket's facts."""
    with database.read() as tx:
        hop_id = hops.find(tx, ticket_id)
    return None if hop_id is None else hop(database, hop_id)


def live_id(database: Database, ticket_id: int) -> int:
    row = live(database, ticket_id)
    assert row is not None, f"ticket {ticket_id} has no live hop"
    return int(row.id)


def hop(database: Database, hop_id: int) -> LockedHop:
    with database.read() as tx:
        return hops.lock(tx, [hop_id])[hop_id]


def ticket(database: Database, ticket_id: int) -> TicketRow:
    with database.read() as tx:
        return tickets.get(tx, ticket_id)


def journey(database: Database, ticket_id: int) -> list[HopRow]:
    """Return all hops of the ticket as stored."""
    with database.read() as tx:
        return list(hops.of_tickets(tx, [ticket_id]))


def acts(database: Database, ticket_id: int) -> list[HistoryRow]:
    """Return the ticket's history."""
    with database.read() as tx:
        return list(history.of_tickets(tx, [ticket_id]))


def token(database: Database, hop_id: int) -> str:
    """Return the token of a link to the customer's survey."""
    with database.write() as tx:
        return link(tx, hop_id)


def link(tx: Tx, hop_id: int) -> str:
    """Make a link to a survey, and return its token."""
    made = secrets.token_urlsafe(16)
    tx.execute(insert(t.survey_link).values(secret=hashed(made), hop_id=hop_id, attempt=1))
    return made


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, to check that nothing was written."""
    with database.read() as tx:
        return {
            table.name: [tuple(row) for row in tx.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }


@contextmanager
def refused(database: Database, error: type[DispatchError], match: str | None = None) -> Iterator[Tx]:
    """A transaction that must end with this error, and with nothing written."""
    before = dump(database)
    with pytest.raises(error, match=match), database.write() as tx:
        yield tx
    assert dump(database) == before


def forbidden(database: Database, act: Callable[[Tx, Actor], object]) -> set[str]:
    """Return the roles that may not do `act`; the acts of the other roles are rolled back."""
    before, refused_roles = dump(database), set()
    for role in Role:
        try:
            with database.write() as tx:
                act(tx, Actor("zhao", role))
                raise _RolledBack
        except _RolledBack:
            continue
        except DispatchError as wrong:
            if wrong.code == "not-allowed":
                refused_roles.add(str(role))
    assert dump(database) == before
    return refused_roles


def all_roles_but(*roles: Role) -> set[str]:
    return {str(role) for role in Role} - {str(role) for role in roles}


class _RolledBack(Exception):
    pass
