"""`dispatch approval`: ask a supervisor to allow an act; what was asked; approve or refuse it."""

from __future__ import annotations

from typing import Annotated

from rich.text import Text

from dispatch import approvals
from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, Reason, argument, option
from dispatch.cli.output import give, local, note_limit, print_rows, said, table
from dispatch.domain.approval import GOOD_FOR, ApprovalNeed, ApprovalState
from dispatch.domain.money import typed_yuan, write_yuan
from dispatch.domain.title import WrongValue
from dispatch.errors import BadInput
from dispatch.storage import approvals as stored
from dispatch.storage.operation_rows import ApprovalRow

approval = Commands()

_Number = Annotated[int, argument("审批编号", "the approval's number", metavar="NUMBER")]


@approval.command(
    help=text(
        "请主管批准：事项、对象、片区和金额照不予受理时所示填写",
        "Ask a supervisor: act, subject, area and amount as the refusal named them.",
    )
)
def ask(
    act: Annotated[str, argument("审批事项", "the act that needs it", metavar="|".join(ApprovalNeed))],
    subject: Annotated[str, argument("对象，如 account/12", "what it is done to, as account/12")],
    area: Annotated[str, option(zh="片区", en="the area whose supervisors decide")],
    reason: Reason = "",
    amount: Annotated[str, option(zh="金额，元", en="sum of money, yuan")] = "",
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Ask a supervisor to allow an act."""
    desk = open_desk()
    actor, fen = desk.actor(name, role), _fen(amount)
    with desk.database.write() as tx:
        row = approvals.ask(tx, act, subject, area, fen, reason, actor, now())
    give(as_json, _json(row), text(f"审批 {row.id}：已提交，等待主管", f"approval {row.id}: waits for a supervisor"))


@approval.command(
    "list", help=text("审批一览，最新在前；或只列待批的", "List the requests, the newest first; or those that wait.")
)
def list_(
    waiting: Annotated[bool, option("--waiting", zh="只列待批的", en="only those that wait")] = False,
    limit: Annotated[int, option(zh="最多列出", en="at most", show_default=True, min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the requests for approval."""
    with open_desk().database.read() as tx:
        rows = stored.waiting(tx, now() - GOOD_FOR, limit) if waiting else stored.listed(tx, limit)
        names = stored.subjects(tx, rows)

    def show() -> None:
        shown = table()
        shown.add_column(text("编号", "No."), justify="right", no_wrap=True)
        shown.add_column(text("事项 对象", "Act, subject"), overflow="fold")
        shown.add_column(text("申请", "Asked"), no_wrap=True)
        shown.add_column(text("原因", "Why"), overflow="fold")
        shown.add_column(text("状态", "State"), no_wrap=True)
        for row in rows:
            money = "" if row.fen is None else f"\n{write_yuan(row.fen)}"
            what = f"{said(ApprovalNeed.label_of(row.act))}\n{names.get(row.subject, row.subject)} {row.area}{money}"
            by = f"\n{row.decided_by}" if row.decided_by else ""
            state = said(approvals.state(row, now()).label) + by
            who = f"{row.asked_by}\n{local(row.asked_at, '%m-%d %H:%M')}"
            shown.add_row(str(row.id), Text(what), Text(who), Text(row.reason), Text(state))
        print_rows(shown)
        note_limit(len(rows), limit)

    give(as_json, [_json(row) for row in rows], show)


@approval.command(
    help=text("批准：申请人可在30分钟内办理一次", "Approve: the asker may do it once, within half an hour.")
)
def approve(number: _Number, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Approve a request."""
    _decide(number, ApprovalState.APPROVED, name, role, as_json)


@approval.command(help=text("不批准", "Refuse to approve."))
def refuse(number: _Number, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Refuse a request."""
    _decide(number, ApprovalState.REFUSED, name, role, as_json)


def _decide(number: int, outcome: ApprovalState, name: str, role: str, as_json: bool) -> None:
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.write() as tx:
        row = approvals.decide(tx, number, outcome, actor, now())
    give(
        as_json,
        _json(row),
        text(f"审批 {row.id}：{outcome.label.zh}", f"approval {row.id}: {outcome.label.en.lower()}"),
    )


def _fen(amount: str) -> int | None:
    """Raises BadInput."""
    if not amount:
        return None
    try:
        return typed_yuan(amount)
    except WrongValue as wrong:
        raise BadInput(what=wrong.what) from None


def _json(row: ApprovalRow) -> dict[str, object]:
    return {
        "approval": row.id,
        "act": row.act,
        "subject": row.subject,
        "area": row.area,
        "fen": row.fen,
        "asked_by": row.asked_by,
        "reason": row.reason,
        "asked_at": row.asked_at,
        "state": approvals.state(row, now()),
        "decided_by": row.decided_by,
        "decided_at": row.at,
    }
