"""停/开机 on the counter's page: the reasons that a user may choose, and what the form asks for with each of them.

The reason says the kind of suspension (`domain.suspension`), the kind says who may set or lift it and by what.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from dispatch.accounts.proof import SEND
from dispatch.domain.reasons import RESUMPTION_REASONS, SUSPENSION_REASONS, Reasons
from dispatch.domain.roles import AT_THE_COUNTER, Role
from dispatch.domain.suspension import BY_MISTAKE, BY_THE_HOLDER, LIFTABLE_BY, MEANT_BY, SET_BY, SETTLES, SuspensionKind
from dispatch.domain.title import Title

_K = SuspensionKind

_MISTAKE = None
"""Stands for a suspension of any kind that was set by mistake 误停."""

_Kinds = Collection[SuspensionKind | None]

_BY_NUMBER = (_K.KEEP, _K.ARREARS, _K.REAL_NAME)
_OF_A_PERSON = (*_BY_NUMBER, _K.LOST)
_SETTLED_ON_PAPER = (_K.OFFICIAL, _K.ABUSE, _MISTAKE)

_ASKED_FOR: Mapping[str, Mapping[str, _Kinds]] = {
    "suspend": {
        "mobile": BY_THE_HOLDER,
        "code": BY_THE_HOLDER,
        "document_number": BY_THE_HOLDER,
        "months": (_K.KEEP,),
        "payment": (_K.KEEP,),
        "authority": (_K.OFFICIAL,),
        "reference": (_K.OFFICIAL, _K.ABUSE, _K.REAL_NAME, _K.ARREARS),
        "agent": (_K.KEEP,),
    },
    "resume": {
        "mobile": _BY_NUMBER,
        "code": _BY_NUMBER,
        "document_number": _OF_A_PERSON,
        "kind": (_MISTAKE,),
        "new_password": (_K.LOST,),
        "payment": (_K.ARREARS,),
        "reference": (*_SETTLED_ON_PAPER, _K.ARREARS),
        "agent": (_K.KEEP,),
    },
}
"""The kinds with which a form asks for a field; it asks for all others always."""

_FIRST = ("account", "reason", "kind", "document_number", "mobile", "code", "months", "authority", "reference",
          "new_password")  # fmt: skip
_LAST = ("scans", "note", "agent", "payment")


def has_reasons_of_kinds(operation: str) -> bool:
    """Return whether the operation's reason says a kind of suspension."""
    return operation in _ASKED_FOR


def place_of(field: str) -> int:
    """The place of a field or part in both forms, from top to bottom: what others depend on comes first."""
    if field in _LAST:
        return len(_FIRST) + 1 + _LAST.index(field)
    return _FIRST.index(field) if field in _FIRST else len(_FIRST)


def left_out(operation: str, roles: Collection[str]) -> Collection[str]:
    """The fields that the form of somebody with these roles lacks: the kind, where the reason says it; and the code,
    where they have none sent."""
    said = ("kind",) if operation == "suspend" else ()
    has_codes_sent = any(role in AT_THE_COUNTER[SEND] for role in roles)
    return said if has_codes_sent or not has_reasons_of_kinds(operation) else (*said, "mobile", "code")


def reasons_by_kind(operation: str, roles: Collection[str]) -> Sequence[tuple[Title | None, Reasons]]:
    """The reasons that one of these roles may give, under the names of their kinds."""
    reasons, kinds, allowed = _tables(operation)
    found: dict[SuspensionKind | None, dict[str, Title]] = {}
    for reason, title in reasons.items():
        kind = kinds[reason]
        if any(role in (AT_THE_COUNTER[operation] if kind is None else allowed[kind]) for role in roles):
            found.setdefault(kind, {})[reason] = title
    return [(None if kind is None else kind.label, titles) for kind, titles in found.items()]


def asked_with(operation: str, field: str) -> Sequence[str]:
    """The reasons with which the form asks for a field; none where it always does."""
    if field not in _ASKED_FOR.get(operation, {}):
        return ()
    _, kinds, _ = _tables(operation)
    return [reason for reason, kind in kinds.items() if kind in _ASKED_FOR[operation][field]]


def _tables(
    operation: str,
) -> tuple[Reasons, Mapping[str, SuspensionKind | None], Mapping[SuspensionKind, frozenset[Role]]]:
    if operation == "suspend":
        return SUSPENSION_REASONS, MEANT_BY, SET_BY
    return RESUMPTION_REASONS, {**SETTLES, BY_MISTAKE: _MISTAKE}, LIFTABLE_BY
