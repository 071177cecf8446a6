"""Errors of signing in, and of acts that somebody may not do."""

from __future__ import annotations

from dispatch.errors.base import DispatchError


class NotSignedIn(DispatchError):
    """请先登录；用令牌的，令牌须仍有效。
    Sign in first, or send a token that is still valid."""

    code = "not-signed-in"
    heading = "请先登录"


class SignatureWrong(DispatchError):
    """签名不符或已过期：请核对双方的签名密钥和时钟。
    The signature is wrong or too old: compare the keys and the clocks of both sides."""

    code = "signature-wrong"
    heading = "签名不符"


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


class IdentityTaken(DispatchError):
    """统一认证的这个账号名，在本系统已属于另一个人：请联系管理员核对；确属本人的，由管理员解除绑定后再登录。
    The identity provider says a name that belongs to another person here: ask your administrator, who unbinds the user
    if you are that person."""

    code = "identity-taken"
    heading = "账号名属于他人"


class ProofNeeded(DispatchError):
    """请再输入一次密码；用单点登录的，请重新登录，并在{minutes}分钟内办理。
    Give your password again; whoever signed in by single sign-on does so anew, and does this within
    {minutes} min."""

    code = "proof-needed"
    heading = "请再次验证"


class ProviderAway(DispatchError):
    """统一认证暂时不可用（{why}）：请用密码登录，或稍后再试。
    The identity provider can't be asked now ({why}): sign in with a password, or later."""

    code = "provider-away"
    heading = "统一认证不可用"


class SignInSlowed(DispatchError):
    """登录失败次数过多，请{seconds}秒后再试。
    Too many sign-ins have failed: try again in {seconds} s."""

    code = "sign-in-slowed"
    heading = "稍后再试"


class RequestForged(DispatchError):
    """请求未带本会话的令牌，可能来自其他网站：请刷新页面后再试。
    The request doesn't carry its session's token, so it may come from another site: reload the page."""

    code = "request-forged"
    heading = "请求来源不明"


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


class WorkUndecided(DispatchError):
    """{name} 手中有 {number} 个派单，改后不能再办：{hops}。请选择：放回看板、移交给同事，或仍留在其手中。
    {name} has work in hand that the change takes from them ({number}): {hops}. Choose: release it to the boards, hand
    it over to a colleague, or keep it in their hands."""

    code = "work-undecided"
    heading = "手中有派单"


class UnknownUser(DispatchError):
    """没有用户 {name}{near}：请核对，或由系统管理员新增（`dispatch user add`，或管理页“用户”）。
    There is no user {name}{near}: check the name, or have an administrator add them (`dispatch user add`, or Users in
    the administration)."""

    code = "unknown-user"
    heading = "没有这个用户"


class UnfitUser(DispatchError):
    """{name} 不能接这项工作：{why}。
    {name} can't have this work: {why}."""

    code = "unfit-user"
    heading = "此人不能接单"
