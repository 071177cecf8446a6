"""YAML read strictly: plain data with the line and column of every node, and every fault of the text.

ruamel.yaml composes the nodes (YAML 1.2: `on` stays text); duplicate keys, which YAML readers drop in silence, are
collected here instead of stopping at the first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from dispatch.domain.syntax_faults import syntax_fault
from dispatch.domain.title import Wording
from dispatch.routing.faults import Fault

Path = tuple[str | int, ...]


@dataclass(slots=True)
class YamlDocument:
    """`data` as plain dicts, lists and scalars; `where` places a path's value, `keys` its key, as (line, column)."""

    data: Any
    where: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    raw: dict[Path, str] = field(default_factory=dict)  # values that aren't text, as they are written
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: Path, message: Wording, *, at_key: bool = False) -> Fault:
        """A fault at `path`, or at the nearest parent that the file has."""
        place = self.keys.get(path) if at_key else None
        while place is None:
            place = self.where.get(path) or ((1, 1) if not path else None)
            path = path[:-1]
        return Fault(*place, message)


LARGEST = 2**53
"""No number is larger: up to here also a float is exact."""
DEEPEST = 30
"""Blocks and lists within each other; the operator's files need less than ten."""


def read(text: str) -> YamlDocument:
    """Parse `text`. Broken syntax gives a YamlDocument without data and with that one fault."""
    try:
        root = _parser().compose(text)
    except MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if isinstance(wrong, MaxDepthExceededError):
            return YamlDocument(None, faults=[_too_deep(line, column)])
        message = _not_yaml(str(wrong.problem or wrong.context))
        return YamlDocument(None, faults=[Fault(line, column, message)])
    except ReaderError as wrong:
        before = text[: wrong.position]
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
        code = f"U+{ord(text[wrong.position]):04X}"
        message = Wording(f"不是 YAML：不能有字符 {code}", f"not YAML: {code} can't stand in it")
        return YamlDocument(None, faults=[Fault(*place, message)])
    except YAMLError as wrong:
        return YamlDocument(None, faults=[Fault(1, 1, _not_yaml(str(wrong).splitlines()[0]))])
    except Exception as wrong:  # the reader trips over some texts, such as a wrong %YAML line
        return YamlDocument(None, faults=[Fault(1, 1, _not_yaml(f"{type(wrong).__name__}: {wrong}".splitlines()[0]))])
    document = YamlDocument(None)
    if root is None:
        document.faults.append(Fault(1, 1, Wording("文件是空的", "the file is empty")))
    else:
        document.data = _build(root, (), document)
        if document.data is None and not document.faults:
            document.faults.append(Fault(1, 1, Wording("文件没有内容", "the file says nothing")))
    return document


def _parser() -> YAML:
    made = YAML(typ="safe", pure=True, plug_ins=[])
    made.max_depth = DEEPEST + 1  # what the deepest block holds is one further down
    made.composer.warn_double_anchors = False  # on standard error; here every anchor is a fault
    return made


def _too_deep(line: int, column: int) -> Fault:
    return Fault(
        line, column, Wording(f"嵌套超过 {DEEPEST} 层", f"more than {DEEPEST} blocks or lists within each other")
    )


def _not_yaml(problem: str) -> Wording:
    why = syntax_fault(problem)
    return Wording(f"不是 YAML：{why.zh}", f"not YAML: {why.en}")


def _build(node: Node, path: Path, document: YamlDocument) -> Any:
    document.where[path] = _start(node)
    if (
        isinstance(node, ScalarNode) and not node.value and node.style is None and path
    ):  # an empty value: YAML places it at the next token
        document.where[path] = document.keys.get(path) or document.where[path[:-1]]
    if node.anchor:  # an alias may be inside of its own anchor: never follow one
        document.faults.append(_no_anchor(node))
        return None
    match node:
        case MappingNode():
            return _build_mapping(node, path, document)
        case SequenceNode():
            return [_build(item, (*path, i), document) for i, item in enumerate(node.value)]
        case ScalarNode():
            value = _scalar(node, document)
            if not isinstance(value, str):
                document.raw[path] = str(node.value)
            return value
    raise AssertionError(f"a YAML node of kind {type(node).__name__}")


def _no_anchor(node: Node) -> Fault:
    message = Wording(
        f"这里不能用“&{node.anchor}”：请每次都写全", f"'&{node.anchor}' has no place here: write it out each time"
    )
    return Fault(*_start(node), message)


def _build_mapping(node: MappingNode, path: Path, document: YamlDocument) -> Mapping[str, Any]:
    built: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, column = _start(key_node)
        if not isinstance(key_node, ScalarNode) or not _can_be_written(str(key_node.value)):
            document.faults.append(Fault(line, column, Wording("键应为普通的词", "a key must be a plain word")))
            continue
        if key_node.anchor:
            document.faults.append(_no_anchor(key_node))
        key = str(key_node.value)
        if key in built:
            first = document.keys[(*path, key)][0]
            message = Wording(
                f"键“{key}”重复，第 {first} 行已有", f"duplicate key '{key}', first given on line {first}"
            )
            document.faults.append(Fault(line, column, message))
            continue
        document.keys[(*path, key)] = line, column
        built[key] = _build(value_node, (*path, key), document)
    return built


def _scalar(node: ScalarNode, document: YamlDocument) -> str | int | float | bool | None:
    kind, value = str(node.tag).rpartition(":")[2], str(node.value)
    try:
        match kind:
            case "int":
                number = int(value.replace("_", ""), 0 if value[:2].lower() in ("0x", "0o") else 10)
                if abs(number) < LARGEST:
                    return number
            case "float":
                measured = float(value.replace("_", ""))
                if math.isfinite(measured):
                    return measured
            case "bool":
                return value.lower() == "true"
            case "null":
                return None
            case "str" | "timestamp" if _can_be_written(value):
                return value
    except ValueError:
        pass
    message = Wording(
        f"这里不能有“{kind}”类的值：{value!r:.60}", f"a value of kind '{kind}' has no place here: {value!r:.60}"
    )
    document.faults.append(Fault(*_start(node), message))
    return ""


def _can_be_written(text: str) -> bool:
    """Whether it is neither half of a character nor NUL, which neither a file nor a database takes."""
    return not any(0xD800 <= ord(letter) < 0xE000 or letter == "\0" for letter in text)


def _start(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
