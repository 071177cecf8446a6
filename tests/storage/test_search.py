"""The index of the search finds what a plain scan finds, on both databases, and a rebuild writes what acts wrote."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from dispatch.domain.search import SearchKind, SearchText, area_token, read_query
from dispatch.routing.address_file import CoveredAddress
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, customers, resources, search_index, search_queries
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables.accounts import account, address, customer
from dispatch.storage.tables.search import SEARCHED, search_state
from dispatch.storage.tables.tickets import ticket
from tests import factories as f

NAMES = ("李雷", "韩梅梅", "曾国华", "欧阳娜娜", "Smith", "买买提·艾力")
ROADS = ("体育西路", "天河路", "石牌西路", "江南大道")
SAID = ("光猫亮红灯", "网速慢，花屏", "断网", "LOS 灯亮")
AREAS = ("tianhe", "yuexiu", "panyu")
QUERIES = (
    *(
        "李雷",
        "天河",
        "体育西路",
        "ll",
        "hmm",
        "tyxl",
        "smith",
        "1380",
        "GZ00000",
        "路1号",
        "红灯",
        "花屏 天河",
        "红灯 花屏",
    ),
    *("los", "F000", "曾", "zgh 天河", "买买提艾力", "3栋", "江南大道9号", "梅梅 石牌", "不存在", "０００１"),
)


def enter_customer(tx: Tx, name: str, mobile: str) -> int:
    values: dict[str, Any] = {"document_kind": "passport", "document_number": "", "document_index": f"{name}{mobile}"}
    made = insert(customer).values(name=name, mobile=mobile, made_at=f.NOW, **values).returning(customer.c.id)
    return int(tx.execute(made).scalar_one())


def scan(tx: Tx, kind: SearchKind, typed: str, areas: Collection[str] | None) -> list[int]:
    """The hits as somebody finds them who reads every row."""
    table, query = SEARCHED[kind], read_query(typed)
    rows = tx.execute(select(table.c.id, table.c.area, table.c.text, table.c.initials).order_by(table.c.id.desc()))
    seen = (row for row in rows if areas is None or row.area in areas)
    return [row.id for row in seen if query.matches(SearchText(row.text, row.initials))]


def held(tx: Tx, kind: SearchKind) -> list[Any]:
    table = SEARCHED[kind]
    return list(tx.execute(select(table).order_by(table.c.id)))


def make_books(database: Database, rulebook: Rulebook, script: Script, chance: random.Random, number: int) -> None:
    """Accounts with customers and addresses, and a fault on each."""
    with database.write() as tx:
        for n in range(number):
            place = f"{chance.choice(AREAS)}区{chance.choice(ROADS)}{chance.randint(1, 20)}号{n}栋"
            area = chance.choice(AREAS)
            resources.enter_addresses(tx, [CoveredAddress(place, area)])
            accounts.enter_existing(tx, [(f"GZ{n:06d}", area, f"1380000{n:04d}")], f.CLERK, f.NOW)
            found = accounts.by_numbers(tx, [f"GZ{n:06d}"])[f"GZ{n:06d}"]
            owner = enter_customer(tx, chance.choice(NAMES), f"1390000{n:04d}")
            at = tx.execute(select(address.c.id).where(address.c.text == place)).scalar_one()
            accounts.change(tx, found.id, customer_id=owner, address_id=at)
    for n in range(number):
        f.fault(database, rulebook, script, number=f"GZ{n:06d}", description=chance.choice(SAID))


def test_hits_are_those_of_a_plain_scan_whatever_acts_have_changed(
    database: Database, in_force: Rulebook, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_queries, "WALKED", 3)
    chance = random.Random(20)
    make_books(database, in_force, script, chance, 24)
    with database.write() as tx:
        ids = list(tx.execute(select(account.c.id)).scalars())
        owners = list(tx.execute(select(customer.c.id)).scalars())
        for _ in range(12):
            accounts.change(
                tx, chance.choice(ids), area=chance.choice(AREAS), mobile=f"1370000{chance.randint(0, 9):04d}"
            )
            accounts.change(tx, chance.choice(ids), customer_id=chance.choice(owners))
            customers.change(tx, chance.choice(owners), name=chance.choice(NAMES))
        entered = [CoveredAddress("番禺区江南大道9号", "panyu"), CoveredAddress("天河路1号", "tianhe")]
        resources.enter_addresses(tx, entered)
        resources.enter_addresses(tx, [CoveredAddress("番禺区江南大道9号", "tianhe")])
    f.stored(database, "ZTEG00010001")
    f.stored(database, "ZTEG00010002")
    for shares in ({}, {"天河": 0.4, "李雷": 0.1, "1380": 0.9, "f000": 1.0, "ll": 0.1, "hmm": 0.2, "红灯": 0.3}):
        with database.write() as tx:
            tx.execute(delete(search_state))
            for kind in SearchKind:
                tx.execute(insert(search_state).values(kind=kind, version=1, shares=shares))
        with database.read() as tx:
            for kind in SearchKind:
                for typed in QUERIES:
                    if not read_query(typed).is_searchable:
                        continue
                    for areas in (None, ["tianhe"], ["yuexiu", "panyu"], []):
                        wanted = scan(tx, kind, typed, areas)
                        found = search_queries.find(tx, kind, read_query(typed), areas, 50)
                        assert found == wanted, (kind, typed, areas)
                        if wanted:
                            rest = search_queries.find(tx, kind, read_query(typed), areas, 2, wanted[0])
                            assert rest == wanted[1:3], (kind, typed, areas)


def test_a_rebuild_writes_what_acts_have_written(database: Database, in_force: Rulebook, script: Script) -> None:
    make_books(database, in_force, script, random.Random(7), 6)
    with database.read() as tx:
        before = {kind: held(tx, kind) for kind in SearchKind}
        assert len(before[SearchKind.TICKET]) == len(before[SearchKind.ACCOUNT]) == 6
    for kind in SearchKind:
        with database.write() as tx:
            search_index.begin(tx, kind)
            assert held(tx, kind) == []
    with database.write() as tx:  # an act amid a rebuild
        accounts.change(tx, 1, mobile="13800000000")
    for _ in range(20):
        with database.write() as tx:
            search_index.tend(tx, f.NOW)
    with database.read() as tx:
        assert {kind: held(tx, kind) for kind in SearchKind} == before
        for kind in SearchKind:
            assert search_index.state(tx, kind).cursor is None
            assert search_index.state(tx, kind).sampled_at == f.NOW
        assert search_queries.find(tx, SearchKind.ACCOUNT, read_query("gz000003"), None, 9) == [4]


def test_a_build_that_is_broken_off_goes_on_and_one_of_another_version_begins_anew(
    sqlite: Database, rulebook: Rulebook, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    f.put_in_force(sqlite, rulebook)
    make_books(sqlite, rulebook, script, random.Random(7), 5)
    monkeypatch.setattr(search_index, "BATCH", 2)
    with sqlite.write() as tx:
        search_index.begin(tx, SearchKind.TICKET)
    built = []
    while True:
        with sqlite.write() as tx:
            built.append(search_index.build(tx, SearchKind.TICKET))
            if search_index.state(tx, SearchKind.TICKET).cursor is None:
                break
    assert built == [2, 2, 1]
    with sqlite.write() as tx:
        tx.execute(update(search_state).values(version=0))
        search_index.tend(tx, f.NOW)
        assert search_index.state(tx, SearchKind.TICKET) == search_index.IndexState(0, {}, None, 1)


def test_frequent_tokens_are_counted_once_a_day(sqlite: Database, rulebook: Rulebook, script: Script) -> None:
    f.put_in_force(sqlite, rulebook)
    make_books(sqlite, rulebook, script, random.Random(7), 12)
    with sqlite.write() as tx:
        search_index.tend(tx, f.NOW)
        assert search_index.state(tx, SearchKind.TICKET).shares["f000"] == 1
        tx.execute(update(search_state).values(shares={}))
        search_index.sample(tx, SearchKind.ADDRESS, f.NOW)
        search_index.sample(tx, SearchKind.ACCOUNT, f.NOW)
        search_index.sample(tx, SearchKind.DEVICE, f.NOW)
        search_index.tend(tx, f.NOW + timedelta(hours=23))
        assert search_index.state(tx, SearchKind.TICKET).shares == {}
        search_index.tend(tx, f.NOW + timedelta(hours=25))
        assert search_index.state(tx, SearchKind.TICKET).shares["f000"] == 1


def test_a_ticket_is_found_by_who_reported_it_also_after_the_line_has_another_owner(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    make_books(database, in_force, script, random.Random(7), 1)
    with database.write() as tx:
        first = tx.execute(select(ticket.c.customer_id)).scalar_one()
        customers.change(tx, first, name="王小明", mobile="13911112222")
        accounts.change(tx, 1, customer_id=enter_customer(tx, "赵敏", "13633334444"), mobile="13633334444")

    def found(kind: SearchKind, typed: str) -> bool:
        with database.read() as tx:
            return bool(search_queries.find(tx, kind, read_query(typed), None, 9))

    assert found(SearchKind.TICKET, "王小明")
    assert found(SearchKind.TICKET, "13911112222")
    assert not found(SearchKind.TICKET, "赵敏")
    assert not found(SearchKind.TICKET, "13633334444")
    assert found(SearchKind.ACCOUNT, "赵敏 13633334444")
    assert not found(SearchKind.ACCOUNT, "王小明")


def test_teams_find_the_open_tickets_that_they_have_or_had(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    make_books(database, in_force, script, random.Random(7), 3)
    with database.read() as tx:
        said = read_query("GZ0000")
        team = tx.execute(text("SELECT DISTINCT team FROM hop")).scalar_one()
        assert len(search_queries.find_open(tx, said, None, [team], 9)) == 3
        assert search_queries.find_open(tx, said, None, ["construction"], 9) == []
        assert search_queries.find_open(tx, said, [], [team], 9) == []
        assert search_queries.find_open(tx, said, None, [], 9) == []
        one = tx.execute(select(ticket.c.id, ticket.c.area).limit(1)).one()
        assert one.id in search_queries.find_open(tx, said, [one.area], [team], 9)
        assert one.id not in search_queries.find_open(tx, said, [{*AREAS}.difference({one.area}).pop()], [team], 9)
    with database.write() as tx:
        tx.execute(update(ticket).values(state="withdrawn", ended_at=f.NOW))
    with database.read() as tx:
        assert search_queries.find_open(tx, said, None, [team], 9) == []


def test_a_search_reads_the_index_of_tokens(database: Database) -> None:
    with database.read() as tx:
        if database.kind == "sqlite":
            plan = "EXPLAIN QUERY PLAN SELECT s.id FROM ticket_tokens f CROSS JOIN ticket_search s ON s.id = f.rowid "
            rows = tx.execute(text(f"{plan}WHERE ticket_tokens MATCH '\"李雷\"' ORDER BY f.rowid DESC LIMIT 20")).all()
            told = " ".join(row.detail for row in rows)
            assert "VIRTUAL TABLE INDEX" in told
            assert "SEARCH s USING INTEGER PRIMARY KEY" in told
            assert "TEMP B-TREE" not in told
        else:
            tx.execute(text("SET LOCAL enable_seqscan = off"))
            plan = "EXPLAIN SELECT id FROM ticket_search WHERE tokens @> CAST('{1,2}' AS int[])"
            told = " ".join(tx.execute(text(plan)).scalars())
            assert "ix_ticket_search_tokens" in told
    assert area_token("tianhe") == "areatianhe"
