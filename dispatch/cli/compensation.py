"""`dispatch compensate`: credit a customer's bill for a ticket; without a basis, what was and may be given."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, Reason, TicketName, option
from dispatch.cli.outcomes import ask_command
from dispatch.cli.output import give, said, zone
from dispatch.domain.compensation import Basis, Computed
from dispatch.domain.money import typed_yuan, write_yuan
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.roles import require
from dispatch.domain.title import WrongValue
from dispatch.errors import ApprovalNeeded, BadInput
from dispatch.storage import compensations as stored
from dispatch.storage import tickets
from dispatch.storage.complaint_rows import CompensationRow
from dispatch.tickets import compensation
from dispatch.tickets.compensation import COMPENSATION, WantedCredit

app = Commands()


@app.command()
def compensate(
    ticket: TicketName,
    basis: Annotated[
        str,
        option(
            zh="依据；不填则列出已减免和可减免的",
            en="why; without it: what was and may be given",
            metavar="|".join(Basis),
        ),
    ] = "",
    amount: Annotated[str, option(zh="协商的金额，元", en="sum that was agreed, yuan")] = "",
    reason: Reason = "",
    approval: Annotated[
        list[int], option("--approval", zh="主管批准的编号", en="number of a supervisor's approval")
    ] = [],  # noqa: B006
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Credit a customer's bill for a ticket."""
    desk = open_desk()
    actor, terms, ticket_id = desk.actor(name, role), desk.complaint_terms.compensation, read_ticket_number(ticket)
    if not basis:
        require(actor, "compensate", COMPENSATION)
        with desk.database.read() as tx:
            row = tickets.get(tx, ticket_id)
            if not actor.covers(row.area):
                raise tickets.not_found(ticket_id)
            given = [_json(each, row.kind) for each in stored.of_ticket(tx, ticket_id)]
            offered = compensation.offered(tx, desk.rulebook, terms, zone(), row)
        lines = [_line(Basis(str(each["basis"])), f"{write_yuan(int(str(each['fen'])))}") for each in given]
        lines += [_offer(each, found) for each, found in offered.items()]
        data = {"given": given, "offered": [_offered(each, found) for each, found in offered.items()]}
        give(as_json, data, "\n".join(lines))
        return
    wanted = WantedCredit(ticket_id, basis, reason, _fen(amount), approval)
    try:
        with desk.database.write() as tx:
            made = compensation.compensate(tx, desk.rulebook, terms, zone(), wanted, actor, now())
            kind = tickets.get(tx, ticket_id).kind
    except ApprovalNeeded as needed:
        if not as_json:
            typer.echo(ask_command(needed.facts), err=True)
        raise
    number, paid = ticket_number(kind, ticket_id), write_yuan(made.fen)
    told = text(f"{number}：已减免{paid}元，计入账单", f"{number}: {paid} yuan credited to the bill")
    give(as_json, _json(made, kind), told)


def _fen(amount: str) -> int | None:
    """Raises BadInput."""
    try:
        return typed_yuan(amount) if amount else None
    except WrongValue as wrong:
        raise BadInput(what=wrong.what) from None


def _line(basis: Basis, words: str) -> str:
    return f"{said(basis.label)} {basis}: {words}"


def _offer(basis: Basis, found: Computed | None) -> str:
    if found is None:
        return _line(basis, text("可协商（--amount）", "may be agreed (--amount)"))
    paid = write_yuan(found.fen)
    return _line(basis, text(f"可减免{paid}元，{found.days}天", f"{paid} yuan may be given, for {found.days} days"))


def _offered(basis: Basis, found: Computed | None) -> dict[str, object]:
    return {"basis": basis, "fen": found.fen if found else None, "days": found.days if found else None}


def _json(row: CompensationRow, kind: str) -> dict[str, object]:
    return {
        "ticket": ticket_number(kind, row.ticket_id),
        "basis": row.basis,
        "fen": row.fen,
        "days": row.days,
        "reason": row.reason,
        "by": row.by,
        "at": row.at,
        "approval": row.approval_id,
    }
