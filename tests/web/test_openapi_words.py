"""The words of the API's description: every operation, parameter and field is explained."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

METHODS = {"get", "post", "put", "delete", "patch"}
SENTENCE = re.compile(r"[A-Z`].*[.]", re.DOTALL)
"""A sentence begins with a capital, or with the name of a thing, and ends with a full stop."""
HEADLESS = re.compile(r"(?:What|Who|Whose|Which|Whoever|Whatever|Those|Where|When|Why|How)\b")
"""A description begins with its subject: "The customer's words", not "What the customer says"."""


@pytest.fixture(scope="module")
def document(application: Any) -> dict[str, Any]:
    made: dict[str, Any] = application.openapi()
    return made


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def fields(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property of the schema and its parts, with its place."""
    if isinstance(schema, list):
        for each in schema:
            yield from fields(each, place)
    if not isinstance(schema, dict):
        return
    for name, about in schema.get("properties", {}).items():
        yield f"{place}.{name}", about
        yield from fields(about, f"{place}.{name}")
    for key in ("items", "anyOf", "allOf", "oneOf", "additionalProperties"):
        yield from fields(schema.get(key), place)


def test_every_operation_is_described_in_whole_sentences_of_its_own(document: dict[str, Any]) -> None:
    told = operations(document)
    assert len(told) > 90
    headless = {name: each.get("description") for name, each in told.items() if not is_told(each.get("description"))}
    assert headless == {}
    summaries = Counter((each["tags"][0], each["summary"]) for each in told.values())
    assert [name for name, times in summaries.items() if times > 1] == []
    unclear = [each["summary"] for each in told.values() if len(each["summary"].split()) < 2]
    assert unclear == ["Suspend", "Resume", "Query"]  # operations of the counter, by their titles
    descriptions = Counter(each["description"] for each in told.values())
    assert [text for text, times in descriptions.items() if times > 1] == []


def test_every_parameter_is_described_in_a_sentence(document: dict[str, Any]) -> None:
    silent = [
        (name, parameter["name"])
        for name, operation in operations(document).items()
        for parameter in operation.get("parameters", [])
        if not is_told(parameter.get("description"))
    ]
    assert silent == []


def test_every_part_of_an_answer_is_described_in_a_sentence(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    told = [field for name, schema in schemas.items() for field in fields(schema, name)]
    assert len(told) > 400
    assert [place for place, about in told if not is_told(about.get("description"))] == []


def test_every_field_of_a_counter_request_is_described(document: dict[str, Any]) -> None:
    silent = []
    for name, operation in operations(document).items():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            silent += [place for place, about in fields(content["schema"], name) if not about.get("description")]
    assert silent == []


def described(node: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield every description and summary of the document, with its place."""
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from described(each, f"{place}/{number}")
    if isinstance(node, dict):
        for name, each in node.items():
            if name in {"description", "summary"} and isinstance(each, str):
                yield f"{place}/{name}", each
            else:
                yield from described(each, f"{place}/{name}")


def test_every_description_begins_with_its_subject(document: dict[str, Any]) -> None:
    told = list(described(document))
    assert len(told) > 1000
    assert [(place, text) for place, text in told if HEADLESS.match(text)] == []


def is_told(text: str | None) -> bool:
    return text is not None and SENTENCE.fullmatch(text) is not None
