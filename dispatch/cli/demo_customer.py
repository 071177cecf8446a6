"""One customer who goes the whole way, shown step by step: refused, opened, built, in service, moved, out of order,
mended, asked, complaining, cut off by mistake, gone. Everything is done by the acts of the counter and the teams,
through the workers that run."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from dispatch.accounts import waiting_list
from dispatch.accounts.asked_first import with_answers
from dispatch.accounts.billing import Paid
from dispatch.accounts.catalogue import OPERATIONS, Operation
from dispatch.accounts.closure import Closure, close
from dispatch.accounts.moving import AccountMove, move
from dispatch.accounts.opening import open_account
from dispatch.accounts.operation import Counter, OperationAccepted, OperationOutcome, OperationRequest
from dispatch.accounts.query import View, view
from dispatch.accounts.settlement import SettlementPreview, preview
from dispatch.cli.context import Desk
from dispatch.cli.demands import demand_table
from dispatch.cli.demo_board import has_ended
from dispatch.cli.demo_complaint import complain
from dispatch.cli.demo_hotline import take_calls
from dispatch.cli.journey import picture
from dispatch.cli.language import text
from dispatch.cli.outcomes import show
from dispatch.cli.output import out
from dispatch.cli.replay import drive
from dispatch.demo.households import STREETS, Household
from dispatch.demo.moving_in import CLERK, OpeningRefused, await_built, build, open_accounts
from dispatch.domain.kind import Kind
from dispatch.domain.money import write_yuan
from dispatch.domain.numbers import read_ticket_number
from dispatch.domain.time import local_date
from dispatch.ports.ledger import Ledger
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import ReplayMapping
from dispatch.reports import lists
from dispatch.storage import accounts, demands, devices, resources
from dispatch.storage.replay_runs import run_tickets

RUN, FAULT = "customer", "journey"
"""The names of the runs to which the customer's construction order and fault belong."""

JOURNEY = ("noc", "installer", "transmission", "installer")
"""The teams that the fault goes through: steps 8 to 14 of the source document."""

CUSTOMER = 880
"""The household's number: it has no faults later, and its name has a rare character."""

OUTSIDE_SECONDS = 60
"""Longest wait for a message or a paper."""


def whole_way(desk: Desk, counter: Counter, mapping: ReplayMapping, tend: Callable[[], None]) -> None:
    customer = Household(CUSTOMER)
    sms = SimulatedSmsGateway(desk.settings.root / "sms.db")

    _step(1, "地址无资源，登记需求", "nothing reaches the address: refused, and the demand is recorded")
    _enter(desk, customer.reach(served=False))
    _show(_refused(desk, counter, customer), desk)
    with desk.database.read() as tx:
        out.print(demand_table(demands.by_area(tx)))

    _step(2, "网络部门建设后开户", "once the network department has built a port: the account is opened")
    _enter(desk, customer.reach())
    [opened] = open_accounts(desk.database, counter, Ledger(desk.settings.ledger), RUN, [customer])
    account = str(opened.result["account"])
    _show(opened, desk)

    _step(3, "服务开通、上门施工、竣工", "provisioning, the installer's visit, in service")
    await_built(desk.database, counter, RUN, 1, tend)
    _picture(desk, RUN, Kind.CONSTRUCTION)
    _shown(desk, counter, account)
    _told(sms, account, tend)

    _step(
        4,
        "移机：先占新址端口，竣工后腾出旧址端口",
        "the line moves: two places are taken until it is built",
    )
    _moved(desk, counter, account, customer, tend)
    _shown(desk, counter, account)
    _told(sms, account, tend, "移机已完成")

    _step(5, "故障申告到归档、回访", "a fault, from the report to the callback")
    case = LoggedCase("J1", datetime.now(UTC), 2, 0, (JOURNEY,))
    drive(desk, FAULT, [case], mapping, tend, quiet=True, lines=(account,))
    _picture(desk, FAULT, Kind.FAULT)

    _step(6, "投诉、减免、答复", "a complaint: the bill is credited, a supervisor replies")
    complain(desk, account, lambda found: _await(found, tend))

    _step(
        7,
        "热线：非我方来电；已缴费仍停机",
        "the hotlines: a caller who isn't ours; a line that is cut though it is paid",
    )
    take_calls(desk, account, lambda found: _await(found, tend))

    _step(8, "结算、销户", "the customer brings the modem back, is paid back and leaves; the port is free again")
    closed = _left(desk, counter, account, customer)
    tray = desk.settings.root / "printed"
    for serial in (opened.slip, getattr(closed, "slip", None)):
        _printed(tray / f"{serial}.pdf", tend)


def _moved(desk: Desk, counter: Counter, account: str, customer: Household, tend: Callable[[], None]) -> None:
    """Move the line to another house of the same street, and have it built."""
    now, new = datetime.now(UTC), Household(CUSTOMER + len(STREETS))
    _enter(desk, new.reach())
    request = AccountMove(
        account=account,
        document_number=SecretStr(customer.document_number),
        address=new.address,
        day=local_date(now, counter.zone),
        part="evening",
        payment=Paid(method="cash", amount=write_yuan(counter.plans.move_fee)),
    )
    with desk.database.write() as tx:
        moving = move(tx, counter, request, CLERK, now)
    _show(moving, desk)
    if not isinstance(moving, OperationAccepted):
        raise OpeningRefused(f"{moving.code}: {moving.reason}")
    order = read_ticket_number(str(moving.result["order"]))

    def is_built() -> bool:
        build(desk.database, counter)
        return has_ended(desk, order)

    _await(is_built, tend)
    with desk.database.read() as tx:
        out.print(picture(desk, lists.journey(tx, order)))


def _left(desk: Desk, counter: Counter, account: str, customer: Household) -> OperationOutcome:
    """Preview the settlement, then close the account by it."""
    with desk.database.read() as tx:
        modem = tuple(devices.issued_onts(tx, [accounts.by_numbers(tx, [account])[account].id]).values())
    proved = {"account": account, "document_number": SecretStr(customer.document_number), "reason": "moving"}
    seen = _asked(desk, counter, preview, SettlementPreview.model_validate({**proved, "returned": modem}))
    total = str(seen.result["total"])
    paid = None if total.startswith("-") else Paid(method="cash", amount=total)
    settled = {"returned": modem, "quote": seen.result["quote"], "confirm": ("penalty-due", "settlement")}
    return _asked(desk, counter, close, Closure.model_validate({**proved, **settled, "payment": paid}))


def _asked(desk: Desk, counter: Counter, operation: Operation, request: OperationRequest) -> OperationOutcome:
    """Do an operation that asks billing first, and show it."""
    kind = next(name for name, (_, each) in OPERATIONS.items() if each is operation)
    ready = with_answers(counter, desk.database, kind, request, CLERK.role, datetime.now(UTC))
    with desk.database.write() as tx:
        done = operation(tx, ready, request, CLERK, datetime.now(UTC))
    _show(done, desk)
    return done


def _step(number: int, zh: str, en: str) -> None:
    out.print()
    out.print(f"[bold reverse] {number} [/] [bold]{text(zh, en)}[/]")


def _enter(desk: Desk, *reach: Any) -> None:
    with desk.database.write() as tx:
        resources.enter_addresses(tx, reach)
        waiting_list.tell_of_loaded(tx, reach, datetime.now(UTC), desk.settings.demand_turn)


def _refused(desk: Desk, counter: Counter, customer: Household) -> OperationOutcome:
    now = datetime.now(UTC)
    request = customer.application(counter.plans, local_date(now, counter.zone))
    with desk.database.write() as tx:
        return open_account(tx, counter, request, CLERK, now)


def _show(outcome: OperationOutcome, desk: Desk) -> None:
    show(outcome, as_document=False, desk=desk)


def _shown(desk: Desk, counter: Counter, account: str) -> None:
    with desk.database.write() as tx:
        _show(view(tx, counter, View(account=account, show=("accounts", "plans")), CLERK, datetime.now(UTC)), desk)


def _picture(desk: Desk, run: str, kind: Kind) -> None:
    with desk.database.read() as tx:
        [(ticket_id, _)] = run_tickets(tx, run, kind)
        out.print(picture(desk, lists.journey(tx, ticket_id)))


def _told(sms: SimulatedSmsGateway, account: str, tend: Callable[[], None], word: str = "已开通") -> None:
    """Wait for the short message about the account with this word in it, and show it."""
    told = _await(lambda: next((each for _, each in sms.inbox() if account in each and word in each), None), tend)
    out.print(text("[dim]短信：[/] ", "[dim]short message:[/] ") + told)


def _printed(file: Path, tend: Callable[[], None]) -> None:
    """Wait until the slip has come out of the printer, and show where it lies."""
    _await(file.exists, tend)
    out.print(f"{text('受理单', 'slip')} [bold]{file.stem}[/]: {file}", soft_wrap=True)


def _await(found: Callable[[], Any], tend: Callable[[], None]) -> Any:
    """Call `found` until it returns something true, and return that. Raises TimeoutError."""
    deadline = time.monotonic() + OUTSIDE_SECONDS
    while not (thing := found()):
        if time.monotonic() > deadline:
            raise TimeoutError("a message, a slip or a move that was booked has not come: see `dispatch effects`")
        tend()
        time.sleep(0.1)
    return thing
