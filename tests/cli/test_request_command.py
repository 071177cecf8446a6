"""A command's options and its JSON are made from the request's own model and mean the same."""

from __future__ import annotations

import base64
import io
import json
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from typer.testing import CliRunner

from dispatch.accounts import registration
from dispatch.accounts.catalogue import OPERATIONS
from dispatch.accounts.form_fields import InputKind, form_entries
from dispatch.accounts.secret import Prompt
from dispatch.cli.request_command import JSON_FILE, command
from dispatch.cli.request_reader import read
from dispatch.errors import BadRequest


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Scan(Strict):
    kind: str
    content: Base64Bytes


class Person(Strict):
    name: Annotated[str, Field(description="姓名 · name")]
    document_number: SecretStr
    born: date | None = None


class Base(Strict):
    request_key: str | None = None
    confirm: tuple[str, ...] = ()


class Wish(Base):
    """A request with every field."""

    holder: Person
    speed: int
    password: Annotated[SecretStr, Field(description="密码 · password"), Prompt(twice=True)]
    pays: Literal["cash", "card"] = "cash"
    urgent: bool = False
    agent: Person | None = None
    account: str | None = None
    pin: Annotated[SecretStr | None, Prompt(beside="account")] = None
    scans: tuple[Scan, ...] = ()


WHOLE = {
    "holder": {"name": "张㛃", "document_number": "110101", "born": "1990-03-07"},
    "speed": 300,
    "password": "Gx7#pqLm",
    "pays": "card",
    "urgent": True,
    "scans": [{"kind": "owner", "content": base64.b64encode(b"%PDF-1").decode()}],
    "request_key": "k1",
    "confirm": ["open-fault", "plan-voided"],
}


def options(file: Path) -> list[str]:
    """Return the options that give `WHOLE`."""
    file.write_bytes(b"%PDF-1")
    text = (
        "--holder-name 张㛃 --holder-document-number 110101 --holder-born 1990-03-07 --speed 300 --password Gx7#pqLm "
        f"--pays card --urgent --scan owner={file} --request-key k1 --confirm open-fault --confirm plan-voided"
    )
    return text.split()


def given(*words: str) -> dict[str, Any]:
    """Return the request that the command makes of these words."""
    got: dict[str, Any] = {}
    app = typer.Typer()
    app.command()(command(Wish, "wish", "a wish", lambda options: got.update(options)))
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return got


def wish(*words: str, **asked: str) -> Wish:
    return read(Wish, given(*words), (lambda what, _twice: asked[what]) if asked else None)


def faults(*words: str) -> list[str]:
    with pytest.raises(BadRequest) as refused:
        wish(*words)
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "request.json"


def written(file: Path, **changes: Any) -> str:
    file.write_text(json.dumps({k: v for k, v in {**WHOLE, **changes}.items() if v is not ...}, ensure_ascii=False))
    return str(file)


def test_options_and_json_give_the_same_request(tmp_path: Path, file: Path) -> None:
    by_options, by_json = wish(*options(tmp_path / "scan.pdf")), wish("--from", written(file))
    assert by_options == by_json
    assert (by_options.holder.born, by_options.scans[0].content) == (date(1990, 3, 7), b"%PDF-1")


def test_every_value_has_one_option_and_the_requests_own_options_come_first() -> None:
    assert [entry.option for entry in form_entries(Wish)] == [
        "--holder-name",
        "--holder-document-number",
        "--holder-born",
        "--speed",
        "--password",
        "--pays",
        "--urgent",
        "--agent-name",
        "--agent-document-number",
        "--agent-born",
        "--account",
        "--pin",
        "--scan",
        "--request-key",
        "--confirm",
    ]
    required = [entry.parameter for entry in form_entries(Wish) if entry.required]
    assert required == ["holder_name", "holder_document_number", "speed", "password"]


def test_options_may_complete_the_json(file: Path) -> None:
    name = written(file, confirm=..., speed=...)
    assert wish("--from", name, "--confirm", "open-fault", "--speed", "500").confirm == ("open-fault",)


def test_a_value_given_by_json_and_option_is_a_fault(file: Path) -> None:
    told = faults("--from", written(file), "--speed", "500", "--holder-name", "李四", "--agent-name", "x")
    assert told == [
        "--holder-name: is in the JSON already",
        "--speed: is in the JSON already",
        "agent.document_number: is missing",
    ]


def test_an_option_cannot_begin_a_part_that_the_json_sets_to_null(file: Path) -> None:
    assert faults("--from", written(file, agent=None), "--agent-name", "x") == ["--agent-name: is in the JSON already"]


def test_json_is_read_from_standard_input_too(monkeypatch: pytest.MonkeyPatch) -> None:
    got = given("--from", "-")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(WHOLE).encode())))
    assert read(Wish, got).holder.name == "张㛃"


def test_all_faults_of_the_options_are_told_at_once_by_option(tmp_path: Path) -> None:
    missing = tmp_path / "m.pdf"
    told = faults(
        "--speed", "fast", "--pays", "gold", "--holder-name", "张", "--holder-born", "31.3.1990", "--scan", "x",
        "--scan", f"owner={missing}", "--agent-born", "1990-01-01",
    )  # fmt: skip
    assert told == [
        "--scan: write it as KIND=FILE",
        f"--scan: {missing}: No such file or directory",
        "--holder-document-number: is missing",
        "--holder-born: Input should be a valid date in the format YYYY-MM-DD, input is too short",
        "--speed: Input should be a valid integer",
        "--password: is missing",
        "--pays: Input should be 'cash' or 'card'",
        "--agent-name: is missing",
        "--agent-document-number: is missing",
    ]


def test_an_empty_request_is_answered_with_everything_required() -> None:
    assert faults() == [
        "--holder-name, --holder-document-number: is missing",
        "--speed: is missing",
        "--password: is missing",
    ]


def test_all_faults_of_the_json_are_told_at_once_by_key(file: Path) -> None:
    changed = {"speed": "300", "holder": {"name": 3, "age": 5}, "urgent": "yes", "colour": 1, "confirm": "x"}
    told = faults("--from", written(file, **changed, scans=[{"kind": "x"}]))
    assert sorted(line.split(":")[0] for line in told) == [
        "colour",
        "confirm",
        "holder.age",
        "holder.document_number",
        "holder.name",
        "scans[0].content",
        "speed",
        "urgent",
    ]
    assert "holder.age: is unknown; known are name, document_number, born" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"speed": 300,\n "password": }', ":2:14: JSON: Expecting value"),
        ('{"speed": 1, "speed": 2}', "speed: stands twice"),
        ("[1]", "JSON: the request must be an object"),
        ("", ":1:1: JSON: Expecting value"),
        ('{"speed": NaN}', "JSON: NaN is no number"),
        ('{"speed": 1e999}', "is no number"),
        ("[" * 100_000, "JSON: nested too deeply"),
        ('{"account": "a\\ud800b"}', "account: has a character in it"),
        ('{"account": "a\\u0000b"}', "account: has a character in it"),
        ('{"account": "a\nb"}', ":1:15: JSON: Invalid control character at"),
        ("\ufeff[]", "JSON: the request must be an object"),
        ('{"speed": 9' + "9" * 5000 + "}", "JSON: "),
    ],
)
def test_malformed_json_is_told_with_its_place(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    assert any(told in line for line in faults("--from", str(file)))


def test_a_missing_file_and_one_that_is_not_text_are_faults(file: Path) -> None:
    assert "No such file or directory" in faults("--from", str(file))[0]
    file.write_bytes(b'{"account": "\xb3\xc9"}')
    assert faults("--from", str(file)) == ["--from: byte 14 is no UTF-8"]


def test_undecodable_words_of_the_command_line_are_faults() -> None:
    assert "--holder-name: has a character in it that can't be written" in faults("--holder-name", "\udcff")


def test_no_fault_repeats_the_typed_value(file: Path) -> None:
    secret = "44010619900307001X"
    spoilt = {"password": 44010619900307001, "holder": {"name": "x", "document_number": [secret], "born": secret}}
    told = "\n".join(faults("--from", written(file, **spoilt, speed=secret, pays=secret, agent=secret)))
    assert "holder.document_number" in told
    assert "440106" not in told
    told = "\n".join(faults("--speed", secret, "--pays", secret, "--holder-born", secret, "--scan", secret))
    assert "440106" not in told


def test_missing_secrets_are_prompted_for_at_a_terminal() -> None:
    asked: list[tuple[str, bool]] = []

    def ask(what: str, twice: bool) -> str:
        asked.append((what, twice))
        return "Gx7#pqLm"

    words = ("--holder-name", "张", "--speed", "300", "--agent-name", "李", "--account", "kd1")
    request = read(Wish, given(*words), ask)
    assert asked == [
        ("--holder-document-number", False),
        ("password", True),
        ("--agent-document-number", False),
        ("--pin", False),
    ]
    assert request.password.get_secret_value() == "Gx7#pqLm"
    asked.clear()
    with pytest.raises(BadRequest):
        read(Wish, given("--scan", "x"), ask)
    assert asked == []  # known faults are told first


def test_a_part_that_was_not_begun_is_not_prompted_for() -> None:
    words = ("--holder-name", "张", "--holder-document-number", "1", "--speed", "300", "--password", "x")
    assert wish(*words, nobody="is asked").agent is None


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_option_of_the_counter_is_explained_in_both_languages(name: str) -> None:
    listed = form_entries(OPERATIONS[name][0])
    assert [entry.option for entry in listed if " · " not in entry.help] == []
    assert len({entry.option for entry in listed}) == len(listed)
    secret = {"password", "old_password", "new_password", "document_number"}
    assert {entry.way for entry in listed if entry.path[-1] in secret} <= {InputKind.SECRET}
    assert JSON_FILE not in {entry.parameter for entry in listed}


@pytest.mark.parametrize("content", ["%%%", "iVBORw0KG!o=", "iVBORw0KGgo", "é"])
def test_an_invalid_base64_scan_is_a_fault_and_no_part_is_kept(content: str) -> None:
    with pytest.raises(ValidationError, match="it is not base 64"):
        registration.Scan.model_validate_json(json.dumps({"kind": "other", "content": content}))


def test_a_scan_may_be_wrapped_as_base64_prints_it() -> None:
    wrapped = base64.encodebytes(b"%PDF-" * 40).decode()
    assert wrapped.count("\n") > 1
    scan = registration.Scan.model_validate_json(json.dumps({"kind": "other", "content": wrapped}))
    assert scan.content == b"%PDF-" * 40
