"""Migrations are one chain, and a database of an earlier schema keeps all its data in them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.migration import SCRIPTS, migrate
from tests.factories import NOW

STAMP = NOW.strftime("%Y-%m-%d %H:%M:%S")


def _all(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.read() as tx:
        return [tuple(row) for row in tx.execute(text(query))]


def test_each_migration_has_a_number_of_its_own_and_follows_the_one_before() -> None:
    files = sorted((SCRIPTS / "versions").glob("*.py"))
    assert [file.stem[:5] for file in files] == [f"{number:04}_" for number in range(1, len(files) + 1)]
    named = [_revision(file) for file in files]
    assert named == [
        (f"{number:04}", f"{number - 1:04}" if number > 1 else None) for number in range(1, len(files) + 1)
    ]
    assert named[-1][0] == SCHEMA


def _revision(file: Path) -> tuple[str, str | None]:
    """The migration's number, and the number of the one it follows."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.revision, module.down_revision


def test_accounts_and_tickets_of_the_first_schema_migrate_up_and_down(database: Database) -> None:
    migrate(database, "base")
    migrate(database, "0001")
    with database.write() as tx:
        for number in ("GZ2", "GZ1"):
            tx.execute(text(f"INSERT INTO account VALUES ('{number}', 'tianhe', '13800138000', '{STAMP}', 'x')"))
        for number in ("GZ1", "GZ1", "GZ2"):
            tx.execute(
                text(
                    "INSERT INTO ticket (kind, state, account, area, channel, symptom, category, description, priority,"
                    f" script, made_at) VALUES ('fault', 'open', '{number}', 'tianhe', 'counter', 'slow', 'network',"
                    f" '慢', 3, '[]', '{STAMP}')"
                )
            )
        tx.execute(
            text(
                "INSERT INTO history (ticket_id, at, act, actor, role, detail) "
                f"VALUES (2, '{STAMP}', 'open', 'x', 'clerk', '{{}}')"
            )
        )
    migrate(database)
    owners = "SELECT ticket.id, number FROM ticket JOIN account ON account.id = account_id ORDER BY ticket.id"
    assert _all(database, owners) == [(1, "GZ1"), (2, "GZ1"), (3, "GZ2")]
    assert _all(database, "SELECT DISTINCT state FROM account") == [("in-service",)]
    assert _all(database, "SELECT ticket_id FROM history") == [(2,)]
    migrate(database, "0001")
    assert _all(database, "SELECT id, account FROM ticket ORDER BY id") == [(1, "GZ1"), (2, "GZ1"), (3, "GZ2")]
    migrate(database)
    assert _all(database, owners) == [(1, "GZ1"), (2, "GZ1"), (3, "GZ2")]


def test_sqlite_enforces_foreign_keys_again_after_a_migration(sqlite: Database) -> None:
    migrate(sqlite, "0001")
    migrate(sqlite)
    assert _all(sqlite, "PRAGMA foreign_keys") == [(1,)]


def test_hops_older_than_the_order_of_boards_get_their_area_and_rank(database: Database) -> None:
    migrate(database, "0003")
    columns = "kind, state, area, channel, symptom, category, description, priority, script, urged, made_at, account_id"
    with database.write() as tx:
        tx.execute(text(f"INSERT INTO rulebook (version, text, in_force_from) VALUES ('x', '', '{STAMP}')"))
        tx.execute(
            text(
                "INSERT INTO account (number, area, mobile, state, added_at, added_by) "
                f"VALUES ('GZ1', 'tianhe', '13800138000', 'in-service', '{STAMP}', 'x')"
            )
        )
        for area, priority, urged in (("tianhe", 3, 0), ("yuexiu", 1, 2)):
            tx.execute(
                text(
                    f"INSERT INTO ticket ({columns}) SELECT 'fault', 'open', '{area}', 'counter', 'slow', 'network', "
                    f"'慢', {priority}, '[]', {urged}, '{STAMP}', id FROM account"
                )
            )
        tx.execute(
            text(
                "INSERT INTO hop (ticket_id, seq, team, state, rule, facts, rulebook, made_at, boarded_at) "
                f"SELECT id, 1, 'noc', 'waiting', 'start', '{{}}', 'x', '{STAMP}', '{STAMP}' FROM ticket"
            )
        )
        tx.execute(
            text(
                "INSERT INTO history (ticket_id, hop_id, at, act, actor, role, detail) "
                f"SELECT ticket_id, id, '{STAMP}', 'open', 'x', 'clerk', '{{}}' FROM hop"
            )
        )
    migrate(database)
    wanted = [("noc", "tianhe", 3), ("noc", "yuexiu", -7)]
    places = "SELECT team, area, rank FROM hop ORDER BY id"
    assert _all(database, places) == wanted
    migrate(database, "0003")
    kept = "SELECT hop_id, team FROM history JOIN hop ON hop.id = hop_id ORDER BY hop_id"
    assert _all(database, kept) == [(1, "noc"), (2, "noc")]
    migrate(database)
    assert _all(database, places) == wanted


def test_effects_of_before_the_billing_system_stay_as_they_are(database: Database) -> None:
    migrate(database, "0021")
    columns = "port, key, lane, payload, state, wake_at, made_at, confirmed_at"
    with database.write() as tx:
        for key, state, wake, confirmed in (
            ("a", "due", f"'{STAMP}'", "NULL"),
            ("b", "confirmed", "NULL", f"'{STAMP}'"),
        ):
            values = f"'sms', '{key}', 'account/1', '{{}}', '{state}', {wake}, '{STAMP}', {confirmed}"
            tx.execute(text(f"INSERT INTO effect ({columns}) VALUES ({values})"))
    migrate(database)
    with database.write() as tx:
        values = f"'billing', 'c', 'billing/1', '{{}}', 'due', '{STAMP}', '{STAMP}', NULL"
        tx.execute(text(f"INSERT INTO effect ({columns}) VALUES ({values})"))
    kept = [(1, "a", "due", 0), (2, "b", "confirmed", 0)]
    states = "SELECT id, key, state, generation FROM effect ORDER BY id"
    assert _all(database, states) == [*kept, (3, "c", "due", 0)]
    migrate(database, "0021")
    assert _all(database, states) == kept


def test_suspensions_of_before_their_kinds_become_rows(database: Database) -> None:
    """Asked for by the customer, and other reasons: a pause without an end; a lost password: a loss."""
    migrate(database, "0027")
    words = ("customer-request", "other", "lost-password", "arrears", "official-order")
    with database.write() as tx:
        for word in words:
            values = f"'{word}', 'tianhe', '13800138000', 'suspended', '{word}', '{STAMP}', 'x'"
            columns = "number, area, mobile, state, suspended_for, added_at, added_by"
            tx.execute(text(f"INSERT INTO account ({columns}) VALUES ({values})"))
        tx.execute(
            text(
                "INSERT INTO operation (kind, fingerprint, at, actor, role, outlet, outcome, account_id, result) "
                f"VALUES ('suspend', '', '{STAMP}', 'x', 'clerk', '', 'accepted', 4, '{{}}')"
            )
        )
    migrate(database)
    kinds = "SELECT number, kind, until, lifted_at FROM suspension JOIN account ON account.id = account_id ORDER BY 1"
    assert _all(database, kinds) == [
        ("arrears", "arrears", None, None),
        ("customer-request", "keep", None, None),
        ("lost-password", "lost", None, None),
        ("official-order", "official", None, None),
        ("other", "keep", None, None),
    ]
    since = "SELECT count(*) FROM suspension JOIN operation ON from_at = at WHERE kind = 'arrears'"
    assert _all(database, since.replace("kind", "suspension.kind")) == [(1,)]
    migrate(database, "0027")
    assert _all(database, "SELECT DISTINCT state FROM account") == [("suspended",)]


_AN_ACCOUNT = (
    "INSERT INTO operation (kind, fingerprint, at, actor, role, outlet, outcome, result) "
    f"VALUES ('open', '', '{STAMP}', 'x', 'clerk', '', 'accepted', '{{}}')",
    "INSERT INTO account (number, area, mobile, state, added_at, added_by) "
    f"VALUES ('kd1', 'tianhe', '13800138000', 'installing', '{STAMP}', 'x')",
)


def test_references_that_an_earlier_release_took_twice_stay_and_no_third_comes(database: Database) -> None:
    migrate(database, "0030")
    with database.write() as tx:
        for row in _AN_ACCOUNT:
            tx.execute(text(row))
        for kind, reference, refunds in (("charge", "P1", "NULL"), ("refund", "P1", "1"), ("charge", "P1", "NULL")):
            tx.execute(text(_payment(kind, reference, refunds)))
    migrate(database)
    states = "SELECT id, kind, reference, refunds, twin FROM payment ORDER BY id"
    before = [(1, "charge", "P1", None, 0), (2, "refund", "P1", 1, 0), (3, "charge", "P1", None, 3)]
    assert _all(database, states) == before
    for refused in (_payment("charge", "P1", "NULL"), "UPDATE payment SET amount = 1", "DELETE FROM payment"):
        with pytest.raises(DBAPIError), database.write() as tx:
            tx.execute(text(refused))
    with database.write() as tx:
        tx.execute(text(_payment("charge", "P2", "NULL")))
    assert [row[0] for row in _all(database, states)][-1] > 3
    migrate(database, "0030")
    assert len(_all(database, "SELECT id FROM payment")) == 4


def test_an_invoice_may_be_offset_in_parts_and_still_never_changes(database: Database) -> None:
    migrate(database, "0039")
    with database.write() as tx:
        for row in _AN_ACCOUNT:
            tx.execute(text(row))
        tx.execute(text(_invoice(1, 9, "NULL")))
    migrate(database)
    with database.write() as tx:
        for row in (_invoice(2, -4, "1"), _invoice(3, -5, "1")):
            tx.execute(text(row))
    assert _all(database, "SELECT number, amount, offsets FROM invoice ORDER BY number") == [
        (1, 9, None),
        (2, -4, 1),
        (3, -5, 1),
    ]
    for refused in ("UPDATE invoice SET amount = 1", "DELETE FROM invoice"):
        with pytest.raises(DBAPIError), database.write() as tx:
            tx.execute(text(refused))


def test_invoices_offset_whole_go_back_to_the_release_before(database: Database) -> None:
    migrate(database)
    with database.write() as tx:
        for row in (*_AN_ACCOUNT, _invoice(1, 9, "NULL"), _invoice(2, -9, "1")):
            tx.execute(text(row))
    migrate(database, "0039")
    with pytest.raises(DBAPIError), database.write() as tx:
        tx.execute(text(_invoice(3, -9, "1")))
    assert len(_all(database, "SELECT number FROM invoice")) == 2


def test_codes_of_before_stay_and_those_for_openings_end_with_the_release_before(database: Database) -> None:
    migrate(database, "0042")
    with database.write() as tx:
        for row in (*_AN_ACCOUNT, _code("bind", "1")):
            tx.execute(text(row))
    migrate(database)
    with database.write() as tx:
        tx.execute(text(_code("open", "NULL")))
    states = "SELECT id, purpose, account_id, tries FROM proof ORDER BY id"
    assert _all(database, states) == [(1, "bind", 1, 0), (2, "open", None, 0)]
    migrate(database, "0042")
    assert _all(database, states) == [(1, "bind", 1, 0)]
    with pytest.raises(DBAPIError), database.write() as tx:
        tx.execute(text(_code("open", "NULL")))


def _code(purpose: str, account: str) -> str:
    columns = "mobile_index, purpose, account_id, actor, code_hmac, made_at"
    return f"INSERT INTO proof ({columns}) VALUES ('m', '{purpose}', {account}, 'chen', 'c', '{STAMP}')"


def _invoice(number: int, amount: int, offsets: str) -> str:
    columns = "number, operation_id, account_id, amount, offsets, content, at"
    return f"INSERT INTO invoice ({columns}) VALUES ({number}, 1, 1, {amount}, {offsets}, '{{}}', '{STAMP}')"


def _payment(kind: str, reference: str, refunds: str) -> str:
    columns = "operation_id, account_id, kind, method, amount, reference, refunds, at"
    return f"INSERT INTO payment ({columns}) VALUES (1, 1, '{kind}', 'card', 5, '{reference}', {refunds}, '{STAMP}')"
