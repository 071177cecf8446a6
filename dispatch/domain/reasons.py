"""The reasons from which a clerk chooses, in the order in which the counter shows them. Pure.

The rule book demands a reason for suspending, resuming (section 4), leaving (3) and cancelling (10) but lists none;
these are the usual ones at a Chinese operator's counter. `other` always needs a note.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.text import is_seen
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadInput

Reasons = Mapping[str, Title]

OTHER = "other"

SUSPENSION_REASONS: Reasons = {
    "customer-request": Title("客户申请停机", "At the customer's request"),
    "away": Title("外出", "The customer is away"),
    "vacant": Title("房屋空置或装修", "The home is empty or renovated"),
    "lost-password": Title("账号密码丢失或被盗用", "Password lost or stolen"),
    "lost-document": Title("证件丢失", "Document lost"),
    "arrears": Title("欠费停机", "Bill not paid"),
    "real-name": Title("实名资料不合规", "Real-name registration not in order"),
    "used-by-another": Title("非登记人使用", "Used by somebody else than the holder"),
    "abuse": Title("违规使用", "Use against the contract"),
    "reselling": Title("私自转租转售", "Rented out or resold"),
    "attack": Title("网络攻击或垃圾信息", "Attacks or unwanted messages"),
    "official-order": Title("主管部门要求", "By order of an authority"),
    "fraud-risk": Title("涉诈风险处置", "Risk of fraud, by an authority's notice"),
    OTHER: Title("其他", "Other"),
}
"""停机原因. Each means one kind of suspension (`domain.suspension.MEANT_BY`)."""

RESUMPTION_REASONS: Reasons = {
    "customer-request": Title("客户申请开机", "At the customer's request"),
    "password-reset": Title("密码已重置", "Password was reset"),
    "arrears-paid": Title("欠费已缴清", "Bill was paid"),
    "real-name-corrected": Title("实名资料已补正", "Real-name registration was put in order"),
    "abuse-ended": Title("违规已整改", "Use is within the contract again"),
    "order-lifted": Title("主管部门已解除要求", "The authority lifted its order"),
    "wrongly-suspended": Title("误停恢复", "Was suspended by mistake"),
    OTHER: Title("其他", "Other"),
}
"""开机原因. Each settles one kind of suspension (`domain.suspension.SETTLES`)."""

LEAVING_REASONS: Reasons = {
    "moving": Title("搬迁", "Moving house"),
    "moving-unserved": Title("搬迁，新址无资源", "Moving to where there is no access"),
    "price": Title("资费偏高", "Too expensive"),
    "quality": Title("网速或稳定性不满意", "Not content with speed or stability"),
    "service": Title("服务不满意", "Not content with the service"),
    "competitor": Title("改用其他运营商", "Goes to another operator"),
    "other-line": Title("家中已有其他宽带", "Has another line at home"),
    "no-need": Title("不再使用", "No longer needed"),
    "term-over": Title("合约到期不再续约", "Contract term is over"),
    "holder-deceased": Title("机主身故", "The holder died"),
    OTHER: Title("其他", "Other"),
}
"""退网原因."""
WITHOUT_PENALTY = frozenset({"moving-unserved", "holder-deceased"})
"""Reasons for leaving before a term is over that cost no penalty 违约金."""

CANCELLATION_REASONS: Reasons = {
    "no-port": Title("无可用端口", "No port is free"),
    "no-way-for-cable": Title("无法布线", "No way for the cable"),
    "no-entry": Title("物业或业主不同意施工", "Property manager or owner lets nobody in"),
    "wrong-address": Title("装机地址有误", "Wrong address"),
    "customer-unreachable": Title("联系不上客户", "Customer can't be reached"),
    "customer-withdrew": Title("客户不再需要", "Customer no longer wants it"),
    "too-late": Title("未能按约定时间施工", "Not built by the agreed time"),
    "duplicate-order": Title("重复下单", "Ordered twice"),
    OTHER: Title("其他", "Other"),
}
"""退单原因."""


def read_reason(reasons: Reasons, name: str, note: str = "") -> Title:
    """The title of the reason `name`. Raises BadInput when it isn't listed, or is `other` and `note` says nothing."""
    if name not in reasons:
        listed = ", ".join(reasons)
        raise BadInput(
            what=Wording(f"没有原因“{name:.60}”；可选：{listed}", f"'{name:.60}' is none of the reasons: {listed}")
        )
    if name == OTHER and not is_seen(note):
        raise BadInput(
            what=Wording("原因选“其他”时须在备注中写明情况", "the reason `other` needs a note that says which")
        )
    return reasons[name]
