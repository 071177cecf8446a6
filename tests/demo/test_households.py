"""The customers of a demonstration are nobody real, and an account can be opened for each."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from dispatch.demo.households import ON_A_PORT, Household, households
from dispatch.domain.identity import read_document
from dispatch.domain.naming import read_address, read_mobile, read_name
from dispatch.routing.plans_file import load

TODAY = date(2026, 11, 25)
MANY = households(400)


def test_no_two_households_share_a_document_a_number_or_an_address() -> None:
    for part in ("document_number", "mobile", "address"):
        assert len({getattr(each, part) for each in MANY}) == len(MANY)


def test_households_have_plausible_documents_names_numbers_and_addresses_that_name_nobody() -> None:
    for each in MANY:
        read = read_document("resident-id", each.document_number, None, TODAY)
        assert read.birth is not None
        assert 1900 < read.birth.year < 2008
        assert each.document_number.startswith("440000")  # a whole province: in nobody's number
        assert (read_name(each.name), read_mobile(each.mobile)) == (each.name, each.mobile)
        assert read_address(each.address) == each.address


def test_rare_characters_are_among_the_households_names() -> None:
    assert {"㛃", "𬭛"} <= {character for each in households(40) for character in each.name}


def test_no_port_is_split_for_more_than_it_carries() -> None:
    sharing: dict[tuple[str, str], int] = {}
    for each in MANY:
        reach = each.reach()
        sharing[reach.olt, reach.port] = sharing.get((reach.olt, reach.port), 0) + 1
        assert (reach.capacity, reach.area) == (ON_A_PORT, each.area)
    assert max(sharing.values()) <= ON_A_PORT
    assert Household(1).reach(served=False).olt == ""


def test_households_take_every_plan_offered_to_them_in_turn_and_pay_its_exact_price() -> None:
    plans = load(Path(__file__).parents[2] / "marketing_plans.yaml")
    wanted = [each.application(plans, TODAY) for each in MANY]
    assert {"standard-300", "family-500", "yearly-300"} <= {each.plan for each in wanted}
    for each in wanted:
        plan = plans.plan(each.plan)
        assert (each.payment is not None) == bool(plan.to_pay)
        assert (each.mobile is not None) == plan.needs_mobile
    assert {each.payment.method for each in wanted if each.payment} == {"cash", "card"}
