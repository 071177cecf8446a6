"""Whatever an operator's file holds, its reader loads it or refuses it with a line: no other error comes out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.errors import BadFile
from dispatch.replay import mapping
from dispatch.routing import (
    address_file,
    cases,
    complaints_file,
    device_file,
    loader,
    messages_file,
    plans_file,
    prehandling_file,
)
from dispatch.routing.rulebook import Rulebook
from tests.conftest import PROJECT

Load = Callable[[Path], object]

FILES = (
    *("routing_rules.yaml", "prehandling.yaml", "marketing_plans.yaml", "messages.yaml", "complaints.yaml"),
    *("replay_mapping.yaml", "addresses.csv", "devices.csv"),
)
TEXTS = {name: (PROJECT / ("docs" if name.endswith("csv") else "") / name).read_text("utf-8") for name in FILES}
TEXTS["routing_cases.yaml"] = (PROJECT / "tests/routing_cases.yaml").read_text("utf-8")


def reader(name: str, rulebook: Rulebook) -> Load:
    return {
        "routing_rules.yaml": loader.load,
        "prehandling.yaml": lambda file: prehandling_file.load(file, rulebook.categories),
        "marketing_plans.yaml": plans_file.load,
        "messages.yaml": messages_file.load,
        "complaints.yaml": complaints_file.load,
        "replay_mapping.yaml": lambda file: mapping.load(file, rulebook),
        "addresses.csv": address_file.load,
        "devices.csv": device_file.load,
        "routing_cases.yaml": lambda file: cases.load_cases(file, rulebook),
    }[name]


def refused(load: Load, file: Path, content: bytes) -> tuple[str, ...]:
    """The faults of a file with this content, each with a line; empty when it is good."""
    file.write_bytes(content)
    try:
        load(file)
    except BadFile as wrong:
        found = wrong
    else:
        return ()
    assert all(re.match(rf"{re.escape(str(file))}(:\d+)+: |.*: and \d+ more", line) for line in found.lines)
    assert all(line.encode() for line in found.lines_in("zh")), "can be written"
    return found.lines


NASTY = [
    b"[" * 500,
    b"[" * 500 + b"]" * 500,
    b"{a: " * 500 + b"1" + b"}" * 500,
    b"".join(b" " * n + b"a:\n" for n in range(500)),
    b"- " * 500 + b"x",
    b"a: &a [1]\nb: *a\n",
    b"a: &a [*a, *a]\n",
    b"%YAML 9.9\n---\na: 1\n",
    b"%YAML x\n---\na: 1\n",
    b"%TAG ! x\n---\n!y a: 1\n",
    b"? [a, b]\n: 1\n",
    b"? {a: 1}\n: 1\n",
    b"\xff\xfe\x00",
    b"a: \x00",
    b"\xed\xa0\x80: 1",
    b'version: "\\uD800"\n',
    b'"\\uD83D": 1\n',
    b"&x a: 1\n&x b: 2\n",
    b"version: 0x" + b"f" * 5000,
    b"version: " + b"9" * 5000,
    b"version: 1e999\nlimits: {hops: .nan}\n",
    b"version: !!binary aGk=\n",
    b"version: !!python/object:os.system x\n",
    b"version: !!timestamp 2001-99-99\n",
    b"version: 2001-12-14t21:59:43.10-05:00\n",
    b"version: !!set {a, b}\n",
    b"version: !!int x\n",
    b"version: !!float x\n",
    b"<<: {a: 1}\n",
    b"",
    b"~",
    b"# nothing\n",
    b'a"b",c,a"b",d\n',
    b"---\n---\n",
    b"\xef\xbb\xbfversion: 1\n",
]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("content", NASTY, ids=range(len(NASTY)))
def test_a_nasty_file_is_refused_with_a_line(name: str, content: bytes, tmp_path: Path, rulebook: Rulebook) -> None:
    assert refused(reader(name, rulebook), tmp_path / name, content)


@pytest.mark.parametrize("written", ["99999999999d", "9999999d", "9" * 5000 + "s"])
def test_a_time_limit_beyond_ten_years_is_refused(written: str, tmp_path: Path, rulebook: Rulebook) -> None:
    text = TEXTS["routing_rules.yaml"].replace("respond_within: 15m", f"respond_within: {written}", 1)
    assert refused(loader.load, tmp_path / "rules.yaml", text.encode())


def test_a_key_that_is_half_of_a_character_is_refused_in_words_that_can_be_written(tmp_path: Path) -> None:
    text = re.sub(r"when: \{[a-z-]+:", r'when: {"\\uD83D":', TEXTS["routing_rules.yaml"])
    assert refused(loader.load, tmp_path / "rules.yaml", text.encode())


@pytest.mark.filterwarnings("error")
def test_an_anchor_given_twice_is_told_on_its_line_and_nowhere_else(tmp_path: Path) -> None:
    text = TEXTS["routing_rules.yaml"].replace("teams:", "&x teams:").replace("findings:", "&x findings:")
    assert "'&x' has no place here" in refused(loader.load, tmp_path / "rules.yaml", text.encode())[0]


LEAVES = st.sampled_from(
    ["~", "[]", "{}", "yes", "1_000", "0755", "0x1F", "1e400", ".nan", "-.inf", "2001-01-01", "!!binary x", "!!set {}",
     "*x", "&x y", "'", '"\\uD83D"', "[[[[]]]]", "9" * 40, "é́", "ａ", "sender", "end", "99999d", "<<"]
)  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_a_real_file_loads_or_is_refused_with_a_line(
    name: str, data: st.DataObject, tmp_path: Path, rulebook: Rulebook
) -> None:
    lines = TEXTS[name].splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        words = [each.span() for each in re.finditer(r"[^\s:,{}\[\]]+", lines[at])] or [(0, 0)]
        start, end = data.draw(st.sampled_from(words))
        lines[at] = lines[at][:start] + data.draw(LEAVES) + lines[at][end:]
    refused(reader(name, rulebook), tmp_path / name, "\n".join(lines).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text("[]{}:,-?&*!|>'\"%@` \n\t#ab1é\0", max_size=60).map(str.encode))
def test_any_bytes_load_or_are_refused_with_a_line(
    name: str, content: bytes, tmp_path: Path, rulebook: Rulebook
) -> None:
    refused(reader(name, rulebook), tmp_path / name, content)
