"""A request's JSON as it was sent, for endpoints that validate it with a model of their own, as commands do.

FastAPI validates a body as Python objects, in which a text is no date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from dispatch.domain.title import Wording, WrongValue
from dispatch.web import strict_json

Json = dict[str, Any]


async def _read(request: Request) -> Json:
    """The body as a JSON object. Raises RequestValidationError for anything else."""
    try:
        found = strict_json.read(await request.body() or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise invalid_request([((), Wording("不是 JSON", "that is no JSON"))]) from None
    if not isinstance(found, dict):
        raise invalid_request([((), Wording("请求应为对象 {…}", "the request must be an object {…}"))])
    return found


Sent = Annotated[Json, Depends(_read)]
"""An endpoint's parameter of this kind is the request's JSON."""


def invalid_request(faults: Sequence[tuple[tuple[str | int, ...], Wording]]) -> RequestValidationError:
    """The error for a request that is not of the documented form: each fault with its place."""
    return RequestValidationError(
        [
            {
                "loc": ("body", *path),
                "msg": said.en,
                "type": "value_error",
                "ctx": {"error": WrongValue(said.zh, said.en)},
            }
            for path, said in faults
        ]
    )


def body_schema(model: type[BaseModel], without: str, instead: Mapping[str, Json]) -> Json:
    """The body's OpenAPI description: the model's fields except `without`, some replaced by `instead`."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})
    schema["properties"] = {
        name: instead.get(name, about) for name, about in schema["properties"].items() if name != without
    }
    return {"required": True, "content": {"application/json": {"schema": _inlined(schema, parts)}}}


def _inlined(schema: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(schema, dict):
        name = schema.get("$ref", "").rpartition("/")[2]
        own = {key: _inlined(each, parts) for key, each in schema.items() if key != "$ref"}
        return {**_inlined(parts[name], parts), **own} if name else own
    return [_inlined(each, parts) for each in schema] if isinstance(schema, list) else schema


def _no_number(word: str) -> float:
    raise ValueError(word)
