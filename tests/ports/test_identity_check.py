"""The simulated registry answers what it was told, from a file that knows no number."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.ports.identity_check import CheckPurpose, FraudAnswer, RegistryAnswer, SimulatedIdentityCheck

NUMBER = "440106199003070036"


def test_everybody_matches_but_whom_it_was_told_of(tmp_path: Path) -> None:
    system = SimulatedIdentityCheck(tmp_path / "identity.db")
    asked = ("resident-id", NUMBER, "李𬭛", None, CheckPurpose.OPEN)
    first = system.ask(*asked)
    assert (first.registry, first.fraud) == (RegistryAnswer.MATCH, FraudAnswer.CLEAR)

    system.tell("resident-id", NUMBER, None, RegistryAnswer.NONE, FraudAnswer.LISTED)

    told = SimulatedIdentityCheck(tmp_path / "identity.db").ask(*asked)
    assert (told.registry, told.fraud, told.reference) == (RegistryAnswer.NONE, FraudAnswer.LISTED, first.reference)
    assert NUMBER.encode() not in b"".join(each.read_bytes() for each in tmp_path.iterdir())


def test_a_passport_of_another_country_is_another_one(tmp_path: Path) -> None:
    system = SimulatedIdentityCheck(tmp_path / "identity.db")
    system.tell("passport", "E12345678", "FRA", RegistryAnswer.MISMATCH, FraudAnswer.CLEAR)

    answers = [system.ask("passport", "E12345678", "X", each, CheckPurpose.OPEN).registry for each in ("FRA", "CHE")]

    assert answers == [RegistryAnswer.MISMATCH, RegistryAnswer.MATCH]


def test_a_file_that_cannot_be_used_is_a_system_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "identity.db").write_bytes(b"no database" * 100)
    system = SimulatedIdentityCheck(tmp_path / "identity.db")

    with pytest.raises(OSError, match="identity"):
        system.ask("resident-id", NUMBER, "X", None, CheckPurpose.OPEN)
