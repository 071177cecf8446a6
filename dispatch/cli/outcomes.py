"""What came of an account operation, as a clerk reads it and as scripts do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.padding import Padding
from rich.text import Text

from dispatch.accounts.operation import TITLES, Accepted, Outcome, Refused
from dispatch.accounts.shown import BindingShown, CustomerView
from dispatch.cli.customer_view import bindings_table, show_view
from dispatch.cli.desk import out, show_json, table
from dispatch.ticket.finding import Title

LABELS: Mapping[str, Title] = {
    "slip": Title("受理单", "Slip"),
    "account": Title("宽带账号", "Account"),
    "before": Title("原账号", "Was called"),
    "construction": Title("施工单", "Construction order"),
    "invoice": Title("发票", "Invoice"),
    "changed": Title("已修改", "Changed"),
    "bound": Title("已绑定", "Bound"),
    "unbound": Title("已解除", "Unbound"),
    "plan": Title("营销案", "Plan"),
    "order": Title("施工单", "Construction order"),
    "mobile": Title("联系手机", "Mobile number"),
    "at": Title("预约", "Appointed for"),
    "paid_back": Title("退费（元）", "Paid back, yuan"),
    "red_letters": Title("红字发票", "Red-letter invoices"),
}

SAY: Mapping[str, Title] = {
    "open": Title(
        "请核对受理单和发票并签字。施工人员会在约定时间内上门，开通后有短信通知。",
        "Please check slip and invoice, and sign. An installer comes by the agreed time; a short message tells when "
        "the line works.",
    ),
    "transfer": Title(
        "请新机主核对受理单并签字。今后凭新机主的证件和新密码办理业务。",
        "Will the new owner please check the slip and sign. From now on his document and the new password count.",
    ),
    "close": Title(
        "请核对受理单并签字。账号已销，绑定的手机号码和营销案同时终止。",
        "Please check the slip and sign. The account is closed; its bound numbers and its plan have ended.",
    ),
    "suspend": Title(
        "请核对受理单并签字。账号已停机，账号和端口均保留，可随时来办理开机。",
        "Please check the slip and sign. The service stops; account and port are kept, and can be resumed any time.",
    ),
    "resume": Title("请核对受理单并签字。账号已开机。", "Please check the slip and sign. The service goes on."),
    "change-password": Title(
        "请核对受理单并签字。新密码已生效，请妥善保管。",
        "Please check the slip and sign. The new password is in force: keep it to yourself.",
    ),
    "reset-password": Title(
        "请核对受理单并签字。新密码已生效，请妥善保管。",
        "Please check the slip and sign. The new password is in force: keep it to yourself.",
    ),
    "modify": Title(
        "请核对受理单上修改前后的资料并签字。", "Please check what stands before and after on the slip, and sign."
    ),
    "bind": Title("请核对受理单并签字。号码已绑定。", "Please check the slip and sign. The number is bound."),
    "unbind": Title(
        "请核对受理单并签字。号码已解除绑定。", "Please check the slip and sign. The number is bound no more."
    ),
    "appoint": Title(
        "已短信通知预约时间。请本人带好发票，凭账号和密码办理。",
        "A short message tells the time. Please bring the invoice; account and password are asked for.",
    ),
    "refund": Title(
        "请核对受理单并签字，退费按原付款方式退回。请交回发票。",
        "Please check the slip and sign. The money goes back the way it came. Please hand the invoice back.",
    ),
    "rename": Title(
        "请核对受理单并签字。请记住新账号，上网时用新账号登录。",
        "Please check the slip and sign. Keep the new name in mind: it is what you log in with.",
    ),
}
"""What the clerk tells the customer once it is done."""


def as_json(outcome: Outcome) -> dict[str, object]:
    """Flat: what the operation gave stands beside its outcome."""
    told: dict[str, object] = {"outcome": "accepted" if isinstance(outcome, Accepted) else "refused"}
    told |= {"operation": outcome.operation, "repeated": outcome.repeated}
    if isinstance(outcome, Accepted):
        told["slip"] = outcome.slip
    else:
        told |= {"code": outcome.code, "reason": outcome.reason}
    assert not told.keys() & outcome.result.keys()
    return {**told, **outcome.result}


def show(outcome: Outcome, json_out: bool) -> None:
    if json_out:
        show_json(as_json(outcome))
    elif isinstance(outcome, Refused):
        _show_refused(outcome)
    elif outcome.operation == "view":
        show_view(CustomerView.model_validate(outcome.result))
    elif outcome.operation == "bindings":
        rows: Any = outcome.result["bindings"]
        out.print(bindings_table([BindingShown.model_validate(row) for row in rows]))
    else:
        _show_accepted(outcome)


def _show_accepted(outcome: Accepted) -> None:
    _headline(outcome, "已受理 accepted", "green")
    shown = table(headed=False)
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(style="bold", overflow="fold")
    for key, value in {"slip": outcome.slip, **outcome.result}.items():
        if value not in (None, []):
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            shown.add_row(str(LABELS[key]), text)
    out.print(shown)
    say = SAY.get(outcome.operation)
    if say is not None:
        _paragraph("告知客户 Tell the customer", say.zh, say.en)
    if outcome.slip:
        _paragraph("再次打印 Print again", f"dispatch slip {outcome.slip} --out {outcome.slip}.pdf")


def _show_refused(outcome: Refused) -> None:
    _headline(outcome, f"不予受理 refused: {outcome.code}", "bold red")
    zh, mark, en = outcome.reason.partition("。")
    _paragraph("告知客户 Tell the customer", zh + mark, en.strip())
    confirm = outcome.result.get("confirm")
    if confirm is not None:
        _paragraph("客户确认后再办 Once the customer has confirmed, again with", f"--confirm {confirm}")


def _headline(outcome: Outcome, what: str, style: str) -> None:
    title = TITLES[outcome.operation]
    line = Text.assemble((str(title), "bold"), "  ", (what, style))
    if outcome.repeated:
        line.append("\n此前已办 done before, under this request key", style="yellow")
    out.print(line)


def _paragraph(heading: str, *lines: str) -> None:
    out.print(heading, style="dim")
    for line in filter(None, lines):
        out.print(Padding(Text(line), (0, 0, 0, 2)))
