"""A database after a busy year, written in bulk: many old tickets, many open hops on one team's board."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select, text

from dispatch.domain.rank import rank
from dispatch.domain.secret import hashed
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables import tickets as t
from tests.factories import NOW

AREAS = ("tianhe", "yuexiu", "haizhu", "panyu")
ANSWERS = ("satisfied", "satisfied", "not-fixed", "unreachable")
AT_ONCE = 5_000
ACCOUNTS = 500


def crowd(database: Database, rulebook: Rulebook, opened: int, ended: int = 0, team: str = "noc") -> None:
    """Insert so many open faults on the team's board, and so many that were archived, surveyed and closed, over ten
    days. The rules are in force."""
    accounts = _accounts(database)
    for start in range(0, ended, AT_ONCE):
        with database.write() as tx:
            _end(tx, rulebook, accounts, range(start, min(start + AT_ONCE, ended)))
    for start in range(0, opened, AT_ONCE):
        with database.write() as tx:
            _open(tx, rulebook, accounts, range(start, min(start + AT_ONCE, opened)), team)
    with database.write() as tx:
        tx.execute(text("ANALYZE"))


def _accounts(database: Database) -> list[int]:
    with database.write() as tx:
        known = tx.execute(select(func.count()).select_from(b.account)).scalar_one()
        rows = [
            {"number": f"C{known + n}", "area": AREAS[n % len(AREAS)], "mobile": "13800138000", "state": "in-service"}
            | {"added_at": NOW, "added_by": "crowd"}
            for n in range(ACCOUNTS)
        ]
        return list(tx.execute(insert(b.account).returning(b.account.c.id), rows).scalars())


def _ticket(accounts: list[int], n: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "fault",
        "account_id": accounts[n % len(accounts)],
        "area": AREAS[n % len(AREAS)],
        "channel": "counter",
        "symptom": "no-internet",
        "category": "network",
        "description": "断网",
        "priority": 1 + n % 4,
        "script": [],
        "hops": 1,
        "last_seq": 1,
        **more,
    }


def _hop(rulebook: Rulebook, ticket: dict[str, Any], ticket_id: int, **more: Any) -> dict[str, Any]:
    return {
        "ticket_id": ticket_id,
        "seq": 1,
        "area": ticket["area"],
        "rank": rank(ticket["priority"], ticket["urged"]),
        "rule": "crowd",
        "facts": {},
        "rulebook": rulebook.version,
        "made_at": ticket["made_at"],
        "boarded_at": ticket["made_at"],
        **more,
    }


def _open(tx: Tx, rulebook: Rulebook, accounts: list[int], numbers: range, team: str) -> None:
    rows = [
        _ticket(accounts, n, state="open", urged=n * 7 % 50 // 48, made_at=NOW - timedelta(seconds=n * 31 % 86_400))
        for n in numbers
    ]
    ids = tx.execute(insert(t.ticket).returning(t.ticket.c.id, sort_by_parameter_order=True), rows).scalars().all()
    hops = [
        _hop(rulebook, row, id_, team=team, state="waiting", wake_at=NOW + timedelta(days=1), late=id_ % 9 == 0)
        for row, id_ in zip(rows, ids, strict=True)
    ]
    tx.execute(insert(t.hop), hops)


def _end(tx: Tx, rulebook: Rulebook, accounts: list[int], numbers: range) -> None:
    rows = []
    for n in numbers:
        made = NOW - timedelta(seconds=3_600 + n * 977 % 864_000)
        ended = {"state": "closed", "ended_at": made + timedelta(hours=1), "outcome": "satisfied"}
        rows.append(_ticket(accounts, n, urged=0, made_at=made, reopened=n % 11 // 10, **ended))
    ids = tx.execute(insert(t.ticket).returning(t.ticket.c.id, sort_by_parameter_order=True), rows).scalars().all()
    of = list(zip(rows, ids, strict=True))
    done = {"team": "callback-survey", "state": "reported", "finding": "satisfied"}
    hops = [_hop(rulebook, row, id_, **done, ended_at=row["ended_at"]) for row, id_ in of]
    hop_ids = tx.execute(insert(t.hop).returning(t.hop.c.id, sort_by_parameter_order=True), hops).scalars().all()
    archive = [
        {"ticket_id": id_, "round": 0, "archived_at": row["ended_at"], "content": "{}", "sha256": ""} for row, id_ in of
    ]
    tx.execute(insert(t.archive_record), archive)
    surveys = [
        {"hop_id": id_, "answer": ANSWERS[id_ % 4], "answered_at": hop["ended_at"]}
        for hop, id_ in zip(hops, hop_ids, strict=True)
    ]
    tx.execute(insert(t.survey), surveys)
    links = [{"secret": hashed(f"crowd-{id_}"), "hop_id": id_, "attempt": 1} for id_ in hop_ids]
    tx.execute(insert(t.survey_link), links)
    said = {"act": "close", "actor": "crowd", "role": "worker", "detail": {}}
    tx.execute(insert(t.history), [{"ticket_id": id_, "at": row["ended_at"], **said} for row, id_ in of])
    told = {"port": "sms", "payload": {}, "state": "confirmed", "made_at": NOW, "confirmed_at": NOW}
    tx.execute(insert(b.effect), [{"key": f"crowd/{id_}", **told} for id_ in ids])
