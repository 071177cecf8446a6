"""All operations of the counter by name: request model, function, reasons, labels of results, and closing words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dispatch.accounts.binding import Binding, BindingsQuery, Unbinding, bind, bindings, unbind
from dispatch.accounts.closure import Closure, close
from dispatch.accounts.demand import DemandRegistration, register
from dispatch.accounts.devices import DeviceLoss, DeviceReturn, DevicesQuery, lose, show, take_back
from dispatch.accounts.moving import AccountMove, move
from dispatch.accounts.opening import Opening, open_account
from dispatch.accounts.operation import Counter, OperationOutcome, OperationRequest
from dispatch.accounts.password import PasswordChange, PasswordReset, change, reset
from dispatch.accounts.plan_change import PlanChange, change_plan
from dispatch.accounts.profile import Modification, modify
from dispatch.accounts.proof import CodeRequest, send
from dispatch.accounts.query import View, view
from dispatch.accounts.refund import Appointment, Contact, Refund, appoint, contact, refund
from dispatch.accounts.renaming import Renaming, rename
from dispatch.accounts.resumption import Resumption, resume
from dispatch.accounts.settlement import SettlementPreview, preview
from dispatch.accounts.suspension import Suspension, suspend
from dispatch.accounts.transfer import Transfer, transfer
from dispatch.domain.demand import DemandState
from dispatch.domain.reasons import (
    CANCELLATION_REASONS,
    LEAVING_REASONS,
    RESUMPTION_REASONS,
    SUSPENSION_REASONS,
    Reasons,
)
from dispatch.domain.roles import Actor
from dispatch.domain.suspension import KNOWN_AS, SuspensionKind
from dispatch.domain.title import Title
from dispatch.storage.database import Tx

Operation = Callable[[Tx, Counter, Any, Actor, datetime], OperationOutcome]

OPERATIONS: Mapping[str, tuple[type[OperationRequest], Operation]] = {
    "register-demand": (DemandRegistration, register),
    "open": (Opening, open_account),
    "transfer": (Transfer, transfer),
    "settle-preview": (SettlementPreview, preview),
    "close": (Closure, close),
    "suspend": (Suspension, suspend),
    "resume": (Resumption, resume),
    "change-password": (PasswordChange, change),
    "reset-password": (PasswordReset, reset),
    "view": (View, view),
    "modify": (Modification, modify),
    "bind": (Binding, bind),
    "unbind": (Unbinding, unbind),
    "bindings": (BindingsQuery, bindings),
    "contact": (Contact, contact),
    "appoint": (Appointment, appoint),
    "refund": (Refund, refund),
    "rename": (Renaming, rename),
    "change-plan": (PlanChange, change_plan),
    "devices": (DevicesQuery, show),
    "return-device": (DeviceReturn, take_back),
    "lose-device": (DeviceLoss, lose),
    "send-code": (CodeRequest, send),
    "move": (AccountMove, move),
}

REASONS: Mapping[str, Reasons] = {
    "settle-preview": LEAVING_REASONS,
    "close": LEAVING_REASONS,
    "suspend": SUSPENSION_REASONS,
    "resume": RESUMPTION_REASONS,
    "refund": CANCELLATION_REASONS,
}

WITHOUT_SLIP = ("send-code", "register-demand", "view", "bindings", "contact", "appoint", "devices", "settle-preview")
ONLY_LOOKS = ("view", "bindings", "contact", "devices", "settle-preview")
"""Operations that change nothing. They are recorded all the same."""

LABELS: Mapping[str, Title] = {
    "slip": Title("受理单", "Slip"),
    "demand": Title("需求编号", "Demand"),
    "asked": Title("登记次数", "Times asked"),
    "state": Title("状态", "State"),
    "account": Title("宽带账号", "Account"),
    "before": Title("原账号", "Was called"),
    "renamed": Title("请告知", "Please say"),
    "kind": Title("停机种类", "Kind"),
    "from": Title("起", "From"),
    "until": Title("至", "Until"),
    "lifted": Title("已解除", "Lifted"),
    "suspended_for": Title("仍停机", "Still suspended"),
    "construction": Title("施工单", "Construction order"),
    "invoice": Title("发票", "Invoice"),
    "settlement": Title("结算", "Settlement"),
    "total": Title("合计（元），负数为应退", "Total in yuan, below zero: paid back"),
    "gift": Title("赠送余额，不退（元）", "Gifts, which lapse, in yuan"),
    "quote": Title("核价号", "Quote"),
    "changed": Title("已修改", "Changed"),
    "bound": Title("已绑定", "Bound"),
    "unbound": Title("已解除", "Unbound"),
    "plan": Title("营销案", "Plan"),
    "order": Title("施工单", "Construction order"),
    "mobile": Title("联系手机", "Mobile number"),
    "minutes": Title("有效（分钟）", "Good for, minutes"),
    "at": Title("预约", "Appointed for"),
    "paid_back": Title("退费（元）", "Paid back, yuan"),
    "visit": Title("上门时间", "Visit"),
    "effective_on": Title("生效日期", "Takes effect on"),
    "devices": Title("终端", "Devices"),
    "serial": Title("终端序列号", "Serial number"),
    "charged": Title("赔偿（元）", "Charged, yuan"),
    "red_letters": Title("红字发票", "Red-letter invoices"),
}

SAY: Mapping[str, Title] = {
    "register-demand": Title(
        "已登记您的需求。该地址可装宽带时，我们会短信通知您。",
        "Your demand is recorded. We send you a text message as soon as a line can be had there.",
    ),
    "open": Title(
        "请核对受理单和发票并签字。施工人员会在约定时间内上门，开通后有短信通知。",
        "Please check the slip and the invoice, and sign. An installer comes at the agreed time; a text message tells "
        "you when the line works.",
    ),
    "transfer": Title(
        "请新机主核对受理单并签字。今后凭新机主的证件和新密码办理业务。",
        "Will the new owner please check the slip and sign. From now on their document and the new password count.",
    ),
    "close": Title(
        "请核对受理单并签字。账号已销，绑定的手机号码和营销案同时终止。",
        "Please check the slip and sign. The account is closed; its bound numbers and its plan have ended.",
    ),
    "suspend.keep": Title(
        "请核对受理单和发票并签字。明日起停机，到期自动开机；想提前开机，随时来办理。",
        "Please check the slip and the invoice, and sign. The pause begins tomorrow and ends by itself; you may come "
        "back on any day.",
    ),
    "suspend.lost": Title(
        "请核对受理单。账号和端口均保留；机主本人带证件到营业厅即可解除挂失。",
        "Please check the slip. Account and port are kept; the holder ends this in person, with the document.",
    ),
    "resume": Title("请核对受理单并签字。停机已解除。", "Please check the slip and sign. The suspension is lifted."),
    "change-password": Title(
        "请核对受理单并签字。新密码已生效，请妥善保管。",
        "Please check the slip and sign. The new password is in force: keep it to yourself.",
    ),
    "reset-password": Title(
        "请核对受理单并签字。新密码已生效，请妥善保管。",
        "Please check the slip and sign. The new password is in force: keep it to yourself.",
    ),
    "modify": Title(
        "请核对受理单上修改前后的资料并签字。",
        "Please check the data before and after the change on the slip, and sign.",
    ),
    "bind": Title("请核对受理单并签字。号码已绑定。", "Please check the slip and sign. The number is bound."),
    "unbind": Title(
        "请核对受理单并签字。号码已解除绑定。", "Please check the slip and sign. The number is no longer bound."
    ),
    "appoint": Title(
        "已短信通知预约时间。请本人带好发票，凭账号和密码办理。",
        "The time was sent by text message. Please bring the invoice; we ask for the account and its password.",
    ),
    "refund": Title(
        "请核对受理单并签字，退费按原付款方式退回。",
        "Please check the slip and sign. The money is refunded the way it was paid.",
    ),
    "change-plan": Title(
        "请核对受理单上的营销案、生效日期和合约期并签字。生效时有短信通知。",
        "Please check plan, day and term on the slip, and sign. A text message tells you when the plan is in force.",
    ),
    "send-code": Title(
        "验证码已短信发送，请报给我；勿告诉其他人。",
        "A code was sent by text message: please tell it to me, and to nobody else.",
    ),
    "move": Title(
        "请核对受理单上的新址和上门时间并签字。移机完成前原址宽带照常使用，完成后有短信通知。",
        "Please check the new address and the visit on the slip, and sign. The line works where it is until it has "
        "moved; a text message tells you.",
    ),
    "rename": Title(
        "请核对受理单并签字。请记住新账号，上网时用新账号登录。",
        "Please check the slip and sign. Remember the new account: you log in with it from now on.",
    ),
    "return-device": Title(
        "请核对受理单上的序列号并签字。终端已收回。",
        "Please check the serial number on the slip, and sign. We have the device back.",
    ),
    "lose-device": Title(
        "请核对受理单和发票并签字。如需新终端，请报修更换。",
        "Please check the slip and the invoice, and sign. Report a fault if you need another device.",
    ),
}
"""The clerk's words to the customer after each operation, or after it with a `kind` in its result."""


def closing_words(operation: str, result: Mapping[str, object]) -> Title | None:
    """What the clerk tells the customer; None where no customer is there, as when the operator suspends a line."""
    return SAY.get(f"{operation}.{result.get('kind')}", SAY.get(operation))


WORDS: Mapping[str, Title] = {
    **{f"state.{state}": state.label for state in DemandState},
    **{f"{name}.{kind}": kind.label for name in ("kind", "lifted") for kind in SuspensionKind},
    **{f"suspended_for.{word}": kind.label for kind, word in KNOWN_AS.items()},
}
"""What people read for a word in a result, by the result's name and the word."""
