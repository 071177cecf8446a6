"""Who stands there: a unit acts through its handler, a child through a guardian, an adult may send an agent."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch.accounts import opening, password, profile, resumption, suspension, transfer
from dispatch.accounts.billing import Paid
from dispatch.accounts.operation import Counter
from dispatch.accounts.password import PasswordReset
from dispatch.accounts.profile import Modification, NewDocument
from dispatch.accounts.registration import Person
from dispatch.accounts.resumption import Resumption
from dispatch.accounts.suspension import Suspension
from dispatch.errors import BadInput
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import agents, customers
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables.identity import operation_agent
from tests import factories as f
from tests.accounts import factories as a
from tests.accounts.agents import AUTHORISED, GUARDED, HANDLED, agent, child, childs_number, scans

NEW = SecretStr("Kw4!tRz9")
YESTERDAY = f.NOW.date() - timedelta(days=1)


@pytest.fixture
def counter(rulebook: Rulebook, sqlite: Database) -> Counter:
    f.put_in_force(sqlite, rulebook)
    return a.counter(rulebook)


@pytest.fixture
def address(sqlite: Database) -> str:
    return a.address(sqlite)


def open_(sqlite: Database, counter: Counter, holder: Person, **asked: Any) -> Any:
    return a.do(sqlite, opening.open_account, counter, a.application(holder=holder, **asked))


def refusal(sqlite: Database, counter: Counter, holder: Person, **asked: Any) -> str:
    return a.refused(sqlite, opening.open_account, counter, a.application(holder=holder, **asked)).code


def passport(n: int = 1, **changes: Any) -> Person:
    of_document = {"document_kind": "passport", "document_number": SecretStr("E12345678"), "issuing_country": "FRA"}
    return a.person(n, **{**of_document, "birth": date(1990, 3, 7), **changes})


def test_an_eleven_year_old_alone_is_told_that_a_guardian_is_needed(
    sqlite: Database, counter: Counter, address: str
) -> None:
    outcome = a.refused(sqlite, opening.open_account, counter, a.application(holder=child()))

    assert outcome.code == "guardian-needed"
    assert outcome.said.zh == "未满18周岁，须监护人到场并出示证明。"


def test_a_guardian_opens_for_a_child_with_proof_of_guardianship_and_stands_on_the_slip(
    sqlite: Database, counter: Counter, address: str
) -> None:
    request = a.application(holder=child(), agent=agent(valid_until=None), scans=scans(*GUARDED))

    done = a.accepted(sqlite, opening.open_account, counter, request)

    (section,) = [each for each in a.slip(sqlite, done).sections if each.title.zh == "经办"]
    assert [(line.label.zh, line.value) for line in section.lines] == [
        ("经办人", f"{agent().name}（监护人 Guardian）"),
        ("经办人证件", f"居民身份证 440***********{a.resident_id(8)[-4:]}"),
        ("经办人手机", "138****8008"),
    ]
    (kept,) = a.rows(sqlite, operation_agent)
    assert (kept.operation_id, kept.party, kept.basis) == (done.operation_id, "holder", "guardian")


def test_a_guardian_is_of_age_and_brings_the_proof(sqlite: Database, counter: Counter, address: str) -> None:
    young = agent(document_number=SecretStr(childs_number(3)))

    assert refusal(sqlite, counter, child(), agent=young, scans=scans(*GUARDED)) == "guardian-needed"
    assert refusal(sqlite, counter, child(), agent=agent(), scans=scans("agent-document")) == "documents-missing"


def test_eighteen_is_reached_on_the_birthday(sqlite: Database, counter: Counter, address: str) -> None:
    holder = passport(birth=date(2008, f.NOW.month, f.NOW.day) + timedelta(days=1))
    assert refusal(sqlite, counter, holder) == "guardian-needed"
    open_(sqlite, counter, passport(birth=date(2008, f.NOW.month, f.NOW.day)))


def test_a_unit_opens_through_its_handler_alone(sqlite: Database, counter: Counter, address: str) -> None:
    told = a.refused(sqlite, opening.open_account, counter, a.application(holder=a.unit()))
    assert (told.code, told.said.zh) == ("handler-needed", "单位须由经办人持证件和授权书办理。")

    missing = a.application(holder=a.unit(), agent=agent(), scans=scans("agent-document"))
    assert a.refused(sqlite, opening.open_account, counter, missing).said.zh == "资料不齐全，缺少：单位证件、授权书。"

    whole = a.application(holder=a.unit(), agent=agent(valid_until=None), scans=scans(*HANDLED))
    a.accepted(sqlite, opening.open_account, counter, whole)
    assert [row.basis for row in a.rows(sqlite, operation_agent)] == ["unit-handler"]


def test_an_adult_may_send_an_agent_with_an_authorisation_that_still_counts(
    sqlite: Database, counter: Counter, address: str
) -> None:
    papers = scans(*AUTHORISED)
    for late in (None, YESTERDAY):
        code = refusal(sqlite, counter, a.person(), agent=agent(valid_until=late), scans=papers)
        assert code == "authorisation-over"

    request = a.application(agent=agent(valid_until=f.NOW.date()), scans=papers)
    done = a.accepted(sqlite, opening.open_account, counter, request)

    lines = [line for each in a.slip(sqlite, done).sections if each.title.zh == "经办" for line in each.lines]
    assert (lines[0].value, lines[-1].value) == (f"{agent().name}（受托代办 Authorised by the holder）", "2026-03-02")


def test_an_agent_is_a_person_of_age_with_a_document_that_counts(
    sqlite: Database, counter: Counter, address: str
) -> None:
    papers = scans(*AUTHORISED)
    company = a.unit(8).model_dump(exclude={"document_number"})
    for stands_there, code in (
        (agent(document_number=SecretStr(childs_number(3))), "agent-too-young"),
        (agent(document_expires=YESTERDAY), "document-expired"),
        (agent(**company, document_number=a.unit(8).document_number), "bad-document-number"),
        (agent(mobile="020-85551234"), "bad-mobile"),
    ):
        assert refusal(sqlite, counter, a.person(), agent=stands_there, scans=papers) == code


def test_the_agents_number_is_kept_as_ciphertext_that_a_rotation_of_keys_reads(
    sqlite: Database, counter: Counter, address: str
) -> None:
    a.accepted(sqlite, opening.open_account, counter, a.application(agent=agent(), scans=scans(*AUTHORISED)))

    (row,) = a.rows(sqlite, operation_agent)
    assert a.resident_id(8) not in str(row)
    assert a.resident_id(8) == counter.cipher.decrypt_text(
        row.document_number, "operation_agent", "document_number", row.id
    )
    with sqlite.read() as tx:
        assert row.document_index in customers.document_indexes(counter.cipher, "resident-id", a.resident_id(8))
        assert [each.operation_id for each in agents.of_operations(tx, [row.operation_id])] == [row.operation_id]


def resetting(number: str, **asked: Any) -> PasswordReset:
    return PasswordReset(account=number, document_number=asked.pop("document", a.document()), new_password=NEW, **asked)


def test_a_childs_password_is_reset_by_the_guardian(sqlite: Database, counter: Counter) -> None:
    papers, number = (
        scans(*GUARDED),
        a.in_service(sqlite, counter, holder=child(), agent=agent(), scans=scans(*GUARDED)),
    )
    document = SecretStr(childs_number())
    alone = resetting(number, document=document, scans=scans("owner-document"))
    assert a.refused(sqlite, password.reset, counter, alone).code == "guardian-needed"

    unproved = resetting(number, document=document, scans=scans("owner-document", "agent-document"), agent=agent())
    assert a.refused(sqlite, password.reset, counter, unproved).said.zh == "资料不齐全，缺少：监护证明。"

    helped = resetting(number, document=document, scans=(a.scan("owner-document"), *papers), agent=agent())
    a.accepted(sqlite, password.reset, counter, helped)


def transferring(number: str, to: Person, kinds: tuple[str, ...] = (), **asked: Any) -> transfer.Transfer:
    told = {"account": number, "document_number": a.document(), "new_owner": to, "password": NEW}
    return transfer.Transfer(**{**told, "scans": scans(*transfer.REQUIRED, *kinds), **asked})


def test_a_unit_takes_an_account_over_through_its_handler(sqlite: Database, counter: Counter) -> None:
    number, to = a.in_service(sqlite, counter), a.unit(2)
    alone = transferring(number, to)
    assert a.refused(sqlite, transfer.transfer, counter, alone).code == "handler-needed"

    bare = transferring(number, to, new_owner_agent=agent())
    assert a.refused(sqlite, transfer.transfer, counter, bare).said.zh == "资料不齐全，缺少：经办人证件、授权书。"

    helped = transferring(number, to, AUTHORISED, new_owner_agent=agent(), agent=agent(7))
    done = a.accepted(sqlite, transfer.transfer, counter, helped)

    shown = {line.label.zh: line.value for line in a.slip(sqlite, done).sections[0].lines}
    assert shown["新机主经办人"] == f"{agent().name}（单位经办人 Handler of the unit）"
    assert shown["经办人"] == f"{agent(7).name}（受托代办 Authorised by the holder）"
    assert sorted(row.party for row in a.rows(sqlite, operation_agent)) == ["holder", "new-owner"]


def pausing(number: str, **asked: Any) -> Suspension:
    paid = Paid(method="cash", amount="15.00")
    told = {"account": number, "document_number": a.document(), "reason": "away", "months": 3, "payment": paid}
    return Suspension(**{**told, **asked})


def test_an_agent_begins_and_ends_a_pause(sqlite: Database, counter: Counter) -> None:
    number = a.in_service(sqlite, counter)
    bare = a.refused(sqlite, suspension.suspend, counter, pausing(number, agent=agent()))
    assert bare.said.zh == "资料不齐全，缺少：经办人证件、授权书。"

    done = a.accepted(sqlite, suspension.suspend, counter, pausing(number, agent=agent(), scans=scans(*AUTHORISED)))

    shown = [line.label.zh for line in a.slip(sqlite, done).sections[0].lines]
    assert shown == [
        "停机种类",
        "停机原因",
        "经办人",
        "经办人证件",
        "经办人手机",
        "授权有效期",
        "存留资料",
        "停机保号",
    ]
    back = Resumption(
        account=number, document_number=a.document(), reason="customer-request", agent=agent(), scans=scans(*AUTHORISED)
    )
    a.accepted(sqlite, resumption.resume, counter, back)


def test_a_loss_is_reported_without_a_guardian_and_never_ended_by_an_agent(sqlite: Database, counter: Counter) -> None:
    number = a.in_service(sqlite, counter, holder=child(), agent=agent(), scans=scans(*GUARDED))
    document = SecretStr(childs_number())
    with pytest.raises(BadInput, match="alone"):
        a.do(sqlite, suspension.suspend, counter, a.lost(number, document_number=document, agent=agent()))
    a.accepted(sqlite, suspension.suspend, counter, a.lost(number, document_number=document))

    with pytest.raises(BadInput, match="alone"):
        a.do(sqlite, resumption.resume, counter, a.found_again(number, document_number=document, agent=agent()))


def test_a_passport_is_registered_with_its_country_and_its_holders_birth(
    sqlite: Database, counter: Counter, address: str
) -> None:
    for changes, code in (
        ({"issuing_country": None}, "issuing-country-missing"),
        ({"issuing_country": "ZZZ"}, "bad-issuing-country"),
        ({"birth": None}, "birth-missing"),
        ({"birth": f.NOW.date() + timedelta(days=1)}, "bad-birth"),
        ({"birth": date(1890, 1, 1)}, "bad-birth"),
    ):
        assert refusal(sqlite, counter, passport(**changes)) == code
    assert refusal(sqlite, counter, a.person(issuing_country="CHN")) == "bad-issuing-country"
    assert refusal(sqlite, counter, a.person(birth=date(1990, 3, 8))) == "bad-birth"
    assert refusal(sqlite, counter, a.unit(birth=date(1990, 3, 8))) == "bad-birth"

    done = open_(sqlite, counter, passport(issuing_country="fra"))

    assert a.slip(sqlite, done).document == "护照 FRA E******78"
    (row,) = a.rows(sqlite, b.customer)
    assert row.issuing_country == "FRA"
    assert "1990" not in row.birth


def test_two_countries_passports_with_one_number_are_two_customers(
    sqlite: Database, counter: Counter, address: str
) -> None:
    first = a.in_service(sqlite, counter, holder=passport())
    second = a.in_service(sqlite, counter, 2, holder=passport(2, issuing_country="CHE"))

    assert len(a.rows(sqlite, b.customer)) == 2
    assert a.line(sqlite, first).customer_id != a.line(sqlite, second).customer_id
    reset = resetting(second, document=SecretStr("E12345678"), scans=scans("owner-document"))
    a.accepted(sqlite, password.reset, counter, reset)


def test_a_passport_of_before_gets_its_country_when_it_is_next_shown(
    sqlite: Database, counter: Counter, address: str
) -> None:
    with sqlite.write() as tx:
        of_before = ("passport", "E12345678", date(2036, 3, 6))
        known = customers.insert_customer(tx, counter.cipher, a.person().name, *of_before, a.mobile(), f.NOW)

    number = open_(sqlite, counter, passport()).result["account"]

    (row,) = a.rows(sqlite, b.customer)
    assert (row.id, row.issuing_country) == (known, "FRA")
    with sqlite.read() as tx:
        assert [each.id for each in customers.find_by_number(tx, counter.cipher, ["passport"], "E12345678")] == [known]
        assert customers.find(tx, counter.cipher, "passport", "E12345678", "CHE") is None
    assert str(number)


def test_a_new_passport_of_a_customer_needs_its_country_and_not_again_the_birth(
    sqlite: Database, counter: Counter
) -> None:
    number = a.in_service(sqlite, counter)
    new = NewDocument(kind="passport", number=SecretStr("E87654321"), expires=date(2036, 1, 1))
    asked: dict[str, Any] = {"account": number, "document_number": a.document(), "scans": scans("owner-document")}
    without = Modification(**asked, new_document=new)
    assert a.refused(sqlite, profile.modify, counter, without).code == "issuing-country-missing"

    told = Modification(**asked, new_document=new.model_copy(update={"issuing_country": "CAN"}))
    done = a.accepted(sqlite, profile.modify, counter, told)

    (change,) = a.slip(sqlite, done).changes
    assert change.after == "护照 CAN E******21 有效期至2036-01-01"
    (row,) = a.rows(sqlite, b.customer)
    with sqlite.read() as tx:
        assert customers.birth(counter.cipher, customers.get(tx, row.id)) == date(1990, 3, 7)
