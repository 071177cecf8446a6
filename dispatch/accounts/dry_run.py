"""试办: try an operation with the values typed so far, to show its faults, warnings and refusal beforehand.

The operation runs until it needs a value that isn't typed yet: so an address is looked up before the name is typed.
The caller rolls the transaction back, so that nothing is written and nobody is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache, partial
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError

from dispatch.accounts.catalogue import OPERATIONS, REASONS
from dispatch.accounts.form_fields import find_unwritable, plain_type
from dispatch.accounts.operation import Counter, OperationRefused, Trial
from dispatch.accounts.secret import Prompt
from dispatch.domain.identity import read_document
from dispatch.domain.model_faults import model_fault
from dispatch.domain.money import typed_yuan
from dispatch.domain.naming import read_account_number, read_address, read_mobile, read_name
from dispatch.domain.numbers import read_ticket_number
from dispatch.domain.password import check_password
from dispatch.domain.roles import Actor
from dispatch.domain.time import local_date
from dispatch.domain.title import Title, Wording, sentences
from dispatch.errors import (
    AnotherHolder,
    BadInput,
    DispatchError,
    DocumentExpired,
    DocumentTaken,
    ExpiryMissing,
    NameMismatch,
    NothingChanged,
    SameOwner,
)
from dispatch.storage.database import Tx

Path = tuple[str, ...]

UNTOLD = {each.code for each in (AnotherHolder, DocumentTaken, NameMismatch, NothingChanged, SameOwner)}
"""Refusals that a trial doesn't show: they compare typed values with data that the clerk sees masked only."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """A fault of a typed value. `path` is the field's place in the request, empty when it isn't a single field's."""

    path: Path
    code: str
    reason: Wording


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """The outcome of a trial.

    `missing` are the required fields that aren't typed yet, `warnings` those that the customer would have to confirm,
    by their code, and `refused` why the operation would be refused.
    """

    missing: list[Path]
    faults: list[FieldFault]
    warnings: Mapping[str, Title]
    refused: FieldFault | None

    @property
    def ready(self) -> bool:
        """Return whether the operation can be sent, as far as a trial can tell."""
        return not (self.missing or self.faults or self.refused)


def attempt(tx: Tx, counter: Counter, kind: str, typed: Mapping[str, Any], actor: Actor, now: datetime) -> DryRunResult:
    """Try the operation `kind` with `typed`, the JSON of the request so far. Raises NotAllowed."""
    model, operation = OPERATIONS[kind]
    trial, reading = Trial(), _Reading(counter, kind, now)
    request = reading.read(model, typed, ())
    reading.faults += [FieldFault(path, "unwritable", what) for path, what in _texts(typed)]
    refused: FieldFault | None = None
    try:
        outcome = operation(tx, replace(counter, trial=trial), request, actor, now)
        if isinstance(outcome, OperationRefused) and outcome.code not in UNTOLD:
            refused = FieldFault((), outcome.code, outcome.said)
    except _StillUntyped:
        pass
    except BadInput as wrong:
        reading.faults.append(FieldFault((), wrong.code, sentences(wrong)))
    wanting = [FieldFault((), each.code, sentences(each)) for each in trial.wanting]
    return DryRunResult(reading.missing, reading.faults, trial.warnings, refused or next(iter(wanting), None))


NO_SUCH_FIELD = Wording("没有这一项。", "There is no such field.")


class _StillUntyped(Exception):
    """The operation needs a value that isn't typed yet, or that is faulty."""


class _Untyped:
    """Placeholder for such a value. Any use of it raises `_StillUntyped`."""

    def _needed(self, *_: object) -> NoReturn:
        raise _StillUntyped

    __getattr__ = __hash__ = __eq__ = __bool__ = __len__ = __iter__ = __str__ = __format__ = __contains__ = _needed
    __lt__ = __le__ = __gt__ = __ge__ = _needed


_UNTYPED: Any = _Untyped()


@dataclass
class _Reading:
    """Builds a request from the values that are typed so far, and collects its faults."""

    counter: Counter
    kind: str
    now: datetime
    missing: list[Path] = field(default_factory=list)
    faults: list[FieldFault] = field(default_factory=list)

    def read(self, model: type[BaseModel], typed: Mapping[str, Any], path: Path) -> Any:
        values: dict[str, Any] = {}
        for name, about in model.model_fields.items():
            given, here = typed.get(name), (*path, name)
            part = plain_type(about.annotation)
            is_part = isinstance(part, type) and issubclass(part, BaseModel)
            if is_part and (given or about.is_required()) and isinstance(given or {}, Mapping):
                values[name] = self.read(part, given or {}, here)
            elif given in (None, "", {}):
                if about.is_required():
                    self.missing.append(here)
                values[name] = _UNTYPED if about.is_required() else about.get_default(call_default_factory=True)
            else:
                values[name] = self._value(model, name, given, here)
        unknown = [name for name in typed if name not in model.model_fields]
        self.faults += [FieldFault((*path, name), "unknown", NO_SUCH_FIELD) for name in unknown]
        self._check_document(values, path)
        return model.model_construct(**values)

    def _value(self, model: type[BaseModel], name: str, given: Any, here: Path) -> Any:
        try:
            value = _adapter(model, name).validate_json(json.dumps(given))
        except (ValidationError, ValueError) as wrong:
            unread = Wording("无法读取", "it can't be read")
            said = model_fault(wrong.errors()[0]) if isinstance(wrong, ValidationError) else unread
            self.faults.append(FieldFault(here, "malformed", said))
            return _UNTYPED
        asked = next((each for each in model.model_fields[name].metadata if isinstance(each, Prompt)), Prompt())
        reader = _new_password if asked.twice else _READERS.get(name)
        return value if reader is None or self._passes(partial(reader, self, value), here) else _UNTYPED

    def _check_document(self, values: dict[str, Any], path: Path) -> None:
        """Check each document's fields together: its kind decides what its number looks like and whether it expires."""
        for names in _DOCUMENTS:
            kind, number, expires = (values.get(name) for name in names)
            if isinstance(kind, str) and isinstance(number, SecretStr) and isinstance(expires, date | None):
                read = partial(
                    read_document, kind, number.get_secret_value(), expires, local_date(self.now, self.counter.zone)
                )
                if names[2] in values and not self._passes(read, (*path, names[1])):
                    values[names[1]] = _UNTYPED

    def _passes(self, check: Callable[[], object], here: Path) -> bool:
        try:
            check()
        except DispatchError as wrong:
            of_expiry = isinstance(wrong, DocumentExpired | ExpiryMissing)
            where = (*here[:-1], here[-1].replace("number", "expires")) if of_expiry else here
            self.faults.append(FieldFault(where, wrong.code, sentences(wrong)))
            return False
        return True


def _amount(_reading: _Reading, text: str) -> None:
    try:
        typed_yuan(text)
    except ValueError:
        raise BadInput(what=Wording("应写作如 700.00。", "Write it as 700.00.")) from None


def _reason(reading: _Reading, name: str) -> None:
    if name not in REASONS[reading.kind]:
        raise BadInput(what=Wording("没有这种原因。", "There is no such reason."))


def _new_password(_reading: _Reading, typed: SecretStr) -> None:
    check_password(typed.get_secret_value())


_READERS: Mapping[str, Callable[[_Reading, Any], object]] = {
    "account": lambda _, text: read_account_number(text),
    "address": lambda _, text: read_address(text),
    "amount": _amount,
    "contact": lambda _, text: read_mobile(text),
    "instead_of": lambda _, text: read_mobile(text),
    "mobile": lambda _, text: read_mobile(text),
    "name": lambda _, text: read_name(text),
    "new_account": lambda _, text: read_mobile(text),
    "order": lambda _, text: read_ticket_number(text),
    "plan": lambda reading, name: reading.counter.plans.plan(name),
    "reason": _reason,
}
"""The check for fields of this name, in any request."""
_DOCUMENTS = (("document_kind", "document_number", "document_expires"), ("kind", "number", "expires"))


@cache
def _adapter(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(model.model_fields[name].rebuild_annotation(), config=ConfigDict(strict=True))


def _texts(typed: Mapping[str, Any]) -> Iterator[tuple[Path, Wording]]:
    for path, what in find_unwritable(typed, ()):
        yield tuple(map(str, path)), what
