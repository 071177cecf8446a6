"""A YAML file in one strict pass: its text, its shape by pydantic models, its meaning; all faults at once.

Each fault is one line `FILE:LINE:COLUMN: message`, in the order of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from dispatch.routing.faults import Fault, Faults
from dispatch.routing.loader import read_model
from dispatch.routing.strict_yaml import YamlDocument

M = TypeVar("M", bound=BaseModel)


def model_of(text: str, name: str, shape: type[M], meaning: Callable[[YamlDocument], Iterable[Fault]]) -> M:
    """`text` as a `shape`; `name` stands before each fault. Raises BadRules.

    `meaning` seeks its faults in the plain data, not in the model: an ill-shaped place hides nothing of the rest of the
    file. Its faults at places that have one already are left out."""
    faults = Faults(name)
    document, model, _ = read_model(text, shape, faults)
    if document.data is not None:
        faults.extend_elsewhere(meaning(document))
    faults.raise_any()
    assert model is not None
    return model


def version_of(text: str) -> str:
    """The version of a file's content: the first 12 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def block(data: object, *path: str) -> Mapping[str, Any]:
    """The block of keys at `path`, or an empty one; a wrong shape is a fault elsewhere."""
    for part in path:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}
