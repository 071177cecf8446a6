"""Names for people of the acts on reports, tickets and hops: moves and other entries of the history. Pure.

Source: 家庭宽带业务流程 V1.0, and `docs/glossary.md`.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.title import Title, TitledEnum, Wording

ACTS: Mapping[str, Title] = {  # in English as a history tells them
    "claim": Title("接单", "Claimed"),
    "report": Title("回单", "Reported"),
    "pass on": Title("转派", "Passed on"),
    "hand back": Title("退回", "Handed back"),
    "give back": Title("退接", "Given back"),
    "hold": Title("挂起", "Put on hold"),
    "resume": Title("解挂", "Resumed"),
    "agree on visit": Title("约定上门", "Visit agreed"),
    "set out": Title("出发上门", "Set out"),
    "release": Title("放行", "Released"),
    "take back": Title("收回", "Taken back"),
    "hand over": Title("移交", "Handed over"),
    "see transfers": Title("查看转接来电", "See transferred calls"),
    "take next call": Title("接听下一个", "Answer the next call"),
    "take call": Title("接听", "Call answered"),
    "hang up": Title("客户挂断", "Caller hung up"),
    "refer callers": Title("登记非我方来电", "Refer callers elsewhere"),
    "see referrals": Title("查看非我方来电", "See callers referred elsewhere"),
    "urge": Title("催单", "Urged"),
    "withdraw": Title("撤单", "Withdrawn"),
    "submit": Title("受理", "Report taken"),
    "transfer": Title("转10086", "Transferred to 10086"),
    "refer": Title("转出", "Referred elsewhere"),
    "solve": Title("电话解决", "Solved on the phone"),
    "open": Title("派单", "Dispatched"),
    "overdue": Title("超时", "Overdue"),
    "line test": Title("线路补测", "Line tested"),
    "override": Title("佐证特批", "Evidence overridden"),
    "no line test": Title("停止补测", "Line test given up"),
    "finish": Title("系统完成", "Done by itself"),
    "answer": Title("客户答复", "Customer answered"),
    "reopen": Title("重派", "Reopened"),
    "take over": Title("接手", "Taken over"),
    "work on": Title("办理", "Work on"),
    "add accounts": Title("登记账号", "Add accounts"),
    "load": Title("导入", "Load"),
    "sign slips": Title("受理单签名", "Slip signed"),
    "call customers": Title("电话回访", "Call customers"),
    "see who is listed": Title("查看须核实的人员", "See who must be verified"),
    "see requests": Title("查看装维请求", "See installers' requests"),
    "see opinions": Title("查看客户评价", "See customers' opinions"),
    "complain": Title("受理投诉", "Complaint taken"),
    "contact": Title("联系客户", "Customer called"),
    "call about a complaint": Title("联系投诉客户", "Call about a complaint"),
    "compensate": Title("减免", "Compensated"),
    "see complaints": Title("查看投诉", "See complaints"),
    "see demands": Title("查看需求登记", "See demands"),
    "see who asked": Title("查看登记人的联系方式", "See who asked for a line"),
    "notify": Title("通知登记人", "Tell who asked for a line"),
    "end": Title("结束需求", "End a demand"),
    "export who asked": Title("导出登记人的联系方式", "Export who asked for a line"),
    "ask for approval": Title("请主管批准", "Ask for a supervisor's approval"),
    "see approvals": Title("查看审批", "See approvals"),
    "decide approvals": Title("审批", "Decide approvals"),
    "rebuild the search": Title("重建查找索引", "Rebuild the search"),
    "load devices": Title("导入终端", "Load devices"),
    "see devices": Title("查看终端", "See devices"),
    "hand out": Title("发放终端", "Hand devices out"),
    "take in": Title("终端入库", "Take devices in"),
    "lose": Title("终端报失", "Report devices lost"),
    "scrap": Title("终端报废", "Scrap devices"),
    "issue": Title("装上终端", "Put a device in"),
    "return": Title("退回终端", "Return a device"),
    "lapse": Title("恢复等待", "Wait again"),
    "report on": Title("回单", "Report"),
    "send": Title("派发", "Send"),
    "receive": Title("接收", "Receive"),
    "board": Title("上看板", "Show on the board"),
    "postpone": Title("推迟", "Postpone"),
    "quarantine": Title("隔离", "Quarantine"),
    "remind": Title("提醒", "Remind"),
    "archive": Title("归档", "Archive"),
    "close": Title("结单", "Close"),
    "confirm": Title("确认", "Confirm"),
    "activate": Title("开通", "Activate"),
    "suspend": Title("停机", "Suspend"),
    "cancel": Title("退单", "Cancel"),
    "get a photo": Title("加照片", "Get a photo"),
}


class Parting(TitledEnum):
    """Why a hop left the hands of its holder; the `why` of the history's entries `take back` and `hand over`."""

    DISABLED = "disabled", Title("已停用", "disabled")
    LOST_ROLE = "lost the role", Title("不再有此角色", "no longer in this role")
    NO_USER = "no user", Title("系统中没有此用户", "not a user")


def act_title(name: str) -> Title:
    """The act's name for people; its own name where `ACTS` has none."""
    return ACTS.get(name, Title(name, name))


def told_title(name: str, role: str, *, of_hop: bool) -> Title:
    """The title of a history's entry. A ticket's report came from a customer, a hop's from a team; a hop that a person
    finishes is a survey, which the customer answered."""
    if name == "report" and not of_hop:
        name = "submit"
    elif name == "finish" and role != "worker":
        name = "answer"
    return act_title(name)


def act_wording(name: str) -> Wording:
    """The act in a sentence: its Chinese name, and in English the name by which the program knows it."""
    return Wording(act_title(name).zh, name)
