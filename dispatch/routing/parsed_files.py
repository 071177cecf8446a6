"""A cache of the operator's parsed files, as JSON beside the state: reading it back takes a tenth of the time.

An entry's key is the file's text and the program's own files, so an entry is never out of date: a changed rule or a
changed program has another key. Only a closed list of dataclasses is read back: a tampered entry can make wrong rules,
as an edited rules file can, but it can't run code."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from dispatch.domain.finding import Evidence, Finding
from dispatch.domain.requirement import Occasion, Requirement
from dispatch.domain.service_level import ServiceLevel
from dispatch.domain.title import Title, Wording
from dispatch.routing.prehandling import Answer, FromBooks, Question, Script, Symptom
from dispatch.routing.rulebook import Condition, Limits, Rule, Rulebook, Rules, Team

T = TypeVar("T")

KINDS: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(Rulebook, Rule, Condition, Limits, Team, Finding, Evidence, ServiceLevel, Title),
        *(Requirement, Occasion, Wording),
        *(Script, Symptom, Question, Answer, FromBooks),
    )
}
KEPT = 8
"""Entries in the folder, at most: the newest."""


def parse_cached(folder: Path, kind: type[T], text: str, parse: Callable[[], T]) -> T:
    """The result of `parse` on `text`, from `folder` if it is cached there. Raises what `parse` raises; keeps no
    faults.

    Nothing depends on the folder: where it can't be written to, the file is parsed each time.
    """
    file = folder / f"{kind.__name__.lower()}-{_key(text)}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = decode(json.loads(file.read_bytes()))
        if isinstance(found, kind):
            return found
    made = parse()
    with contextlib.suppress(OSError):
        _keep(file, json.dumps(encode(made), ensure_ascii=False, separators=(",", ":")).encode())
    return made


def _keep(file: Path, content: bytes) -> None:
    """Write the entry atomically; remove the oldest ones."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    entries = sorted(file.parent.glob("*.json"), key=lambda entry: entry.stat().st_mtime_ns)
    for old in entries[:-KEPT]:
        old.unlink(missing_ok=True)


def _key(text: str) -> str:
    return hashlib.sha256(f"{_program()}\0{text}".encode()).hexdigest()[:32]


@cache
def _program() -> str:
    """The program's files that a parsed file depends on: what reads them, and the classes that come of it."""
    root = Path(__file__).parent
    files = sorted([*root.glob("*.py"), *(root.parent / "domain").glob("*.py")])
    marks = [f"{file.name} {(stat := file.stat()).st_size} {stat.st_mtime_ns}" for file in files]
    return "\n".join(marks)


def encode(value: Any) -> Any:
    """The value as JSON: mappings stay mappings, types that JSON lacks become lists with their kind in front."""
    if is_dataclass(value):
        return [type(value).__name__, *(encode(getattr(value, field.name)) for field in fields(value))]
    match value:
        case None | bool() | str() | int() | float():
            return value
        case Mapping():
            return {key: encode(each) for key, each in value.items()}
        case Rules() | tuple():
            return [type(value).__name__, *map(encode, value)]
        case frozenset():
            return ["frozenset", *sorted(map(encode, value), key=repr)]
        case timedelta():
            return ["timedelta", value.total_seconds()]
    raise TypeError(f"{type(value).__name__} can't be kept")


def decode(value: Any) -> Any:
    """The value from which `encode` made this. Raises KeyError, TypeError or ValueError for anything else."""
    if isinstance(value, dict):
        return {key: decode(each) for key, each in value.items()}
    if not isinstance(value, list):
        return value
    kind, *parts = value
    match kind:
        case "tuple":
            return tuple(map(decode, parts))
        case "Rules":
            return Rules(map(decode, parts))
        case "frozenset":
            return frozenset(map(decode, parts))
        case "timedelta":
            return timedelta(seconds=parts[0])
    return KINDS[kind](*map(decode, parts))
