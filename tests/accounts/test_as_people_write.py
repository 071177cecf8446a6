"""Text as people write it becomes one form, in the operations that take it; or it is refused in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from dispatch.accounts.catalogue import OPERATIONS
from dispatch.accounts.operation import Counter, OperationRefused
from dispatch.domain.device import DeviceKind, read_serial_of
from dispatch.domain.identity import read_document
from dispatch.domain.kind import Kind
from dispatch.domain.model_faults import model_fault
from dispatch.domain.money import write_yuan
from dispatch.domain.numbers import (
    hop_number,
    invoice_number,
    read_hop_number,
    read_invoice_number,
    read_slip_serial,
    slip_serial,
    ticket_number,
    typed_number,
)
from dispatch.domain.proof import read_code
from dispatch.domain.title import Wording, WrongValue, sentences
from dispatch.errors import BadAddressFile, BadInput, DispatchError
from dispatch.routing import address_file
from dispatch.routing.address_file import CoveredAddress
from dispatch.storage import accounts, customers, resources
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import as_people_write as tables
from tests.accounts import factories as c
from tests.accounts.as_people_write import Refusal, Table

HAN = re.compile("[一-鿿]")
TABLES = (
    tables.NAMES, tables.DOCUMENTS, tables.MOBILES, tables.ADDRESSES, tables.ACCOUNTS, tables.AMOUNTS,
    tables.EXPIRIES, tables.MOMENTS, tables.DEVICES, tables.ONT_SERIALS, tables.TICKETS, tables.HOPS, tables.SLIPS,
    tables.INVOICES, tables.OTHER_DOCUMENTS, tables.CODES,
)  # fmt: skip

Reader = Callable[[Tx, Any], str]


def application(**holder: str) -> dict[str, Any]:
    """Line 1's application as the JSON of a request."""
    told = {
        "name": "张三",
        "document_kind": "resident-id",
        "document_number": c.resident_id(),
        "document_expires": "2036-03-06",
        "mobile": c.mobile(),
    }
    payment = {"method": "cash", "amount": "200.00"}
    asked = {"address": "广州市天河区体育西路1号", "plan": "home-300", "password": c.PASSWORD, "payment": payment}
    return {**asked, "holder": {**told, **holder}}


def made(tx: Tx, counter: Counter, kind: str, body: dict[str, Any], read: Reader) -> str:
    """What the operation makes of a request, sent as JSON as the edges do, or its refusal; nothing of it stays."""
    model, operation = OPERATIONS[kind]
    try:
        request = model.model_validate_json(json.dumps(body))
    except ValidationError as wrong:
        return refusal("malformed", model_fault(wrong.errors()[0]))
    tried = tx.begin_nested()
    try:
        outcome = operation(tx, c.answered(tx, operation, counter, request), request, f.CLERK, f.NOW)
        if isinstance(outcome, OperationRefused):
            return refusal(outcome.code, outcome.said)
        return read(tx, outcome)
    except BadInput as wrong:
        return refusal(wrong.code, sentences(wrong))
    finally:
        tried.rollback()


def refusal(code: str, said: Wording) -> Refusal:
    """The refusal's code; its sentence is Chinese for Chinese readers and English for the others."""
    assert HAN.search(said.zh), said
    assert not HAN.search(said.en), said
    return Refusal(code)


def customer(column: str) -> Reader:
    return lambda tx, _: str(tx.execute(select(b.customer.c[column])).scalar_one() or "")


def check(table: Table, database: Database, make: Callable[[Tx, str], str]) -> None:
    """Compare the whole table, so that all that is wrong is seen at once."""
    with database.write() as tx:
        found = {typed: make(tx, typed) for typed in table}
    assert found == dict(table)
    assert [type(each) for each in found.values()] == [type(each) for each in table.values()]


def understood(read: Callable[[str], str], typed: str) -> str:
    """What a reader makes of a text, or the code of its refusal, which may quote the text or show a Chinese number."""
    try:
        return read(typed)
    except DispatchError as wrong:
        code, said = wrong.code, sentences(wrong)
    except WrongValue as wrong:
        code, said = "malformed", wrong.what
    return refusal(code, Wording(said.zh, said.en.replace(typed, "").replace("军字第1234567号", "")))


def number_of_hop(typed: str) -> str:
    ticket, seq = read_hop_number(typed)
    return hop_number(Kind.FAULT, ticket, seq or 0)


def number_of_document(typed: str) -> str:
    kind, _, number = typed.partition(" ")
    return read_document(kind, number, date(2036, 3, 6), f.NOW.date()).number


def right_code(typed: str) -> str:
    code = read_code(typed)
    return code if code == "271828" else Refusal("bad-code")


READ: tuple[tuple[Table, Callable[[str], str]], ...] = (
    (tables.ONT_SERIALS, lambda typed: read_serial_of(DeviceKind.ONT, typed)),
    (tables.TICKETS, lambda typed: typed_number(typed, Kind.FAULT)),
    (tables.HOPS, number_of_hop),
    (tables.SLIPS, lambda typed: slip_serial(read_slip_serial(typed))),
    (tables.INVOICES, lambda typed: invoice_number(read_invoice_number(typed))),
    (tables.OTHER_DOCUMENTS, number_of_document),
    (tables.CODES, right_code),
)


def test_two_hundred_texts_and_more_are_in_the_tables() -> None:
    assert sum(map(len, TABLES)) >= 200


@pytest.mark.parametrize(("table", "read"), READ)
def test_numbers_of_devices_papers_documents_and_codes(table: Table, read: Callable[[str], str]) -> None:
    found = {typed: understood(read, typed) for typed in table}
    assert found == dict(table)
    assert [type(each) for each in found.values()] == [type(each) for each in table.values()]


def test_names(database: Database, counter: Counter) -> None:
    c.address(database)
    check(tables.NAMES, database, lambda tx, typed: made(
        tx, counter, "open", application(name=typed), customer("name")
    ))  # fmt: skip


def test_document_numbers(database: Database, counter: Counter) -> None:
    c.address(database)

    def number(tx: Tx, _: Any) -> str:
        row = customers.get(tx, tx.execute(select(b.customer.c.id)).scalar_one())
        return customers.document_number(counter.cipher, row)

    check(tables.DOCUMENTS, database, lambda tx, typed: made(
        tx, counter, "open", application(document_number=typed), number
    ))  # fmt: skip


def test_mobile_numbers(database: Database, counter: Counter) -> None:
    c.address(database)
    check(tables.MOBILES, database, lambda tx, typed: made(
        tx, counter, "open", application(mobile=typed), customer("mobile")
    ))  # fmt: skip


def test_last_days_of_documents(database: Database, counter: Counter) -> None:
    c.address(database)
    check(tables.EXPIRIES, database, lambda tx, typed: made(
        tx, counter, "open", application(document_expires=typed), customer("document_expires")
    ))  # fmt: skip


def test_amounts(database: Database, counter: Counter) -> None:
    c.address(database)
    home = counter.plans.plans["home-300"]
    costly = replace(home, charges=(home.charges[0]._replace(amount=1200_50),))
    due = replace(counter, plans=replace(counter.plans, plans={"home-300": costly}))

    def paid(tx: Tx, _: Any) -> str:
        return write_yuan(tx.execute(select(b.payment.c.amount)).scalar_one())

    check(tables.AMOUNTS, database, lambda tx, typed: made(
        tx, due, "open", {**application(), "payment": {"method": "cash", "amount": typed}}, paid
    ))  # fmt: skip


def test_addresses(database: Database, counter: Counter) -> None:
    with database.write() as tx:
        resources.enter_addresses(tx, [CoveredAddress(text, "tianhe", "OLT-1", "0/1", 8) for text in tables.LIBRARY])

    def address(tx: Tx, outcome: Any) -> str:
        row = accounts.find(tx, outcome.result["account"])
        assert row is not None
        assert row.address_id is not None
        return resources.get_address(tx, row.address_id).text

    check(tables.ADDRESSES, database, lambda tx, typed: made(
        tx, counter, "open", {**application(), "address": typed}, address
    ))  # fmt: skip


def test_account_names(database: Database, counter: Counter) -> None:
    with database.write() as tx:
        accounts.enter_existing(tx, [(number, "tianhe", "13800138000") for number in tables.BOOKS], f.CLERK, f.NOW)

    def number(_tx: Tx, outcome: Any) -> str:
        (shown,) = outcome.result["accounts"]
        return str(shown["account"])

    check(tables.ACCOUNTS, database, lambda tx, typed: made(
        tx, counter, "view", {"account": typed, "show": ["accounts"]}, number
    ))  # fmt: skip


def test_appointments(database: Database, counter: Counter) -> None:
    order = ticket_number("construction", c.order_of(database, c.failed(database, counter)))

    def at(_tx: Tx, outcome: Any) -> str:
        return str(outcome.result["at"]).removesuffix("+08:00")

    check(tables.MOMENTS, database, lambda tx, typed: made(
        tx, counter, "appoint", {"order": order, "at": typed}, at
    ))  # fmt: skip


def test_names_of_devices(database: Database) -> None:
    def olt(_tx: Tx, typed: str) -> str:
        try:
            return (
                address_file.parse(f"address,area,olt,port,capacity\n天河路1号,tianhe,{typed},0/1,8", "x").rows[0].olt
            )
        except BadAddressFile as wrong:
            return refusal(wrong.code, Wording(wrong.sentence("zh"), wrong.sentence("en")))

    check(tables.DEVICES, database, olt)


def test_a_known_customer_whose_name_was_kept_with_a_space_is_the_same_person(
    database: Database, counter: Counter
) -> None:
    c.in_service(database, counter, holder=c.person(name="买买提·艾力"))
    with database.write() as tx:
        tx.execute(b.customer.update().values(name="买买提 • 艾力"))  # as an earlier release kept it
    c.address(database, 2)
    second = c.application(2, holder=c.person(1, name="买买提．艾力"))
    done = c.accepted(database, OPERATIONS["open"][1], counter, second)
    assert c.slip(database, done).customer == "买买提·艾力"


def test_an_outlet_without_a_name_is_in_one_language_on_slips_and_in_messages() -> None:
    from dispatch.settings import Settings

    assert Settings.model_fields["outlet"].default == "营业厅"
