"""Standard addresses and their ports, entered for the first time and again."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from dispatch.doctor import books
from dispatch.doctor.finding import Grade
from dispatch.domain.naming import read_address
from dispatch.routing.address_file import CoveredAddress
from dispatch.storage import resources
from dispatch.storage.database import Database, Tx
from dispatch.storage.migration import migrate
from tests.factories import dump

ONE = CoveredAddress("广州市天河区体育西路1号", "tianhe", "OLT-1", "0/1/1", 64)
TWO = CoveredAddress("广州市天河区体育西路2号", "tianhe", "OLT-1", "0/1/1", 64)
NOWHERE = CoveredAddress("广州市番禺区沙湾镇渡头村8号", "panyu")


def entered(database: Database, *rows: CoveredAddress) -> int:
    with database.write() as tx:
        return resources.enter_addresses(tx, rows)


def found(database: Database, text: str) -> tuple[str, str | None, str | None, int | None, int | None]:
    with database.read() as tx:
        row = resources.find_address(tx, text)
    assert row is not None
    return row.area, row.olt, row.port, row.capacity, row.used


def test_addresses_of_one_port_share_it_and_an_unreached_address_has_none(database: Database) -> None:
    assert entered(database, ONE, TWO, NOWHERE) == 3
    assert found(database, ONE.text) == found(database, TWO.text) == ("tianhe", "OLT-1", "0/1/1", 64, 0)
    assert found(database, NOWHERE.text) == ("panyu", None, None, None, None)
    assert len(dump(database)["pon_port"]) == 1


def test_entering_the_same_addresses_again_changes_nothing(database: Database) -> None:
    entered(database, ONE, TWO, NOWHERE)
    before = dump(database)
    assert entered(database, ONE, TWO, NOWHERE) == 0
    assert dump(database) == before


def port_of(tx: Tx, text: str) -> int:
    row = resources.find_address(tx, text)
    assert row is not None
    assert row.pon_port_id is not None
    return row.pon_port_id


def test_known_addresses_take_the_new_values_and_keep_the_places_in_use(database: Database) -> None:
    entered(database, ONE, NOWHERE)
    with database.write() as tx:
        port = port_of(tx, ONE.text)
        assert resources.occupy_port(tx, port)
        assert resources.places_in_use(tx) == {("OLT-1", "0/1/1"): 1}
    assert entered(database, ONE._replace(capacity=32), NOWHERE._replace(olt="OLT-1", port="0/1/1", capacity=32)) == 0
    assert found(database, ONE.text) == ("tianhe", "OLT-1", "0/1/1", 32, 1)
    assert found(database, NOWHERE.text)[1:] == ("OLT-1", "0/1/1", 32, 1)


def test_a_ports_capacity_cannot_fall_below_the_places_in_use(database: Database) -> None:
    entered(database, ONE)
    with database.write() as tx:
        port = port_of(tx, ONE.text)
        assert all(resources.occupy_port(tx, port) for _ in range(2))
    before = dump(database)
    with pytest.raises(IntegrityError):
        entered(database, TWO, ONE._replace(capacity=1))
    assert dump(database) == before


def test_more_rows_than_one_statement_holds_are_all_entered(database: Database) -> None:
    rows = [CoveredAddress(f"广州市天河区体育西路{n}号", "tianhe", f"OLT-{n % 7}", "0/1/1", 256) for n in range(1_300)]
    assert entered(database, *rows) == 1_300
    with database.read() as tx:
        assert len(resources.addresses(tx, 10_000)) == 1_300
    assert len(dump(database)["pon_port"]) == 7


def test_the_last_place_of_a_port_is_taken_once(database: Database) -> None:
    entered(database, ONE._replace(capacity=1))
    with database.write() as tx:
        port = port_of(tx, ONE.text)
        assert resources.occupy_port(tx, port)
        assert not resources.occupy_port(tx, port)
        resources.free_port(tx, port)
        assert resources.occupy_port(tx, port)


@pytest.mark.parametrize("written", ["天河路 1 號", "天河路１号", "天河路1號。", "天河路1#"])
def test_an_address_is_found_however_it_is_written_and_named_as_the_library_has_it(
    database: Database, written: str
) -> None:
    entered(database, ONE._replace(text="天河路1号"), TWO._replace(text="天河路1-1号"))
    with database.read() as tx:
        row = resources.find_address(tx, read_address(written))
        assert row is not None
        assert row.text == "天河路1号"
        (match,) = resources.search_addresses(tx, [written.rstrip("。")], None, 10)[:1]
    assert match.text == "天河路1号"


def test_an_address_written_in_another_way_in_a_later_file_is_the_same_address(database: Database) -> None:
    entered(database, ONE._replace(text="天河路 1 号"))
    assert entered(database, ONE._replace(text="天河路1号", capacity=32)) == 0
    assert found(database, "天河路1号") == ("tianhe", "OLT-1", "0/1/1", 32, 0)
    assert len(dump(database)["address"]) == 1


def test_addresses_of_an_earlier_release_are_found_and_those_that_differ_only_in_writing_are_told(
    database: Database,
) -> None:
    migrate(database, "0018")
    with database.write() as tx:
        for text_ in ("天河路 1 號", "天河路1号", "天河路2号"):
            tx.execute(text(f"INSERT INTO address (text, area) VALUES ('{text_}', 'tianhe')"))
    migrate(database)
    with database.write() as tx:
        tx.execute(text("INSERT INTO address (text, area) VALUES ('天河路2 號', 'tianhe')"))  # beside this release
        for wanted, kept in (("天河路1号", "天河路1号"), ("天河路１號", "天河路 1 號"), ("天河路 2 号", "天河路2号")):
            row = resources.find_address(tx, wanted)
            assert row is not None
            assert row.text == kept, "the same text first, else the one entered first"
        resources.add_keys(tx)
        told = books.addresses(tx)
    assert told.verdict is Grade.DOUBTFUL
    assert str(told.found) == "differ only in writing: 天河路 1 號 = 天河路1号; 天河路2号 = 天河路2 號"
