"""Refusals of what a customer's documents, name, number, address or password are given as."""

from __future__ import annotations

from dispatch.errors.counter import Refusal


class UnknownDocumentKind(Refusal):
    """没有这种证件类型；可选：{known}。
    There is no such kind of document; known are: {known}."""

    code = "unknown-document-kind"
    heading = "没有这种证件类型"


class DocumentKindNeeded(Refusal):
    """该号码登记在多个证件下（{kinds}），请选择证件类型；护照请选择签发国家。
    The number is of several documents ({kinds}): choose its kind, or a passport's country."""

    code = "document-kind-needed"
    heading = "请选择证件类型"


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


class IssuingCountryMissing(Refusal):
    """{kind}须登记签发国家的三字代码，如 CHN。
    The document ({kind}) needs its issuing country's three letters, as CHN."""

    code = "issuing-country-missing"
    heading = "缺少签发国家"


class BadIssuingCountry(Refusal):
    """签发国家有误：{why}。
    The issuing country is wrong: {why}."""

    code = "bad-issuing-country"
    heading = "签发国家有误"


class BirthMissing(Refusal):
    """{kind}号码不含出生日期，请登记出生日期。
    The number of the document ({kind}) doesn't tell the date of birth: enter it."""

    code = "birth-missing"
    heading = "缺少出生日期"


class BadBirth(Refusal):
    """出生日期有误：{why}。
    The date of birth is wrong: {why}."""

    code = "bad-birth"
    heading = "出生日期有误"


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
