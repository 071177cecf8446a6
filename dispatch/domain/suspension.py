"""停机 The kinds of suspensions: who may set each, what lifts it, and what can be done meanwhile. Pure.

Kinds overlap: the service stops with the first and goes on when the last is lifted. The rule book (section 4) asks for
a reason and says no more; the kinds are those of Chinese operators' counters. Sources: 电信条例, article 35 (arrears);
电话用户真实身份信息登记规定, article 13 (real-name); 反电信网络诈骗法, articles 11 and 16 (official, abuse).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from dispatch.domain.money import share
from dispatch.domain.plans import months_later, months_left
from dispatch.domain.roles import Role
from dispatch.domain.title import Title, TitledEnum


class SuspensionKind(TitledEnum):
    """In the order in which people are told why an account is suspended."""

    OFFICIAL = "official", Title("官方停机", "By order of an authority")
    ABUSE = "abuse", Title("违规停机", "Use against the contract")
    REAL_NAME = "real-name", Title("实名停机", "Real-name registration not in order")
    LOST = "lost", Title("挂失", "Reported lost")
    ARREARS = "arrears", Title("欠费停机", "Bill not paid")
    KEEP = "keep", Title("停机保号", "Paused by the customer")


_K = SuspensionKind

LIFTED_BY: Mapping[SuspensionKind, Title] = {
    _K.OFFICIAL: Title("提供主管部门解除文书，由主管办理并经批准", "the authority's release, supervised and approved"),
    _K.ABUSE: Title("提供整改承诺，由主管办理", "a written promise to mend it, by a supervisor"),
    _K.REAL_NAME: Title("补正实名资料", "real-name data put in order"),
    _K.LOST: Title("机主本人持证件办理并设新密码", "the holder in person, with document and a new password"),
    _K.ARREARS: Title("缴清欠费", "paying what is owed"),
    _K.KEEP: Title("机主办理开机", "the holder, on any day"),
}
"""What lifts each kind, and nothing else does, unless a supervisor approves that it was set by mistake."""

KNOWN_AS: Mapping[SuspensionKind, str] = {
    _K.OFFICIAL: "official-order",
    _K.ABUSE: "abuse",
    _K.REAL_NAME: "real-name",
    _K.LOST: "lost-password",
    _K.ARREARS: "arrears",
    _K.KEEP: "customer-request",
}
"""The words of an account's `suspended_for`: those that programs of the release before read, too."""

MEANT_BY: Mapping[str, SuspensionKind] = {
    "customer-request": _K.KEEP,
    "away": _K.KEEP,
    "vacant": _K.KEEP,
    "lost-password": _K.LOST,
    "lost-document": _K.LOST,
    "arrears": _K.ARREARS,
    "real-name": _K.REAL_NAME,
    "used-by-another": _K.REAL_NAME,
    "abuse": _K.ABUSE,
    "reselling": _K.ABUSE,
    "attack": _K.ABUSE,
    "official-order": _K.OFFICIAL,
    "fraud-risk": _K.OFFICIAL,
    "other": _K.KEEP,
}
"""The kind that each reason for suspending means (`domain.reasons.SUSPENSION_REASONS`)."""

SETTLES: Mapping[str, SuspensionKind] = {
    "customer-request": _K.KEEP,
    "password-reset": _K.LOST,
    "arrears-paid": _K.ARREARS,
    "real-name-corrected": _K.REAL_NAME,
    "abuse-ended": _K.ABUSE,
    "order-lifted": _K.OFFICIAL,
    "other": _K.KEEP,
}
"""The kind that each reason for resuming lifts."""

BY_MISTAKE = "wrongly-suspended"
"""误停: the reason for resuming that a supervisor must approve, and that lifts any kind."""

SET_BY: Mapping[SuspensionKind, frozenset[Role]] = {
    _K.OFFICIAL: frozenset({Role.SUPERVISOR}),
    _K.ABUSE: frozenset({Role.SUPERVISOR}),
    _K.REAL_NAME: frozenset({Role.CLERK, Role.SUPERVISOR}),
    _K.LOST: frozenset({Role.CLERK, Role.AGENT_10086}),
    _K.ARREARS: frozenset({Role.SUPERVISOR}),
    _K.KEEP: frozenset({Role.CLERK}),
}
LIFTABLE_BY: Mapping[SuspensionKind, frozenset[Role]] = {
    _K.OFFICIAL: frozenset({Role.SUPERVISOR}),
    _K.ABUSE: frozenset({Role.SUPERVISOR}),
    **{kind: frozenset({Role.CLERK}) for kind in (_K.REAL_NAME, _K.LOST, _K.ARREARS, _K.KEEP)},
}
BY_THE_HOLDER = frozenset({_K.LOST, _K.KEEP})
"""Kinds that the customer asks for, and so proves to be the holder. The operator sets the others."""

_LOOKING = frozenset({"view", "bindings", "devices", "settle-preview"})
_ALWAYS = _LOOKING | {"suspend", "resume", "modify"}
_OF_ARREARS = _ALWAYS | {"close", "bind", "unbind", "change-password", "reset-password"}
_NOT_WHILE_KEPT = frozenset({"transfer", "move"})


def may_do(operation: str, kinds: Collection[SuspensionKind]) -> bool:
    """Return whether a counter operation may be done while suspensions of these kinds are open."""
    return all(_may_do(operation, kind) for kind in kinds)


def _may_do(operation: str, kind: SuspensionKind) -> bool:
    match kind:
        case _K.KEEP:
            return operation not in _NOT_WHILE_KEPT
        case _K.ARREARS:
            return operation in _OF_ARREARS
        case _:
            return operation in _ALWAYS


def first_of(kinds: Collection[SuspensionKind]) -> SuspensionKind:
    """The kind that people are told."""
    return next(kind for kind in SuspensionKind if kind in kinds)


def why(suspended_for: str) -> Title:
    """Why an account is suspended, by its `suspended_for`."""
    return MEANT_BY[suspended_for].label


# 停机保号: the customer pays a small fee in advance, and no monthly fee; the number and the port are kept


def months_begun(first: date, day: date) -> int:
    """The months of a pause from `first` that have begun on `day`; 0 before it begins."""
    return months_left(first, day)


def unused(fee: int, first: date, until: date, day: date) -> int:
    """Of the fee paid in advance, what belongs to months that haven't begun on `day`, in fen."""
    months = months_begun(first, until)
    return fee - share(fee, min(months, months_begun(first, day)), months) if months else 0


def paused_within(pauses: Sequence[tuple[date, date]], until: date) -> int:
    """The months of pauses, each from a day until before another, that begin in the twelve months before `until`."""
    since = months_later(until, -12)
    return sum(
        since <= months_later(first, month) < until
        for first, end in pauses
        for month in range(months_begun(first, end))
    )
