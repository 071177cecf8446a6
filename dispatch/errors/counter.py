"""Refusals of the counter 柜台: outcomes that stay on record with their reason."""

from __future__ import annotations

from dispatch.errors.base import DispatchError


class Refusal(DispatchError):
    """不予受理：{why}。
    Refused: {why}."""

    code = "refused"
    heading = "不予受理"


class NeedsConfirmation(Refusal):
    """须先向客户说明并确认（{warning}）：{what}。
    The customer must be told and confirm: {what} (confirm {warning})."""

    code = "needs-confirmation"
    heading = "须客户确认"


class ApprovalNeeded(Refusal):
    """须主管批准（{need}）。
    A supervisor must approve: {need}."""

    code = "approval-needed"
    heading = "须主管批准"


class ApprovalOver(DispatchError):
    """审批 {approval} 现为“{state}”，不能再审批。
    Approval {approval} is {state}: it can't be decided any more."""

    code = "approval-over"
    heading = "审批已结束"


class OwnApproval(DispatchError):
    """申请人不能审批自己的申请，请由另一位主管审批。
    Nobody approves what they asked for themselves: another supervisor must decide."""

    code = "own-approval"
    heading = "不能审批自己的申请"


class PortUnavailable(Refusal):
    """核验系统暂不可用，请稍后再办。
    It can't be checked now: come again later."""

    code = "port-unavailable"
    heading = "核验系统不可用"


class AuthenticationFailed(Refusal):
    """鉴权未通过：账号与证件号码或密码不符。
    Authentication failed: account and document or password don't match."""

    code = "authentication-failed"
    heading = "鉴权未通过"


class MobileNotBound(Refusal):
    """该手机号码没有绑定宽带账号。
    No broadband account is bound to the mobile number."""

    code = "mobile-not-bound"
    heading = "手机号码未绑定"


class WrongOldPassword(Refusal):
    """旧密码不符；如已忘记，可改办密码重置。
    The old password is wrong; if it is forgotten, have it reset instead."""

    code = "wrong-old-password"
    heading = "旧密码不符"


class BadCode(Refusal):
    """验证码不符或已失效。
    The code is wrong, or over."""

    code = "bad-code"
    heading = "验证码不符"


class CodeTooSoon(Refusal):
    """验证码刚发过，请{seconds}秒后再发。
    A code was sent a moment ago: send another in {seconds} seconds."""

    code = "code-too-soon"
    heading = "验证码刚发过"


class CodesEnough(Refusal):
    """验证码发送次数已满（{why}），请凭证件办理。
    No more codes can be sent ({why}): go by the document."""

    code = "codes-enough"
    heading = "验证码次数已满"


class AuthenticationLocked(Refusal):
    """鉴权失败次数过多，{minutes}分钟后再试。
    Too many failed authentications: try again in {minutes} min."""

    code = "authentication-locked"
    heading = "鉴权已锁定"


class WrongState(Refusal):
    """账号{account}现为“{state}”，不能办理{operation}。
    Account {account} is {state}: {operation} can't be done."""

    code = "wrong-state"
    heading = "当前状态不能办理"


class DocumentsMissing(Refusal):
    """资料不齐全，缺少：{missing}。
    Documents are missing: {missing}."""

    code = "documents-missing"
    heading = "资料不齐全"


class HandlerNeeded(Refusal):
    """单位须由经办人持证件和授权书办理。
    A unit acts through a handler, with their document and its authorisation."""

    code = "handler-needed"
    heading = "须由经办人办理"


class GuardianNeeded(Refusal):
    """未满18周岁，须监护人到场并出示证明。
    The customer is under 18: a guardian must be there, with proof of guardianship."""

    code = "guardian-needed"
    heading = "须监护人到场"


class AgentTooYoung(Refusal):
    """经办人未满18周岁，不能代办。
    The agent is under 18, and can't act for others."""

    code = "agent-too-young"
    heading = "经办人未成年"


class AuthorisationOver(Refusal):
    """授权书未写有效期或已过期，请出示有效的授权书。
    The authorisation says no last day, or is over: show one that counts."""

    code = "authorisation-over"
    heading = "授权书无效"


class IdentityMismatch(Refusal):
    """姓名与证件号码不一致。
    Name and number don't belong together."""

    code = "identity-mismatch"
    heading = "身份核验不符"


class ToBeVerified(Refusal):
    """暂不能办理，请到指定营业厅核实。
    It can't be done now: to be verified at an appointed shop."""

    code = "to-be-verified"
    heading = "须到店核实"


class TooManyLines(Refusal):
    """该证件名下已有{n}条宽带，达到上限。
    The document has {n} lines already: there can't be more."""

    code = "too-many-lines"
    heading = "宽带数量已达上限"


class Unprintable(Refusal):
    """字库缺字，受理单无法打印：{characters}。
    The slip can't be printed: its fonts lack {characters}."""

    code = "unprintable"
    heading = "无法打印"


class OtherRole(Refusal):
    """「{kind}」由{allowed}办理。
    {kind}: this is done by {allowed}."""

    code = "other-role"
    heading = "由其他角色办理"


class NotLiftedSo(Refusal):
    """「{kind}」须{what}方可开机。
    {kind}: lifted by {what} only."""

    code = "not-lifted-so"
    heading = "不能这样开机"


class ArrearsOpen(Refusal):
    """尚欠{sum}元，请先缴清。
    {sum} yuan are owed: to be paid first."""

    code = "arrears-open"
    heading = "尚有欠费"


class QuoteChanged(Refusal):
    """金额有变，请重新核对。
    The amount changed: to be checked again."""

    code = "quote-changed"
    heading = "金额有变"


class PauseLimit(Refusal):
    """{span}个月内最多停机保号{most}个月，已有{before}个月。
    At most {most} months of pause in {span}; there are {before} already."""

    code = "pause-limit"
    heading = "停机保号已满"


class AccountSuspended(Refusal):
    """账号{account}已停机（{reason}），须{what}方可开机。
    Account {account} is suspended: {reason}. It is lifted by {what}."""

    code = "account-suspended"
    heading = "账号已停机"


class AccountNotInService(Refusal):
    """账号{account}不在使用中，现为“{state}”。
    Account {account} is not in service: it is {state}."""

    code = "account-not-in-service"
    heading = "账号不在使用中"


class SameOwner(Refusal):
    """新机主与原机主为同一人，无须过户。
    The new owner is the present one: nothing is to be transferred."""

    code = "same-owner"
    heading = "无须过户"


class NameMismatch(Refusal):
    """该证件已登记在另一姓名下，请核对。
    This document is registered under another name: check it."""

    code = "name-mismatch"
    heading = "姓名不符"


class UnknownAddress(Refusal):
    """地址库中没有该地址，请核对门牌；需求已登记。
    The address is not among the standard addresses: check it; the demand was recorded."""

    code = "unknown-address"
    heading = "没有这个地址"


class UnknownAddressTyped(UnknownAddress):
    """地址库中没有该地址，请核对门牌；确实没有的，请登记需求。
    The address is not among the standard addresses: check it; if it is right, register the demand."""


class AddressInUse(Refusal):
    """该地址已有在用的宽带账号。
    The address has a broadband account already."""

    code = "address-in-use"
    heading = "地址已有账号"


class NoResources(Refusal):
    """该地址暂无接入资源，无法装机；需求已登记。
    No access resources reach the address; the demand was recorded."""

    code = "no-resources"
    heading = "无接入资源"


class NoResourcesFound(NoResources):
    """该地址暂无接入资源，无法装机；请登记需求。
    No access resources reach the address; register the demand."""


class NoPlaceFree(DispatchError):
    """地址“{address}”没有空余端口，或已有账号，不能通知登记人。
    No place is free at {address}, or it has an account: who asked can't be told that a line can be had."""

    code = "no-place-free"
    heading = "没有空余端口"


class MobileTaken(Refusal):
    """该手机号码已绑定其他宽带账号。
    The mobile number is bound to another account."""

    code = "mobile-taken"
    heading = "手机号码已被绑定"


class AlreadyBound(Refusal):
    """该手机号码已绑定本账号。
    The mobile number is bound to this account already."""

    code = "already-bound"
    heading = "已绑定本账号"


class NotBound(Refusal):
    """该手机号码未绑定本账号。
    The mobile number is not bound to this account."""

    code = "not-bound"
    heading = "未绑定本账号"


class AccountNameTaken(Refusal):
    """该手机号码已是其他宽带账号的名称。
    The mobile number is another account's name already."""

    code = "account-name-taken"
    heading = "账号名称已被使用"


class Renamed(Refusal):
    """该账号{day}已改为{new}。
    The account was renamed on {day}: now {new}."""

    # An act that finds an account by its former name says this sentence and goes on; to rename it again is refused.
    code = "renamed"
    heading = "账号已改名"


class NothingChanged(Refusal):
    """与现有资料相同，无须变更。
    That is what the books say already: nothing would change."""

    code = "nothing-changed"
    heading = "无须变更"


class DocumentTaken(Refusal):
    """该证件已登记在另一客户名下。
    The document is registered for another customer."""

    code = "document-taken"
    heading = "证件已登记"


class AnotherHolder(Refusal):
    """{what}等同更换机主，请办理过户。
    {what} makes it another holder's: transfer the ownership instead."""

    code = "another-holder"
    heading = "应办理过户"


class NoSuchCustomer(Refusal):
    """未查到该账号或证件的客户资料，请核对。
    Nothing is known of this account or document: check it."""

    code = "no-such-customer"
    heading = "未查到客户"


class OrderNotFailed(Refusal):
    """施工单{order}并未施工失败，不能退单。
    Construction order {order} hasn't failed: it can't be cancelled."""

    code = "order-not-failed"
    heading = "施工未失败"


class BadAppointment(Refusal):
    """预约时间应在今后{days}天之内，营业时间{hours}。
    An appointment lies within the next {days} days, while the outlet is open: {hours}."""

    code = "bad-appointment"
    heading = "预约时间有误"


class MoveOpen(Refusal):
    """移机未完成，暂不能办理。
    A move is open: this can't be done meanwhile."""

    code = "move-open"
    heading = "移机未完成"


class MovesNotOffered(Refusal):
    """派单规则没有移机流程（flows: move），不能办理移机。
    The routing rules have no flow for moves (flows: move): no account can be moved."""

    code = "moves-not-offered"
    heading = "不能办理移机"


class BadVisit(Refusal):
    """上门日期应为今天起{days}天之内。
    The visit's day is today or within the next {days} days."""

    code = "bad-visit"
    heading = "上门日期有误"


class UnknownPlan(Refusal):
    """没有这个营销案；现有：{known}。
    There is no such marketing plan; there are: {known}."""

    code = "unknown-plan"
    heading = "没有这个营销案"


class PlanNotOffered(Refusal):
    """不能办理营销案“{plan}”：{why}。
    The plan {plan} can't be had: {why}."""

    code = "plan-not-offered"
    heading = "不能办理该营销案"


class BadAmount(Refusal):
    """金额有误：{why}。
    The amount is wrong: {why}."""

    code = "bad-amount"
    heading = "金额有误"


class ReferenceUsed(Refusal):
    """交易参考号{reference}已用于另一笔收款。
    The reference {reference} stands for another payment already."""

    code = "reference-used"
    heading = "参考号已用过"


class DeviceNotThere(Refusal):
    """序列号{serial}不是账号{account}在用的终端，请核对。
    Device {serial} is not at account {account}: check the serial number."""

    code = "device-not-there"
    heading = "不是该账号的终端"


class NotWithdrawable(Refusal):
    """施工单{ticket}不能撤单：施工失败后由退单退费办理。
    Construction order {ticket} can't be withdrawn: once it has failed, cancel and refund ends it."""

    code = "not-withdrawable"
    heading = "不能撤单"
