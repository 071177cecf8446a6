"""Who signs a slip for the customer's side: they themselves, or the agents who act for them. Pure."""

from __future__ import annotations

from collections.abc import Collection

from dispatch.domain.agency import CheckedPerson, Party
from dispatch.domain.title import Title
from dispatch.slips.forms import THE_CUSTOMER, Signer

_TWO_PARTIES = "transfer"
"""The operation that two owners sign."""


def signers(kind: str, represented: Collection[Party]) -> tuple[Signer, ...]:
    """The signers of an operation of this kind, at which agents stood there for the `represented`."""
    if kind != _TWO_PARTIES:
        return (_AGENT,) if Party.HOLDER in represented else (THE_CUSTOMER,)
    return (
        _OLD_OWNERS_AGENT if Party.HOLDER in represented else _OLD_OWNER,
        _NEW_OWNERS_AGENT if Party.NEW_OWNER in represented else _NEW_OWNER,
    )


_AGENT = Signer(CheckedPerson.AGENT, Title("经办人签名", "Agent's signature"))
_OLD_OWNER = Signer(CheckedPerson.HOLDER, Title("原机主签名", "Old owner's signature"))
_OLD_OWNERS_AGENT = Signer(CheckedPerson.AGENT, Title("原机主经办人签名", "Signature of the old owner's agent"))
_NEW_OWNER = Signer(CheckedPerson.NEW_OWNER, Title("新机主签名", "New owner's signature"))
_NEW_OWNERS_AGENT = Signer(
    CheckedPerson.NEW_OWNER_AGENT, Title("新机主经办人签名", "Signature of the new owner's agent")
)
