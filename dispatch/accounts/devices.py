"""终端 at the counter: what an account has, a device that a customer brings back, and one that is lost and paid for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from dispatch.accounts import authentication, billing
from dispatch.accounts.billing import Paid
from dispatch.accounts.device_register import typed_serial
from dispatch.accounts.money_back import deposit_back
from dispatch.accounts.operation import (
    AccountNumber,
    Act,
    Counter,
    OperationOutcome,
    OperationRequest,
    OperationResult,
    Text,
    carry_out,
)
from dispatch.accounts.schemas import DeviceShown
from dispatch.accounts.secret import DocumentNumber
from dispatch.domain.account import AccountState
from dispatch.domain.device import DeviceKind, DeviceState, device_move, price_now
from dispatch.domain.money import write_yuan
from dispatch.domain.naming import read_account_number
from dispatch.domain.roles import Actor
from dispatch.domain.text import NOTE, clean
from dispatch.domain.time import local_date
from dispatch.domain.title import Title
from dispatch.errors import DeviceNotThere, NoSuchCustomer
from dispatch.slips.forms import InvoiceMention, Payment, Section, SlipLine
from dispatch.storage import aliases, devices
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx
from dispatch.storage.device_rows import DeviceLine, DeviceRow
from dispatch.storage.devices import Cause

SerialNumber = Annotated[str, Field(description="终端序列号 · serial number of the device")]
DEVICE = Title("终端", "Device")
MOST = 100


class DevicesQuery(OperationRequest):
    """Shows the devices of an account, those that went back or were lost included."""

    account: AccountNumber


class DeviceReturn(OperationRequest):
    """Takes a device back that the account's holder brings to the counter, also after the account has ended.

    An ONT that comes back within 30 days of the closure pays its deposit back.
    """

    account: AccountNumber
    document_number: DocumentNumber
    serial: SerialNumber
    note: Annotated[Text, Field(description="说明，如外观、配件 · note, such as its condition")] = ""


class DeviceLoss(OperationRequest):
    """Records that the holder lost a device, and takes what it is still worth."""

    account: AccountNumber
    document_number: DocumentNumber
    serial: SerialNumber
    payment: Annotated[Paid | None, Field(description="收款 · the customer's payment")] = None


def show(tx: Tx, counter: Counter, request: DevicesQuery, actor: Actor, now: datetime) -> OperationOutcome:
    """Show an account's devices. `result`: account, and `devices` as of `DeviceShown`.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "devices", request, actor, now, lambda act: _show(act, request))


def take_back(tx: Tx, counter: Counter, request: DeviceReturn, actor: Actor, now: datetime) -> OperationOutcome:
    """Take a device back. `result`: account, serial, `paid_back` in yuan: the deposit. Raises NotAllowed, KeyReused,
    BadInput."""
    return carry_out(tx, counter, "return-device", request, actor, now, lambda act: _take_back(act, request))


def lose(tx: Tx, counter: Counter, request: DeviceLoss, actor: Actor, now: datetime) -> OperationOutcome:
    """Record a lost device and charge it. `result`: account, serial, `charged` in yuan, invoice.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "lose-device", request, actor, now, lambda act: _lose(act, request))


def shown_devices(rows: Sequence[DeviceLine]) -> list[DeviceShown]:
    """Devices of accounts, for people."""
    return [_shown(row) for row in rows]


def _shown(row: DeviceLine) -> DeviceShown:
    assert row.account is not None  # rows of accounts have one
    assert row.issued_at is not None
    return DeviceShown(
        account=row.account,
        serial=row.serial,
        kind=row.kind,
        kind_title=str(DeviceKind(row.kind).label),
        model=row.model,
        state=row.state,
        state_title=str(DeviceState(row.state).label),
        since=row.issued_at,
    )


def device_lines(rows: Iterable[DeviceRow]) -> tuple[SlipLine, ...]:
    """Devices as lines of a slip."""
    return tuple(SlipLine(DeviceKind(row.kind).label, f"{row.model} {row.serial}") for row in rows)


def _show(act: Act, request: DevicesQuery) -> OperationResult:
    number = read_account_number(request.account)
    account = aliases.called(act.tx, [number], act.now).get(number)
    if account is None or not act.actor.covers(account.area):
        raise NoSuchCustomer()
    act.say_if_renamed(account, number)
    shown = shown_devices(devices.of_accounts(act.tx, [account.id], MOST))
    result = [each.model_dump(mode="json") for each in shown]
    return OperationResult(account, None, {"account": account.number, "devices": result})


def _take_back(act: Act, request: DeviceReturn) -> OperationResult:
    note = clean(request.note, NOTE, least=0)
    account, customer = authentication.by_document(act, request.account, request.document_number, ended=True)
    device = _at(act, account, request.serial)
    device_move(DeviceState(device.state), "return")
    devices.move(act.tx, [device], DeviceState.RETURNED, Cause(act.actor.name, act.now, act.serial, note))
    lines = device_lines([device])
    if note:
        lines += (SlipLine(Title("说明", "Note"), note),)
    payment: Payment | None = None
    red: Sequence[InvoiceMention] = ()
    if account.state == AccountState.CLOSED and device.kind == DeviceKind.ONT:
        payment, red = deposit_back(act, account)
    section = Section(Title("退回终端", "Device returned"), lines)
    invoice = next(iter(red), None)
    slip = act.slip(account.number, customer, sections=[section], payment=payment, invoice=invoice)
    back = write_yuan(-payment.total) if payment else None
    return OperationResult(account, slip, {"account": account.number, "serial": device.serial, "paid_back": back})


def _lose(act: Act, request: DeviceLoss) -> OperationResult:
    account, customer = authentication.by_document(act, request.account, request.document_number)
    device = _at(act, account, request.serial)
    device_move(DeviceState(device.state), "lose")
    worth = worth_now(act, device)
    devices.move(act.tx, [device], DeviceState.LOST, Cause(act.actor.name, act.now, act.serial))
    kind = DeviceKind(device.kind).label
    due = [(Title(f"{kind.zh}赔偿", f"{kind.en}, lost"), worth)]
    payment, invoice = billing.charge(act, account, customer.name, due, request.payment)
    lines = (
        *device_lines([device]),
        SlipLine(Title("发放日期", "Handed out"), str(_since(act, device))),
        SlipLine(Title("赔偿金额", "Charged"), f"{write_yuan(worth)} 元 yuan"),
    )
    section = Section(Title("终端遗失", "Device lost"), lines)
    slip = act.slip(account.number, customer, sections=[section], payment=payment, invoice=invoice)
    result = {"account": account.number, "serial": device.serial, "charged": write_yuan(worth)}
    return OperationResult(account, slip, {**result, "invoice": invoice.number if invoice else None})


def worth_now(act: Act, device: DeviceRow) -> int:
    """What a device at a customer's is still worth, in fen."""
    return price_now(device.price, _since(act, device), act.today, act.counter.device_months)


def _since(act: Act, device: DeviceRow) -> date:
    assert device.issued_at is not None  # the database's constraint `issued`
    return local_date(device.issued_at, act.counter.zone)


def _at(act: Act, account: AccountRow, typed: str) -> DeviceRow:
    """Lock the device, which must be at the account. Raises DeviceNotThere; BadInput."""
    serial = typed_serial(typed)
    device = next(iter(devices.lock(act.tx, [serial])), None)
    if device is None or device.account_id != account.id or device.state != DeviceState.ISSUED:
        raise DeviceNotThere(serial=serial, account=account.number)
    return device
