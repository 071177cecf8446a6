"""终端 The devices that a report puts in or takes out: checked against the register, and moved with the report.

Evidence of the kinds `new-device` and `old-device` names them by serial number. What is put in must be carried by the
hop's holder; what is taken out must be at the account. Nobody may override that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from dispatch import effects
from dispatch.domain.account import LIVING, AccountState
from dispatch.domain.device import DeviceKind, DeviceState, device_move, read_serial
from dispatch.domain.finding import DEVICES, NEW_DEVICE, Evidence, Finding, Value
from dispatch.domain.numbers import hop_number
from dispatch.domain.requirement import DO, Unmet
from dispatch.domain.title import Title, Wording, WrongValue
from dispatch.effects import Order
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, devices, epoch
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx
from dispatch.storage.device_rows import DeviceRow
from dispatch.storage.devices import Cause
from dispatch.storage.rows import LockedHop


class Asked(NamedTuple):
    """A report whose evidence may name devices."""

    row: LockedHop
    finding: str
    evidence: Mapping[str, Value]


class _Fitting(NamedTuple):
    """What a report puts in and takes out."""

    row: LockedHop
    actor: str
    taken: tuple[DeviceRow, ...]
    put: tuple[DeviceRow, ...]


@dataclass
class Fittings:
    """The devices of a batch of reports, locked, and what its accounts have now. `onts`: serial numbers by account."""

    known: Mapping[str, DeviceRow] = field(default_factory=dict)
    accounts: Mapping[int, AccountRow] = field(default_factory=dict)
    onts: Mapping[int, str] = field(default_factory=dict)
    _noted: dict[int, _Fitting] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def unmet(self, row: LockedHop, finding: Finding, evidence: Mapping[str, Value]) -> tuple[Unmet, ...]:
        """What speaks against the devices of a report, whose evidence has the right form."""
        return tuple(self._unmet(row, finding, evidence))

    def note(self, row: LockedHop, actor: str, finding: Finding, evidence: Mapping[str, Value]) -> None:
        """Note the devices of a report that is taken; no other report of the batch may name them."""
        named = [(each, self.known[str(evidence[each.name])]) for each in _asked(finding, evidence)]
        taken = tuple(device for each, device in named if each.kind != NEW_DEVICE)
        put = tuple(device for each, device in named if each.kind == NEW_DEVICE)
        if named:
            self._noted[row.id] = _Fitting(row, actor, taken, put)
            self._used |= {device.serial for _, device in named}

    def carry_out(self, tx: Tx, without: Collection[int], now: datetime) -> None:
        """Move the devices that were noted, except those of these hops. A new ONT is let onto the line by an order."""
        noted = [each for hop_id, each in self._noted.items() if hop_id not in without]
        names = epoch.names(tx, epoch.OF_HOPS, [each.row.id for each in noted]) if noted else {}
        for each in noted:
            cause = Cause(each.actor, now, hop_number(each.row.kind, each.row.ticket_id, each.row.seq))
            devices.move(tx, each.taken, _moved(each.taken, "return", DeviceState.RETURNED), cause)
            account_id = each.row.account_id
            devices.move(tx, each.put, _moved(each.put, "issue", DeviceState.ISSUED), cause, account_id=account_id)
            for device in each.put:
                if device.kind == DeviceKind.ONT:
                    key, serial = f"hop/{names[each.row.id]}", device.serial
                    effects.provision(tx, key, self.accounts[account_id], Order.DEVICE, now, serial=serial)

    def _unmet(self, row: LockedHop, finding: Finding, evidence: Mapping[str, Value]) -> Iterator[Unmet]:
        put, taken, named = list[Evidence](), list[Evidence](), set[str]()
        for each in _asked(finding, evidence):
            serial = str(evidence[each.name])
            device = self.known.get(serial)
            is_new = each.kind == NEW_DEVICE
            used = serial in self._used or serial in named
            named.add(serial)
            where = _ALREADY_NAMED if used else self._new_at(row, each, device) if is_new else _old_at(row, device)
            if where is not None:
                yield _said(each, _carried(row) if is_new else _AT_THE_ACCOUNT, where)
            elif device is not None and device.kind == DeviceKind.ONT:
                (put if is_new else taken).append(each)
        there = self.onts.get(row.account_id)
        if put and there is not None and not taken:
            bound = Wording(
                f"连同换下的旧光猫 {there} 一起填报",
                f"must be reported together with the ONT that it replaces, {there}",
            )
            yield Unmet(put[0].name, _sentence(put[0].title, bound, None, DO[put[0].kind]))
        for each in put[1:]:
            yield Unmet(each.name, _sentence(each.title, _ONE_ONT, None, DO[each.kind]))
        if taken and not put:
            bound = Wording("连同换上的新光猫一起填报", "must be reported with the new one")
            yield Unmet(taken[0].name, _sentence(taken[0].title, bound, None, DO[taken[0].kind]))

    def _new_at(self, row: LockedHop, asked: Evidence, device: DeviceRow | None) -> Wording | None:
        """Where the device is instead of with the hop's holder; None: there it is."""
        if device is None:
            return _NOT_REGISTERED
        if asked.devices and device.kind not in asked.devices:
            kind = DeviceKind(device.kind).label
            return Wording(kind.zh, f"a {kind.en}")
        account = self.accounts.get(row.account_id)
        if account is not None and AccountState(account.state) not in LIVING:
            state = AccountState(account.state).label
            return Wording(f"账号{state.zh}", f"of an account that is {state.en.lower()}")
        if device.state != DeviceState.CARRIED:
            return _state(device)
        if device.person != row.holder:
            return Wording(f"由 {device.person} 领用", f"carried by {device.person}")
        return None


def look(tx: Tx, rulebook: Rulebook, reports: Sequence[Asked]) -> Fittings:
    """Lock the devices that these reports name, and their accounts."""
    serials, account_ids = set[str](), set[int]()
    for report in reports:
        findings = {each.name: each for each in rulebook.findings_of(report.row.kind, report.row.team)}
        if report.finding not in findings:
            continue
        for each in _asked(findings[report.finding], report.evidence):
            account_ids.add(report.row.account_id)
            try:
                serials.add(read_serial(str(report.evidence[each.name])))
            except WrongValue:
                continue  # the report is refused for its form
    if not account_ids:
        return Fittings()
    locked = {row.id: row for row in accounts.lock(tx, sorted(account_ids))}
    known = {row.serial: row for row in devices.lock(tx, serials)}
    return Fittings(known, locked, devices.issued_onts(tx, sorted(account_ids)))


def stated(finding: Finding) -> Iterator[tuple[str, Wording]]:
    """What is asked of a finding's devices, as a form states it before anything is sent: (evidence, sentence)."""
    for each in finding.evidence:
        if each.kind in DEVICES:
            bound = _OWN if each.kind == NEW_DEVICE else _AT_THE_ACCOUNT
            yield each.name, Wording(f"{each.title.zh}应{bound.zh}", f"{each.title.en}: {bound.en}")


def _asked(finding: Finding, evidence: Mapping[str, Value]) -> list[Evidence]:
    return [each for each in finding.evidence if each.kind in DEVICES and each.name in evidence]


def _old_at(row: LockedHop, device: DeviceRow | None) -> Wording | None:
    """Where the device is instead of at the account; None: there it is."""
    if device is None:
        return _NOT_REGISTERED
    if device.state == DeviceState.ISSUED and device.account_id == row.account_id:
        return None
    if device.state == DeviceState.ISSUED:
        return Wording("在其他账号", "another account's")
    return _state(device)


def _moved(rows: Sequence[DeviceRow], name: str, target: DeviceState) -> DeviceState:
    for row in rows:
        device_move(DeviceState(row.state), name)
    return target


_ALREADY_NAMED = Wording("重复填报", "reported twice")
_NOT_REGISTERED = Wording("未登记的终端", "not in the register")
_ONE_ONT = Wording("不填：一个账号只有一台光猫", "an account has one ONT only")
_OWN = Wording("为本人领用的终端", "must be carried by whoever reports")
_AT_THE_ACCOUNT = Wording("为该账号在用的终端", "must be a device of this account")


def _carried(row: LockedHop) -> Wording:
    return Wording(f"为 {row.holder} 领用的终端", f"must be carried by {row.holder}")


def _state(device: DeviceRow) -> Wording:
    state = DeviceState(device.state).label
    return Wording(state.zh, state.en.lower())


def _said(asked: Evidence, bound: Wording, where: Wording) -> Unmet:
    return Unmet(asked.name, _sentence(asked.title, bound, where, DO[asked.kind]))


def _sentence(title: Title, bound: Wording, where: Wording | None, do: Wording) -> Wording:
    is_ = Wording("", "") if where is None else Wording(f"，实为{where.zh}", f", is {where.en}")
    return Wording(f"{title.zh}应{bound.zh}{is_.zh}。{do.zh}", f"{title.en}: {bound.en}{is_.en}. {do.en}")
