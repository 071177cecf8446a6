"""One tree of errors. Each carries its facts; its docstring is the message that a person reads.

No HTTP and no exit status in here: the edges (`cli`, later `web`) know those.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import ClassVar


class DispatchError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__((inspect.getdoc(type(self)) or "").replace("\n", " ").format(**facts))


# -- the installation ---------------------------------------------------------------------------


class BadSettings(DispatchError):
    """The settings are wrong: {faults}"""

    code = "bad-settings"


class SchemaOutdated(DispatchError):
    """The database is at schema {found}, this program needs {wanted}: run `dispatch migrate`."""

    code = "schema-outdated"


class MissingPart(DispatchError):
    """{part} is not there: {remedy}"""

    code = "missing-part"


class MissingGlyph(MissingPart):
    """字库缺字,无法打印 The fonts in {folder} can't print {characters}: name another folder, with a Chinese font
    and one that has what is missing."""

    code = "missing-glyph"


class TypesettingFailed(DispatchError):
    """{template} could not be printed: {why}"""

    code = "typesetting-failed"


class AlreadyRunning(DispatchError):
    """Another `dispatch up` (process {pid}) already runs on {home}; stop it first or set another DISPATCH_HOME."""

    code = "already-running"


class RunUnderWay(DispatchError):
    """Run {name} is under way already (process {pid}): wait until it has ended, or give --name another name."""

    code = "run-under-way"


class NotRunning(DispatchError):
    """Nothing is running on {home}: start `dispatch up` first."""

    code = "not-running"


class BackupFailed(DispatchError):
    """{what} failed, nothing was changed: {why}"""

    code = "backup-failed"


class WouldOverwrite(DispatchError):
    """{what} is there already, and nothing was changed: {remedy}"""

    code = "would-overwrite"


# -- what was asked for ---------------------------------------------------------------------------


class BadInput(DispatchError):
    """{what}"""

    code = "bad-input"


class BadRequest(DispatchError):
    """请求有误，未办理。The request is wrong, nothing was done:{faults}"""

    code = "bad-request"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(faults="".join(f"\n  {fault}" for fault in faults))


class BadRules(DispatchError):
    """{count} fault(s) in {file}:
    {faults}"""

    code = "bad-rules"

    def __init__(self, *, file: str, faults: tuple[str, ...]) -> None:
        self.lines = faults
        Exception.__init__(self, "\n".join(faults))
        self.facts = {"file": file, "faults": faults, "count": len(faults)}


class BadReplayFile(DispatchError):
    """{count} fault(s) in {file}; nothing was fed. Mend them, then replay again:
    {faults}"""

    code = "bad-replay-file"

    def __init__(self, *, file: str, faults: tuple[str, ...]) -> None:
        super().__init__(file=file, count=len(faults), faults="\n" + "\n".join(faults))
        self.lines = faults
        self.facts = {"file": file, "faults": faults, "count": len(faults)}


class BadReplayMapping(BadReplayFile):
    """{count} fault(s) in how {file} is mapped to teams; nothing was fed. Mend them, then replay again:
    {faults}"""

    code = "bad-replay-mapping"


class BadAddressFile(BadReplayFile):
    """{count} fault(s) in {file}; nothing was entered. Mend them, then load again:
    {faults}"""

    code = "bad-address-file"


class KeyReused(DispatchError):
    """Request key {key} was used for another request: a new request needs a key of its own."""

    code = "key-reused"


class NotFound(DispatchError):
    """There is no {what} {which}."""

    code = "not-found"


class UnknownAccount(DispatchError):
    """There is no broadband account {account}: check the number, or enter it with `dispatch account add`."""

    code = "unknown-account"


class DuplicateFault(DispatchError):
    """Account {account} already has an open fault {ticket}: urge that one, or confirm that this is another fault
    (--despite-duplicate)."""

    code = "duplicate-fault"


class UnknownFinding(DispatchError):
    """Team {team} can't report {finding}; it may report: {allowed}."""

    code = "unknown-finding"


class UnknownSymptom(DispatchError):
    """There is no symptom {symptom}; known are: {known}."""

    code = "unknown-symptom"


class BadAnswer(DispatchError):
    """Pre-handling of {symptom} asks {asked}; {given} was given. Allowed: {allowed}."""

    code = "bad-answer"


class BadEvidence(DispatchError):
    """佐证不全或有误。The evidence for {finding} isn't complete: {faults}"""

    code = "bad-evidence"


# -- what the counter refuses -----------------------------------------------------------------------


class Refusal(DispatchError):
    """不予受理:{why}。Refused: {why}."""

    code = "refused"


class NeedsConfirmation(Refusal):
    """须先向客户说明并确认：{zh}。The customer must be told and confirm: {en} (confirm {warning})."""

    code = "needs-confirmation"


class AuthenticationFailed(Refusal):
    """鉴权未通过：账号与证件号码或密码不符。Authentication failed: account and document or password don't match."""

    code = "authentication-failed"


class MobileNotBound(Refusal):
    """该手机号码没有绑定宽带账号。No broadband account is bound to the mobile number."""

    code = "mobile-not-bound"


class WrongOldPassword(Refusal):
    """旧密码不符；如已忘记，可改办密码重置。The old password is wrong; if it is forgotten, have it reset instead."""

    code = "wrong-old-password"


class AuthenticationLocked(Refusal):
    """鉴权失败次数过多，{minutes}分钟后再试。Too many failed authentications: try again in {minutes} minutes."""

    code = "authentication-locked"


class WrongState(Refusal):
    """账号{account}现为「{called}」，不能办理{zh}。Account {account} is {state}: {en} can't be done."""

    code = "wrong-state"


class DocumentsMissing(Refusal):
    """资料不齐全，缺少：{zh}。Documents are missing: {en}."""

    code = "documents-missing"


class Unprintable(Refusal):
    """字库缺字，受理单无法打印：{characters}。The slip can't be printed: its fonts lack {characters}."""

    code = "unprintable"


class AccountSuspended(Refusal):
    """账号{account}已停机：{reason}。请先办理开机。Account {account} is suspended: {reason}. Resume it first."""

    code = "account-suspended"


class AccountNotInService(Refusal):
    """账号{account}不在使用中。Account {account} is not in service: {meaning}."""

    code = "account-not-in-service"


class SameOwner(Refusal):
    """新机主与原机主为同一人，无须过户。The new owner is the present one: nothing is to be transferred."""

    code = "same-owner"


class NameMismatch(Refusal):
    """该证件已登记在另一姓名下，请核对。This document is registered under another name: check it."""

    code = "name-mismatch"


class UnknownAddress(Refusal):
    """地址库中没有该地址，请核对门牌。The address is not among the standard addresses: check it."""

    code = "unknown-address"


class AddressInUse(Refusal):
    """该地址已有在用的宽带账号。The address has a broadband account already."""

    code = "address-in-use"


class NoResources(Refusal):
    """该地址暂无接入资源，无法装机；需求已登记。No access resources reach the address; the demand was recorded."""

    code = "no-resources"


class NoResourcesFound(NoResources):
    """该地址暂无接入资源，无法装机；提交后登记需求。No access resources reach the address; submit, to have the demand
    recorded."""


class MobileTaken(Refusal):
    """该手机号码已绑定其他宽带账号。The mobile number is bound to another account."""

    code = "mobile-taken"


class AlreadyBound(Refusal):
    """该手机号码已绑定本账号。The mobile number is bound to this account already."""

    code = "already-bound"


class NotBound(Refusal):
    """该手机号码未绑定本账号。The mobile number is not bound to this account."""

    code = "not-bound"


class AccountNameTaken(Refusal):
    """该手机号码已是其他宽带账号的名称。The mobile number is another account's name already."""

    code = "account-name-taken"


class NothingChanged(Refusal):
    """与现有资料相同，无须变更。That is what the books say already: nothing would change."""

    code = "nothing-changed"


class DocumentTaken(Refusal):
    """该证件已登记在另一客户名下。The document is registered for another customer."""

    code = "document-taken"


class AnotherHolder(Refusal):
    """{zh}等同更换机主，请办理过户。{en} makes it another holder's: transfer the ownership instead."""

    code = "another-holder"


class NoSuchCustomer(Refusal):
    """未查到该账号或证件的客户资料，请核对。Nothing is known of this account or document: check it."""

    code = "no-such-customer"


class OrderNotFailed(Refusal):
    """施工单{order}并未施工失败，不能退单。Construction order {order} hasn't failed: it can't be cancelled."""

    code = "order-not-failed"


class BadAppointment(Refusal):
    """预约时间应在今后{days}天之内。An appointment lies within the next {days} days."""

    code = "bad-appointment"


class UnknownPlan(Refusal):
    """没有这个营销案。There is no such marketing plan; there are: {known}."""

    code = "unknown-plan"


class PlanNotOffered(Refusal):
    """不能办理营销案「{plan.zh}」：{why.zh}。The plan {plan.en} can't be had: {why.en}."""

    code = "plan-not-offered"


class BadAmount(Refusal):
    """金额有误：{zh}。The amount is wrong: {en}."""

    code = "bad-amount"


class UnknownDocumentKind(Refusal):
    """没有这种证件类型。There is no such kind of document; known are: {known}."""

    code = "unknown-document-kind"


class BadDocument(Refusal):
    """{kind.zh}号码有误：{why.zh}。The number of the document ({kind.en}) is wrong: {why.en}."""

    code = "bad-document-number"


class DocumentExpired(Refusal):
    """{kind.zh}已于{expires}到期，请出示有效证件。The document ({kind.en}) expired on {expires}."""

    code = "document-expired"


class ExpiryMissing(Refusal):
    """{kind.zh}有有效期限，请登记到期日。The document ({kind.en}) expires: enter the date that it bears."""

    code = "document-expiry-missing"


class DocumentForMinors(Refusal):
    """{kind.zh}仅限未满{age}周岁者使用，请出示居民身份证。The document ({kind.en}) serves only persons under {age}."""

    code = "document-for-minors"


class BadName(Refusal):
    """姓名或名称有误：{why.zh}。The name is wrong: {why.en}."""

    code = "bad-name"


class BadMobile(Refusal):
    """手机号码有误，应为大陆11位手机号码。That is no mobile number: a mainland one has 11 digits, 13… to 19…."""

    code = "bad-mobile"


class BadAddress(Refusal):
    """地址有误：{why.zh}。The address is wrong: {why.en}."""

    code = "bad-address"


class BadPassword(Refusal):
    """密码不合要求：{why.zh}。The password won't do: {why.en}."""

    code = "weak-password"


class NotWithdrawable(Refusal):
    """施工单{ticket}不能撤单:施工失败后由退单退费办理。Construction order {ticket} can't be withdrawn: once it has
    failed, cancel and refund ends it."""

    code = "not-withdrawable"


# -- who is it --------------------------------------------------------------------------------------


class NotSignedIn(DispatchError):
    """请先登录。Sign in first, or send a token that is still valid."""

    code = "not-signed-in"


class SignInFailed(DispatchError):
    """用户名或密码不符。Name and password don't belong together."""

    code = "sign-in-failed"


class SignInRefused(DispatchError):
    """统一认证未通过，或本系统没有这个用户。The identity provider's word doesn't lead to a user here: begin anew, or
    ask your administrator."""

    code = "sign-in-refused"


class ProviderAway(DispatchError):
    """统一认证暂时不可用，请用密码登录或稍后再试。The identity provider can't be asked now ({why}): sign in with a
    password, or later."""

    code = "provider-away"


class SignInSlowed(DispatchError):
    """登录失败次数过多，请{seconds}秒后再试。Too many sign-ins have failed: try again in {seconds} seconds."""

    code = "sign-in-slowed"


class RequestForged(DispatchError):
    """请求未带本会话的令牌。The request doesn't carry its session's token, so it may come from another site."""

    code = "request-forged"


# -- what several people do at once -----------------------------------------------------------------


class KeyInFlight(DispatchError):
    """The first request under this key is still under way: send it again in a moment."""

    code = "key-in-flight"


class ChangedMeanwhile(DispatchError):
    """刚才已有人改动，请刷新后再办。{what} was changed since you read it: read it again."""

    code = "changed-meanwhile"


class VersionMissing(DispatchError):
    """Several people edit {what}: say which version you have read."""

    code = "version-missing"


class PhotosEnough(DispatchError):
    """每单最多{most}张照片。Hop {hop} has {most} photos already: no more are kept of one."""

    code = "photos-enough"


class WrongFileType(DispatchError):
    """只收JPEG、PNG、WebP图片和PDF。That file is neither JPEG, PNG, WebP nor PDF, whatever it is called."""

    code = "wrong-file-type"


class UploadGone(DispatchError):
    """扫描件{upload}已失效，请重新上传。You have no scan {upload}, or it is older than a day: send it up again."""

    code = "upload-gone"


# -- who may ----------------------------------------------------------------------------------------


class NotAllowed(DispatchError):
    """{role} {actor} may not {act} {what}; that is for: {allowed}."""

    code = "not-allowed"


class NotYours(DispatchError):
    """此单在{holder}手中。Hop {hop} is in the hands of {holder}, not of {actor}."""

    code = "not-yours"


# -- life -------------------------------------------------------------------------------------------


class IllegalMove(DispatchError):
    """当前状态不能这样办理。{what} can't {move}: it is {state}, and that move starts from {sources}."""

    code = "illegal-move"


class AlreadyClaimed(DispatchError):
    """此单已由{holder}接单。Hop {hop} was already claimed by {holder}."""

    code = "already-claimed"


class NobodyAsked(DispatchError):
    """没有来单班组，不能退单。Hop {hop} can't be handed back: no team asked for it. Report a finding, or pass it
    on."""

    code = "nobody-asked"


class NotPassable(DispatchError):
    """Team {team} may not pass work on to {to}; it may pass on to: {allowed}."""

    code = "not-passable"


class UrgedEnough(DispatchError):
    """现在不能催单：{ticket}{zh}。Ticket {ticket} can't be urged now: {why}."""

    code = "urged-enough"


class HeldTooLong(DispatchError):
    """挂起须在将来、{limit}以内结束。A hold must end in the future and within {limit}; {until} does not."""

    code = "held-too-long"


class SurveyOver(DispatchError):
    """回访已有答复或已结束。This survey has already been answered or has ended."""

    code = "survey-over"
