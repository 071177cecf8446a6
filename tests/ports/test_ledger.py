"""The ledger of effects: written lines are read back, also behind a line cut off by a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.ports.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.tsv")


def test_an_unwritten_ledger_is_empty(ledger: Ledger) -> None:
    assert list(ledger.effects()) == []
    ledger.write("accepted", [])
    assert not ledger.file.exists()


def test_every_effect_is_a_line_in_order_and_repeated_keys_are_named(ledger: Ledger) -> None:
    ledger.write("noc.board", [1, 2])
    ledger.write("noc.line-test", [2])
    assert list(ledger.effects()) == [("noc.board", "1"), ("noc.board", "2"), ("noc.line-test", "2")]
    assert ledger.doubled() == []
    ledger.write("noc.board", [2, 2, 3])
    assert ledger.doubled() == [("noc.board", "2")] * 2


@pytest.mark.parametrize("torn", ["acc", "accepted/run", "accepted/run\tF0000"])
def test_half_a_line_left_by_a_killed_process_is_ignored_and_spoils_no_other(ledger: Ledger, torn: str) -> None:
    ledger.write("accepted/run", ["F00000001"])
    with ledger.file.open("a") as cut:
        cut.write(torn)
    assert list(ledger.effects()) == [("accepted/run", "F00000001")]
    ledger.write("accepted/run", ["F00000002"])
    ledger.write("accepted/run", ["F00000003"])
    assert [thing for _, thing in ledger.effects()] == ["F00000001", "F00000002", "F00000003"]
    assert ledger.doubled() == []


def test_a_full_disk_is_an_error_and_counts_as_no_line(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.ports.ledger.os.write", lambda descriptor, text: len(text) - 1)
    with pytest.raises(OSError, match="No space left on device"):
        ledger.write("accepted/run", ["F00000001"])
