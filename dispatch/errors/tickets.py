"""Errors of the lives of tickets and hops."""

from __future__ import annotations

from dispatch.errors.base import ALTERNATIVES, DispatchError


class IllegalMove(DispatchError):
    """{what} 现为“{state}”，不能{move}；须为：{sources}。
    {what} can't {move}: it is {state}, and that move starts from {sources}."""

    code = "illegal-move"
    heading = "当前状态不能这样办理"
    between = ALTERNATIVES


class AlreadyClaimed(DispatchError):
    """环节 {hop} 已由 {holder} 接单。
    Hop {hop} was already claimed by {holder}."""

    code = "already-claimed"
    heading = "已被接单"


class NoVisits(DispatchError):
    """环节 {hop} 的班组“{team}”不上门。
    Hop {hop} is of the team {team}, which goes to no customers."""

    code = "no-visits"
    heading = "该班组不上门"


class NobodyAsked(DispatchError):
    """环节 {hop} 不能退回，没有派单方：请回单，或转派。
    Hop {hop} can't be handed back: no team asked for it. Report a finding, or pass it on."""

    code = "nobody-asked"
    heading = "没有派单方"


class NotPassable(DispatchError):
    """班组 {team} 不能转派给 {to}；可转派给：{allowed}。
    Team {team} may not pass work on to {to}; it may pass on to: {allowed}."""

    code = "not-passable"
    heading = "不能转派"


class UrgedEnough(DispatchError):
    """工单 {ticket} 现在不能催单：{why}。
    Ticket {ticket} can't be urged now: {why}."""

    code = "urged-enough"
    heading = "现在不能催单"


class HeldTooLong(DispatchError):
    """挂起须在今后 {limit} 内结束，{until} 不在其内。
    A hold must end in the future and within {limit}; {until} does not."""

    code = "held-too-long"
    heading = "挂起时间有误"


class CallTaken(DispatchError):
    """工单 {ticket} 的来电由 {agent} 在接听。
    Call of ticket {ticket} is being answered by {agent}."""

    code = "call-taken"
    heading = "有人在接听"


class SurveyOver(DispatchError):
    """回访已有答复或已结束。
    This survey has already been answered or has ended."""

    code = "survey-over"
    heading = "回访已结束"


class CalledLately(DispatchError):
    """工单 {ticket} 已回访 {calls} 次：最多两次，且不在同一个半天内。
    The customer of ticket {ticket} was called {calls} times: twice is the most, and not in the same half of a day."""

    code = "called-lately"
    heading = "已电话回访"


class SurveyNotOpen(SurveyOver):
    """工单 {ticket} 尚未归档，还不能登记回访。
    Ticket {ticket} is not archived yet: its survey begins after that."""

    heading = "回访未开始"


class ComplaintsNotTaken(DispatchError):
    """派单规则没有投诉流程（flows: complaint），不能受理投诉。
    The routing rules have no flow for complaints (flows: complaint): none can be taken."""

    code = "complaints-not-taken"
    heading = "不能受理投诉"


class DuplicateComplaint(DispatchError):
    """账号 {account} 已有同类投诉 {ticket} 未办结：请催该单；如确为另一件事，请确认（--again）。
    Account {account} already has an open complaint {ticket} of this kind: urge that one, or confirm that this is
    another matter (--again)."""

    code = "duplicate-complaint"
    heading = "重复投诉"


class NothingToCompensate(DispatchError):
    """工单 {ticket} 没有可减免的：{why}。
    Nothing is to be compensated on ticket {ticket}: {why}."""

    code = "nothing-to-compensate"
    heading = "没有可减免的"


class CompensatedBefore(DispatchError):
    """工单 {ticket} 已按“{basis}”减免 {sum} 元。
    Ticket {ticket} was compensated before ({basis}): {sum} yuan."""

    code = "compensated-before"
    heading = "已减免"
