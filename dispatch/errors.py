"""One tree of errors. Each carries its facts; its docstring is its message, the first line Chinese, the rest English.

An edge picks the language: the command line by the environment, the API by Accept-Language, a page by its switch.
`str(error)` is the English sentence: logs are English. Each class also has a stable `code` for programs, and a heading
that names the kind of error for people. HTTP statuses and exit statuses belong to the edges (`web`, `cli`).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Protocol, runtime_checkable

_Language = Literal["zh", "en"]
"""The same as `dispatch.domain.language.Language`: this module imports nothing of the project."""


@runtime_checkable
class Worded(Protocol):
    """A fact with a wording in each language: a `Title`, a `Wording`."""

    def text(self, language: _Language) -> str: ...


class DispatchError(Exception):
    """出现错误。
    Something went wrong."""

    code: ClassVar[str] = "error"
    heading: ClassVar[str] = "出错"
    between: ClassVar[Mapping[_Language, str]] = {"zh": "、", "en": ", "}
    """What stands between the items of a fact that is a list."""

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.sentence("en"))

    def __str__(self) -> str:
        return self.sentence("en")

    @classmethod
    def template(cls, language: _Language) -> str:
        """The message with names of facts in braces."""
        zh, _, en = (inspect.getdoc(cls) or "").partition("\n")
        return zh if language == "zh" else en.replace("\n", " ")

    @classmethod
    def title(cls, language: _Language) -> str:
        """The kind of error in a few words."""
        return cls.heading if language == "zh" else cls.code.replace("-", " ").capitalize()

    def sentence(self, language: _Language) -> str:
        """The message in one language."""
        facts = {name: _say(fact, language, self.between[language]) for name, fact in self.facts.items()}
        return self.template(language).format(**facts)


def _say(fact: object, language: _Language, between: str) -> object:
    match fact:
        case list() | tuple() | set() | frozenset():
            return between.join(str(_say(item, language, between)) for item in fact)
        case Worded():
            return fact.text(language)
        case _:
            return fact


_SENTENCES: Mapping[_Language, str] = {"zh": "；", "en": "; "}
_ALTERNATIVES: Mapping[_Language, str] = {"zh": "、", "en": " or "}
_LINES: Mapping[_Language, str] = {"zh": "\n", "en": "\n"}
_INDENTED: Mapping[_Language, str] = {"zh": "\n  ", "en": "\n  "}


# -- the installation ---------------------------------------------------------------------------


class BadSettings(DispatchError):
    """设置有误：{faults}
    The settings are wrong: {faults}"""

    code = "bad-settings"
    heading = "设置有误"
    between = _SENTENCES

    def __init__(self, *faults: Worded) -> None:
        self.faults = faults
        super().__init__(faults=faults)


class SchemaOutdated(DispatchError):
    """数据库结构为 {found} 版，本程序需要 {wanted} 版：请运行 `dispatch migrate`。
    The database is at schema {found}, this program needs {wanted}: run `dispatch migrate`."""

    code = "schema-outdated"
    heading = "数据库结构不符"


class MissingPart(DispatchError):
    """缺少{part}：{remedy}。
    {part} is not there: {remedy}."""

    code = "missing-part"
    heading = "缺少部件"


class MissingGlyph(MissingPart):
    """{folder} 中的字体缺字，无法打印 {characters}：请改用中文字体齐全的目录。
    The fonts in {folder} can't print {characters}: name another folder, with a Chinese font and one that has what is
    missing."""

    code = "missing-glyph"
    heading = "字体缺字"


class TypesettingFailed(DispatchError):
    """无法排版 {template}：{why}
    {template} could not be printed: {why}"""

    code = "typesetting-failed"
    heading = "排版失败"


class AlreadyRunning(DispatchError):
    """{home} 上已有 `dispatch up` 在运行（进程 {pid}）：请先停止它，或另设 DISPATCH_HOME。
    Another `dispatch up` (process {pid}) already runs on {home}; stop it first or set another DISPATCH_HOME."""

    code = "already-running"
    heading = "已在运行"


class RunUnderWay(DispatchError):
    """批次 {name} 正在进行（进程 {pid}）：请等它结束，或用 --name 另取名称。
    Run {name} is under way already (process {pid}): wait until it has ended, or give --name another name."""

    code = "run-under-way"
    heading = "批次正在进行"


class NotRunning(DispatchError):
    """{home} 上没有运行中的程序：请先启动 `dispatch up`。
    Nothing is running on {home}: start `dispatch up` first."""

    code = "not-running"
    heading = "未在运行"


class NoInstallation(MissingPart):
    """{home} 中没有安装：请把 DISPATCH_HOME 设为正确的目录，或用 dispatch up 新建。
    There is no installation in {home}: set DISPATCH_HOME to the right folder, or make one with `dispatch up`."""

    code = "no-installation"
    heading = "没有安装"


class BackupFailed(DispatchError):
    """{what}失败，未作任何改动：{why}
    {what} failed, nothing was changed: {why}"""

    code = "backup-failed"
    heading = "备份或恢复失败"


class WouldOverwrite(DispatchError):
    """{what} 已存在，未作任何改动：{remedy}
    {what} is there already, and nothing was changed: {remedy}"""

    code = "would-overwrite"
    heading = "会覆盖已有内容"


# -- what was asked for ---------------------------------------------------------------------------


class BadInput(DispatchError):
    """{what}
    {what}"""

    code = "bad-input"
    heading = "输入有误"


class BadRequest(DispatchError):
    """请求有误，未办理：{faults}
    The request is wrong, nothing was done:{faults}"""

    code = "bad-request"
    heading = "请求有误"
    between = _INDENTED

    def __init__(self, faults: Sequence[Worded]) -> None:
        super().__init__(faults=("", *faults))


class BadFile(DispatchError):
    """{file} 有 {count} 处错误：{faults}
    {count} fault(s) in {file}:{faults}"""

    code = "bad-file"
    heading = "文件有误"
    between = _LINES

    def __init__(self, *, file: str, faults: Sequence[Worded]) -> None:
        self.faults = tuple(faults)
        self.lines = self.lines_in("en")
        super().__init__(file=file, faults=("", *faults), count=len(faults))

    def lines_in(self, language: _Language) -> tuple[str, ...]:
        """Every fault, `FILE:LINE:COLUMN: message`."""
        return tuple(fault.text(language) for fault in self.faults)


class BadRules(BadFile):
    """{file} 有 {count} 处错误：{faults}
    {count} fault(s) in {file}:{faults}"""

    code = "bad-rules"
    heading = "规则有误"


class BadReplayFile(BadFile):
    """{file} 有 {count} 处错误，未回放任何数据；请改正后重新回放：{faults}
    {count} fault(s) in {file}; nothing was fed. Mend them, then replay again:{faults}"""

    code = "bad-replay-file"
    heading = "回放文件有误"


class BadReplayMapping(BadReplayFile):
    """{file} 与班组的对应有 {count} 处错误，未回放任何数据；请改正后重新回放：{faults}
    {count} fault(s) in how {file} is mapped to teams; nothing was fed. Mend them, then replay again:{faults}"""

    code = "bad-replay-mapping"
    heading = "回放对应表有误"


class BadAddressFile(BadFile):
    """{file} 有 {count} 处错误，未导入任何地址；请改正后重新导入：{faults}
    {count} fault(s) in {file}; nothing was entered. Mend them, then load again:{faults}"""

    code = "bad-address-file"
    heading = "地址文件有误"


class KeyReused(DispatchError):
    """请求号 {key} 已用于另一请求：新请求须用新的请求号。
    Request key {key} was used for another request: a new request needs a key of its own."""

    code = "key-reused"
    heading = "请求号已用过"


class NotFound(DispatchError):
    """没有{what} {which}。
    There is no {what} {which}."""

    code = "not-found"
    heading = "没有找到"


class UnknownAccount(DispatchError):
    """没有宽带账号 {account}：请核对账号，或用 `dispatch account add` 登记。
    There is no broadband account {account}: check the number, or enter it with `dispatch account add`."""

    code = "unknown-account"
    heading = "没有这个账号"


class DuplicateFault(DispatchError):
    """账号 {account} 已有未办结的故障 {ticket}：请催该单；如确为另一故障，请确认（--despite-duplicate）。
    Account {account} already has an open fault {ticket}: urge that one, or confirm that this is another fault
    (--despite-duplicate)."""

    code = "duplicate-fault"
    heading = "重复报障"


class UnknownFinding(DispatchError):
    """班组 {team} 不能回 {finding}；可回：{allowed}。
    Team {team} can't report {finding}; it may report: {allowed}."""

    code = "unknown-finding"
    heading = "没有这种结论"


class UnknownSymptom(DispatchError):
    """没有故障现象 {symptom}；可选：{known}。
    There is no symptom {symptom}; known are: {known}."""

    code = "unknown-symptom"
    heading = "没有这种现象"


class BadAnswer(DispatchError):
    """预处理 {symptom} 问的是 {asked}，答的是 {given}；可答：{allowed}。
    Pre-handling of {symptom} asks {asked}; {given} was given. Allowed: {allowed}."""

    code = "bad-answer"
    heading = "答案有误"


class BadEvidence(DispatchError):
    """{finding} 的佐证不全或有误：{faults}
    The evidence for {finding} isn't complete: {faults}"""

    code = "bad-evidence"
    heading = "佐证不全或有误"
    between = _SENTENCES


# -- what the counter refuses -----------------------------------------------------------------------


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


class AuthenticationLocked(Refusal):
    """鉴权失败次数过多，{minutes}分钟后再试。
    Too many failed authentications: try again in {minutes} minutes."""

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


class Unprintable(Refusal):
    """字库缺字，受理单无法打印：{characters}。
    The slip can't be printed: its fonts lack {characters}."""

    code = "unprintable"
    heading = "无法打印"


class AccountSuspended(Refusal):
    """账号{account}已停机（{reason}），请先办理开机。
    Account {account} is suspended: {reason}. Resume it first."""

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
    """地址库中没有该地址，请核对门牌。
    The address is not among the standard addresses: check it."""

    code = "unknown-address"
    heading = "没有这个地址"


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
    """该地址暂无接入资源，无法装机；提交后登记需求。
    No access resources reach the address; submit, to have the demand recorded."""


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
    """预约时间应在今后{days}天之内。
    An appointment lies within the next {days} days."""

    code = "bad-appointment"
    heading = "预约时间有误"


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


class UnknownDocumentKind(Refusal):
    """没有这种证件类型；可选：{known}。
    There is no such kind of document; known are: {known}."""

    code = "unknown-document-kind"
    heading = "没有这种证件类型"


class BadDocument(Refusal):
    """{kind}号码有误：{why}。
    The number of the document ({kind}) is wrong: {why}."""

    code = "bad-document-number"
    heading = "证件号码有误"


class DocumentExpired(Refusal):
    """{kind}已于{expires}到期，请出示有效证件。
    The document ({kind}) expired on {expires}."""

    code = "document-expired"
    heading = "证件已过期"


class ExpiryMissing(Refusal):
    """{kind}有有效期限，请登记到期日。
    The document ({kind}) expires: enter the date that it bears."""

    code = "document-expiry-missing"
    heading = "缺少证件到期日"


class DocumentForMinors(Refusal):
    """{kind}仅限未满{age}周岁者使用，请出示居民身份证。
    The document ({kind}) serves only persons under {age}."""

    code = "document-for-minors"
    heading = "证件仅限未成年人"


class BadName(Refusal):
    """姓名或名称有误：{why}。
    The name is wrong: {why}."""

    code = "bad-name"
    heading = "姓名或名称有误"


class BadMobile(Refusal):
    """手机号码有误，应为大陆11位手机号码。
    That is no mobile number: a mainland one has 11 digits, 13… to 19…."""

    code = "bad-mobile"
    heading = "手机号码有误"


class BadAddress(Refusal):
    """地址有误：{why}。
    The address is wrong: {why}."""

    code = "bad-address"
    heading = "地址有误"


class BadPassword(Refusal):
    """密码不合要求：{why}。
    The password won't do: {why}."""

    code = "weak-password"
    heading = "密码不合要求"


class NotWithdrawable(Refusal):
    """施工单{ticket}不能撤单：施工失败后由退单退费办理。
    Construction order {ticket} can't be withdrawn: once it has failed, cancel and refund ends it."""

    code = "not-withdrawable"
    heading = "不能撤单"


# -- who is it --------------------------------------------------------------------------------------


class NotSignedIn(DispatchError):
    """请先登录；用令牌的，令牌须仍有效。
    Sign in first, or send a token that is still valid."""

    code = "not-signed-in"
    heading = "请先登录"


class SignInFailed(DispatchError):
    """账号或密码不对。
    Name or password is wrong."""

    code = "sign-in-failed"
    heading = "登录失败"


class SignInRefused(DispatchError):
    """统一认证未通过，或本系统没有这个用户：请重新登录，或联系管理员。
    The identity provider's answer leads to no user here: begin anew, or ask your administrator."""

    code = "sign-in-refused"
    heading = "不能登录"


class ProviderAway(DispatchError):
    """统一认证暂时不可用（{why}）：请用密码登录，或稍后再试。
    The identity provider can't be asked now ({why}): sign in with a password, or later."""

    code = "provider-away"
    heading = "统一认证不可用"


class SignInSlowed(DispatchError):
    """登录失败次数过多，请{seconds}秒后再试。
    Too many sign-ins have failed: try again in {seconds} seconds."""

    code = "sign-in-slowed"
    heading = "稍后再试"


class RequestForged(DispatchError):
    """请求未带本会话的令牌，可能来自其他网站：请刷新页面后再试。
    The request doesn't carry its session's token, so it may come from another site: reload the page."""

    code = "request-forged"
    heading = "请求来源不明"


# -- what several people do at once -----------------------------------------------------------------


class KeyInFlight(DispatchError):
    """同一请求号的第一个请求仍在办理：请稍后再发。
    The first request under this key is still under way: send it again in a moment."""

    code = "key-in-flight"
    heading = "正在办理"


class ChangedMeanwhile(DispatchError):
    """刚才已有人改动{what}，请刷新后再办。
    {what} was changed since you read it: read it again."""

    code = "changed-meanwhile"
    heading = "已有改动"


class VersionMissing(DispatchError):
    """{what}由多人修改：请说明您看到的是哪一版。
    Several people edit {what}: say which version you have read."""

    code = "version-missing"
    heading = "缺少版本"


class PhotosEnough(DispatchError):
    """环节 {hop} 已有{most}张照片，不能再加。
    Hop {hop} has {most} photos already: no more are kept of one."""

    code = "photos-enough"
    heading = "照片已满"


class WrongFileType(DispatchError):
    """只收 JPEG、PNG、WebP 图片和 PDF，不论文件叫什么名字。
    That file is neither JPEG, PNG, WebP nor PDF, whatever it is called."""

    code = "wrong-file-type"
    heading = "文件类型不符"


class UploadGone(DispatchError):
    """扫描件 {upload} 已失效，请重新上传。
    You have no scan {upload}, or it is older than a day: send it up again."""

    code = "upload-gone"
    heading = "扫描件已失效"


# -- who may ----------------------------------------------------------------------------------------


class NotAllowed(DispatchError):
    """{role} {actor} 不能{act}（{what}）；有权的是：{allowed}。
    {role} {actor} may not {act} {what}; that is for: {allowed}."""

    code = "not-allowed"
    heading = "无权办理"


class NotYours(DispatchError):
    """环节 {hop} 在 {holder} 手中，不在 {actor} 手中。
    Hop {hop} is in the hands of {holder}, not of {actor}."""

    code = "not-yours"
    heading = "不在您手中"


# -- life -------------------------------------------------------------------------------------------


class IllegalMove(DispatchError):
    """{what} 现为“{state}”，不能{move}；须为：{sources}。
    {what} can't {move}: it is {state}, and that move starts from {sources}."""

    code = "illegal-move"
    heading = "当前状态不能这样办理"
    between = _ALTERNATIVES


class AlreadyClaimed(DispatchError):
    """环节 {hop} 已由 {holder} 接单。
    Hop {hop} was already claimed by {holder}."""

    code = "already-claimed"
    heading = "已被接单"


class NobodyAsked(DispatchError):
    """环节 {hop} 不能退单，没有来单班组：请回单，或转派。
    Hop {hop} can't be handed back: no team asked for it. Report a finding, or pass it on."""

    code = "nobody-asked"
    heading = "没有来单班组"


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


class SurveyOver(DispatchError):
    """回访已有答复或已结束。
    This survey has already been answered or has ended."""

    code = "survey-over"
    heading = "回访已结束"


class SurveyNotOpen(SurveyOver):
    """工单 {ticket} 尚未归档，还不能登记回访。
    Ticket {ticket} is not archived yet: its survey begins after that."""

    heading = "回访未开始"
