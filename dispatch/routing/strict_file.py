"""A YAML file in one strict pass: its text, its shape by pydantic models, its meaning; all faults at once.

Each fault is one line `FILE:LINE:COLUMN: message`, in the order of the file.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dispatch.errors import BadRules
from dispatch.routing.loader import shape_fault
from dispatch.routing.strict_yaml import Fault, YamlDocument, read

M = TypeVar("M", bound=BaseModel)


def text_of(file: FilePath) -> str:
    """Raises BadRules when the file can't be read."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadRules(file=str(file), faults=(f"{file}:1:1: can't be read: {wrong}",)) from None


def model_of(text: str, name: str, shape: type[M], meaning: Callable[[YamlDocument], Iterable[Fault]]) -> M:
    """`text` as a `shape`; `name` stands before each fault. Raises BadRules.

    `meaning` seeks its faults in the plain data, not in the model: an ill-shaped place hides nothing of the rest of the
    file. What it finds where the text or the shape is at fault already isn't told twice.
    """
    document = read(text)
    faults = list(document.faults)
    model = None
    if document.data is not None:
        try:
            model = shape.model_validate(document.data)
        except ValidationError as wrong:
            faults += [shape_fault(document, error) for error in wrong.errors()]
        known = {(fault.line, fault.column) for fault in faults}
        faults += [fault for fault in meaning(document) if (fault.line, fault.column) not in known]
    if faults or model is None:
        lines = tuple(f"{name}:{f.line}:{f.column}: {f.message}" for f in sorted(set(faults)))
        raise BadRules(file=name, faults=lines)
    return model


def version_of(text: str) -> str:
    """By which a file's content is known."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def block(data: object, *path: str) -> Mapping[str, Any]:
    """The block of keys at `path`, or an empty one where the file has none: its shape is told elsewhere."""
    for part in path:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """The message for a name that leads nowhere, with the nearest known one."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(known) or 'none'}"
    return f"unknown {kind} '{name}'; {hint}"
