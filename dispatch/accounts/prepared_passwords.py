"""Passwords are hashed and compared before the operation's transaction: argon2 is slow on purpose, and on SQLite every
other writer would wait for it.

What is prepared is used only for the same password and the same stored hash, so a password that somebody else changed
meanwhile is compared anew, in the transaction.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from pydantic import BaseModel, SecretStr

from dispatch.accounts.operation import Hasher
from dispatch.accounts.secret import NewPassword, NewPasswordIfAny, OldPassword
from dispatch.domain.naming import read_account_number
from dispatch.domain.password import LONGEST, check_password
from dispatch.errors import DispatchError
from dispatch.storage import accounts, aliases
from dispatch.storage.clock import database_time
from dispatch.storage.database import Database


@dataclass(frozen=True)
class PreparedPasswords:
    """A hasher that remembers what it was asked before. `hashes`: by new password; `fits`: by password and hash."""

    hasher: Hasher
    hashes: Mapping[str, str] = field(repr=False)
    fits: Mapping[tuple[str, str], bool] = field(repr=False)

    @classmethod
    def of(cls, hasher: Hasher, new: str | None, proofs: set[str], kept: str | None) -> PreparedPasswords:
        """Hash the new password, and compare it and the customer's proofs with the stored hash, where there is one."""
        compared = {*proofs, *([] if new is None else [new])}
        fits = {} if kept is None else {(typed, kept): hasher.verify(typed, kept) for typed in compared}
        return cls(hasher, {} if new is None else {new: hasher.hash(new)}, fits)

    def hash(self, password: str, /) -> str:
        return self.hashes.get(password) or self.hasher.hash(password)

    def verify(self, password: str, hash: str, /) -> bool:
        known = self.fits.get((password, hash))
        return self.hasher.verify(password, hash) if known is None else known


def prepared_passwords(
    hasher: Hasher,
    database: Database,
    model: type[BaseModel],
    typed: Mapping[str, Any],
    covers: Callable[[str], bool],
) -> Hasher:
    """The hasher for one request of this model, with the values `typed`, checked or not. Call it outside of a
    transaction. `covers` tells in which areas the caller may act.

    What the operation will refuse without asking the hasher isn't prepared: an account elsewhere, a password that the
    rules forbid.
    """
    new, old = _passwords(model)
    if not new | old:
        return hasher
    number = str(_plain(typed.get("account")) or "")
    found = None
    with suppress(DispatchError), database.autocommit_read() as tx:
        name = read_account_number(number)
        found = accounts.find(tx, name) or aliases.called(tx, [name], database_time(tx)).get(name)
    kept = found.password if found is not None and covers(found.area) else None
    chosen = {text for name in new if (text := _plain(typed.get(name))) is not None and _is_possible(text, number)}
    proofs = {text for name in old if (text := _plain(typed.get(name))) is not None and len(text) <= LONGEST}
    return PreparedPasswords.of(hasher, next(iter(chosen), None), proofs, kept)


@functools.cache
def _passwords(model: type[BaseModel]) -> tuple[frozenset[str], frozenset[str]]:
    """The fields of the model that hold a new password, and those that hold the present one."""
    hints = get_type_hints(model, include_extras=True)
    return (
        frozenset(name for name, hint in hints.items() if hint in (NewPassword, NewPasswordIfAny)),
        frozenset(name for name, hint in hints.items() if hint == OldPassword),
    )


def _plain(value: object) -> str | None:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return text if isinstance(text, str) else None


def _is_possible(new: str, number: str) -> bool:
    try:
        check_password(new, number)
    except DispatchError:
        return False
    return True
