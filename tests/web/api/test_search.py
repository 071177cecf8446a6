"""One search over the API finds what the caller may see, by any part of it, and shows no more of it than they may."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.domain.roles import Grant, Role
from dispatch.domain.search import SearchKind
from dispatch.storage import accounts, devices, search_index
from tests import factories as f
from tests.accounts import factories as a
from tests.web.api.test_operations import at_the_counter
from tests.web.conftest import API, Web

AREA = frozenset({"tianhe"})


@pytest.fixture
def desk(small_web: Web) -> Web:
    return at_the_counter(small_web)


def search(client: Any, text: str, **asked: Any) -> Any:
    answer = client.post(f"{API}/search", json={"text": text, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def hits(found: Any) -> list[Any]:
    return [*found["tickets"], *found["accounts"], *found["addresses"], *found["devices"]]


def line(web: Web) -> str:
    """A customer's line with a fault on it."""
    number = a.in_service(web.database, web.counter)  # type: ignore[attr-defined]
    f.fault(web.database, web.rulebook, web.script, number, description="光猫亮红灯")
    return number


def test_a_customer_a_ticket_and_an_address_are_found_by_any_part(desk: Web) -> None:
    number = line(desk)
    chen = desk.program("chen", Role.CLERK)
    name, mobile, address = a.person().name, a.mobile(), "体育西"
    for typed, why in (
        (name, "name"),
        (mobile, "mobile"),
        (mobile[3:9], "mobile"),
        (number, "number"),
        (address, "address"),
        ("tyx", "initials"),
        (f"{name} {address}", "name"),
    ):
        found = search(chen, typed)
        (hit,) = found["accounts"]
        assert why in hit["why"], typed
        assert (hit["account"], hit["customer"], hit["contact"]) == (number, masked_name(name), masked_mobile(mobile))
        assert mobile not in str(found)
        assert [each["why"] != [] for each in found["tickets"]].count(True) >= 1, typed
    assert [each["taken"] for each in search(chen, address)["addresses"]] == [True]
    (ticket,) = (each for each in search(chen, "红灯")["tickets"])
    assert (ticket["description"], ticket["why"]) == ("光猫亮红灯", ["description"])


def test_a_document_is_found_by_its_whole_number_alone(desk: Web) -> None:
    number = line(desk)
    chen = desk.program("chen", Role.CLERK)
    whole = a.resident_id()
    (hit,) = search(chen, whole)["accounts"]
    assert (hit["account"], hit["why"]) == (number, ["document"])
    assert search(chen, whole[:-1])["accounts"] == []
    assert whole not in str(search(chen, whole))


def test_what_lies_in_other_areas_is_not_found(desk: Web) -> None:
    number = line(desk)
    name = a.person().name
    here = desk.program("here", Grant(Role.CLERK, AREA))
    away = desk.program("away", Grant(Role.CLERK, frozenset({"panyu"})))
    for typed in (name, number, "体育西", a.mobile(), a.resident_id(), "F00000002", "2", "红灯"):
        assert hits(search(here, typed)), typed
        assert not hits(search(away, typed)), typed


def test_a_team_finds_the_open_tickets_that_it_has_and_no_accounts(desk: Web) -> None:
    at_noc = desk.on_board("GZ7", description="整栋楼断网")
    f.fault(desk.database, desk.rulebook, desk.script, "GZ8", description="整栋楼断网")
    noc, installer = desk.program("zhao", Role.NOC), desk.program("li.wei", Role.INSTALLER)
    assert at_noc in [each["number"] for each in search(noc, "整栋楼")["tickets"]]
    assert search(noc, "整栋楼")["accounts"] == []
    assert search(noc, "GZ7")["accounts"] == []
    assert search(installer, "整栋楼")["tickets"] == []
    assert search(installer, at_noc)["tickets"] == []


def test_operations_find_a_ticket_by_its_number_and_see_nothing_of_the_customer(desk: Web) -> None:
    number = line(desk)
    mo = desk.program("mo", Role.OPS)
    (hit,) = search(mo, "F00000002")["tickets"]
    assert (hit["number"], hit["account"], hit["customer"], hit["description"]) == ("F00000002", None, None, None)
    for typed in ("红灯", number, a.mobile(), a.person().name):
        found = search(mo, typed)
        assert found["tickets"] + found["accounts"] == [], typed


def test_devices_are_found_by_those_who_see_the_register_and_lead_the_desk_to_the_account(desk: Web) -> None:
    number = line(desk)
    with desk.database.read() as tx:
        (serial,) = devices.issued_onts(tx, [accounts.by_numbers(tx, [number])[number].id]).values()
    wang, chen = desk.program("wang", Role.NETWORK_SERVICE_SUPPORT), desk.program("chen", Role.CLERK)
    assert [each["serial"] for each in search(wang, serial[4:])["devices"]] == [serial]
    assert search(chen, serial)["devices"] == []
    assert search(chen, serial[4:])["accounts"] == []
    (hit,) = search(chen, serial)["accounts"]
    assert (hit["account"], hit["why"]) == (number, ["device"])


def test_a_kind_is_read_page_by_page(desk: Web) -> None:
    with desk.database.write() as tx:
        accounts.enter_existing(tx, [(f"KD{n:06d}", "tianhe", "13800138000") for n in range(7)], f.CLERK, f.NOW)
    chen = desk.program("chen", Role.CLERK)
    seen: list[str] = []
    cursor = None
    while True:
        found = search(chen, "kd0000", kind="account", limit=3, cursor=cursor)
        seen += [each["account"] for each in found["accounts"]]
        cursor = found["next"].get("account")
        if cursor is None:
            break
    assert seen == [f"KD{n:06d}" for n in reversed(range(7))]


def test_too_little_is_said_to_be_too_little_and_an_index_that_is_built_to_be_incomplete(desk: Web) -> None:
    chen = desk.program("chen", Role.CLERK)
    assert search(chen, "李")["too_short"]
    assert not search(chen, "李雷")["too_short"]
    assert search(chen, "李雷")["incomplete"] == []
    with desk.database.write() as tx:
        search_index.begin(tx, SearchKind.ADDRESS)
    assert search(chen, "李雷")["incomplete"] == ["address"]


def test_an_administrator_has_nothing_to_search(desk: Web) -> None:
    root = desk.program("root", Role.ADMINISTRATOR)
    assert root.post(f"{API}/search", json={"text": "李雷"}).status_code == 403
