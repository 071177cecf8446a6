"""A request from the options and the JSON that were given, by the request's own model.

Both become one mapping, which the model reads from JSON: so both allow the same, and every fault is told at once. No
fault has in it what was typed, for that may be a customer's data.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dispatch.accounts.form_fields import FormEntry, InputKind, find_unwritable, form_entries, plain_type
from dispatch.cli.json_option import INPUT
from dispatch.cli.language import text
from dispatch.cli.request_command import JSON_FILE
from dispatch.domain.model_faults import model_fault
from dispatch.domain.syntax_faults import syntax_fault
from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Wording, WrongValue, same
from dispatch.errors import BadRequest

TWICE = Wording("重复", "stands twice")

R = TypeVar("R", bound=BaseModel)

LARGEST = 64_000_000
"""Bytes of JSON: some scans in base 64."""

Ask = Callable[[str, bool], str]
"""Asks a person for what is called so, unseen; twice, when the second is true."""


def read(model: type[R], given: Mapping[str, Any], ask: Ask | None = None) -> R:
    """The request that was given as options, as JSON, or in part as the one and in part as the other. Secrets that
    must be there and aren't are asked for with `ask`, which is None where nobody can be asked.

    Raises BadRequest with every fault, each naming its key or its option.
    """
    reading = _Reading(model, given)
    if ask is not None and not reading.faults:
        reading.complete(ask)
    return reading.end(model)


class _Reading:
    """One request while it is put together: the mapping so far, and what was wrong with it so far."""

    def __init__(self, model: type[BaseModel], given: Mapping[str, Any]) -> None:
        self.entries = form_entries(model)
        self.source: str = given[JSON_FILE]
        self.faults: list[Wording] = []
        self.whole: dict[str, Any] = self._from_json() if self.source else {}
        for entry in self.entries:
            value = given[entry.parameter]
            if value is not None and value != []:
                self._put(entry, value)

    def _from_json(self) -> dict[str, Any]:
        """Raises BadRequest at once for what is no JSON at all."""
        content = _text(self.source)
        name = text("标准输入", "standard input") if self.source == "-" else self.source
        try:
            found = json.loads(content, object_pairs_hook=self._object, parse_constant=_no_number, parse_float=_number)
        except json.JSONDecodeError as wrong:
            raise BadRequest([_no_json(syntax_fault(wrong.msg)).at(f"{name}:{wrong.lineno}:{wrong.colno}")]) from None
        except RecursionError:
            raise BadRequest([Wording("JSON：嵌套太深", "JSON: nested too deeply").at(name)]) from None
        except WrongValue as wrong:
            raise BadRequest([_no_json(wrong.what).at(name)]) from None
        except ValueError as wrong:
            raise BadRequest([_no_json(syntax_fault(str(wrong))).at(name)]) from None
        if not isinstance(found, dict):
            raise BadRequest([Wording("JSON：请求应为对象 {…}", "JSON: the request must be an object {…}").at(name)])
        return found

    def _object(self, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        names = [name for name, _ in pairs]
        self.faults += [TWICE.at(_shown(name)) for name in made if names.count(name) > 1]
        return made

    def _put(self, entry: FormEntry, value: Any) -> None:
        part = self._part(entry, begin=True)
        if part is None or entry.path[-1] in part:
            self.faults.append(Wording("JSON 中已有", "is in the JSON already").at(entry.option))
        elif entry.way is InputKind.FILES:
            part[entry.path[-1]] = [each for word in value if (each := self._file(entry, word))]
        elif entry.way is InputKind.PARTS:
            names = [each.path[-1] for each in entry.parts]
            words = [word.split("=", len(names) - 1) for word in value]
            part[entry.path[-1]] = [dict(zip(names, said, strict=False)) for said in words]
        else:
            is_number = entry.way is InputKind.NUMBER and value.isascii() and value.removeprefix("-").isdigit()
            part[entry.path[-1]] = int(value) if is_number and len(value) < 20 else value

    def _part(self, entry: FormEntry, begin: bool) -> dict[str, Any] | None:
        """The part of the request in which the entry stands; None where there is none, or something else."""
        part = self.whole
        for name in entry.path[:-1]:
            inner = part.setdefault(name, {}) if begin else part.get(name)
            if not isinstance(inner, dict):
                return None
            part = inner
        return part

    def _file(self, entry: FormEntry, word: str) -> dict[str, str] | None:
        kind, sign, name = word.partition("=")
        if not sign or not kind:
            self.faults.append(Wording("应写作 KIND=FILE", "write it as KIND=FILE").at(entry.option))
            return None
        try:
            with Path(name).open("rb") as file:
                content = file.read(LARGEST)
        except (OSError, ValueError) as wrong:
            self.faults.append(_unread(name, wrong).at(entry.option))
            return None
        return {"kind": kind, "content": base64.b64encode(content).decode()}

    def complete(self, ask: Ask) -> None:
        """Ask for the secrets that are needed and missing, also those of a part that was begun."""
        for entry in self.entries:
            if entry.way is not InputKind.SECRET:
                continue
            part = self._part(entry, begin=entry.required)
            if part is None or entry.path[-1] in part:
                continue
            if entry.needed or (entry.asked.beside in part and part.get("reason") not in entry.asked.not_for):
                part[entry.path[-1]] = ask(_called(entry), entry.asked.twice)

    def end(self, model: type[R]) -> R:
        self.faults += [what.at(self._called(path)) for path, what in find_unwritable(self.whole, ())]
        try:
            request = model.model_validate_json(json.dumps(self.whole, ensure_ascii=False).encode(errors="replace"))
        except ValidationError as wrong:
            errors = wrong.errors(include_url=False, include_input=False)
            self.faults += [_said(error, model).at(self._called(error["loc"])) for error in errors]
        if self.faults:
            raise BadRequest(self.faults)
        return request

    def _called(self, path: tuple[str | int, ...]) -> str:
        """A place in the request in the words of who gave it: `holder.name` of JSON, `--holder-name` of options."""
        if not path:
            return text("请求", "request")
        names = tuple(name for name in path if isinstance(name, str))
        if not self.source:
            for entry in self.entries:
                if entry.path == names[: len(entry.path)]:
                    return entry.option
            begun = [entry.option for entry in self.entries if entry.path[: len(names)] == names and entry.required]
            return ", ".join(begun) or "--" + "-".join(names).replace("_", "-")
        steps = (f"[{step}]" if isinstance(step, int) else f".{_shown(step)}" for step in path)
        return "".join(steps).removeprefix(".")


def _called(entry: FormEntry) -> str:
    zh, _, en = entry.help.partition(" · ")
    return text(zh, en) or entry.option


def _text(source: str) -> str:
    """Raises BadRequest."""
    try:
        if source == "-":
            raw = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(source).open("rb") as file:
                raw = file.read(LARGEST + 1)
        most = LARGEST // 1_000_000
        if len(raw) > LARGEST:
            raise BadRequest([Wording(f"超过 {most} MB", f"more than {most} MB").at(INPUT)])
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise BadRequest(
            [Wording(f"第 {wrong.start + 1} 字节不是 UTF-8", f"byte {wrong.start + 1} is no UTF-8").at(INPUT)]
        ) from None
    except (OSError, ValueError) as wrong:
        raise BadRequest([_unread(source, wrong).at(INPUT)]) from None


def _unread(name: str, wrong: OSError | ValueError) -> Wording:
    why = system_fault(wrong) if isinstance(wrong, OSError) else same(str(wrong))
    return Wording(f"无法读取（{why.zh}）", why.en).at(name if name.isprintable() else repr(name))


def _no_json(why: Wording) -> Wording:
    return Wording(f"JSON 有误：{why.zh}", f"JSON: {why.en}")


def _no_number(word: str) -> float:
    raise WrongValue(f"{word} 不是数", f"{word} is no number")


def _number(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise WrongValue("有一个数太大", "one that no column holds is no number")
    return number


def _said(error: ErrorDetails, model: type[BaseModel]) -> Wording:
    if error["type"] != "extra_forbidden":
        return model_fault(error)
    part = model
    for name in error["loc"][:-1]:
        if isinstance(name, str):
            part = _part(part, name)
    known = ", ".join(part.model_fields)
    return Wording(f"没有这一项；有：{known}", f"is unknown; known are {known}")


def _part(model: type[BaseModel], name: str) -> type[BaseModel]:
    """The model of a part of this name, or of the parts in a list of this name."""
    kind = plain_type(model.model_fields[name].annotation)
    part: type[BaseModel] = plain_type(get_args(kind)[0]) if get_origin(kind) is tuple else kind
    return part


def _shown(name: str) -> str:
    return name if name.isidentifier() and len(name) <= 40 else f"{name!r:.60}"
