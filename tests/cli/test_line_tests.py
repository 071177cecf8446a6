"""A line that couldn't be tested, at the terminal: when it is tested again, and what was found then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from dispatch.cli import journey, team
from dispatch.domain.numbers import ticket_number
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from tests import factories as f

WAITS = {
    "zh": (("再测时间 03-02 16:00:10", "线路测试系统不可用"), "无测试"),
    "en": (("tested again at 03-02 16:00:10", "line test system is away"), "no test"),
}
TESTED = {
    "zh": ("线路补测于 03-02 16:05:00，收光 -19.5 dBm", "线路补测  收光 -19.5 dBm"),
    "en": ("Line tested at 03-02 16:05:00, optical power -19.5 dBm", "Line tested  optical power -19.5 dBm"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_show_and_board_tell_when_a_line_is_tested_again_and_later_what_was_found(
    sqlite: Database, rulebook: Rulebook, script: Script, language: str
) -> None:
    f.put_in_force(sqlite, rulebook)
    ticket_id = f.fault(sqlite, rulebook, script).ticket_id
    hop_id = f.untested(sqlite, rulebook, ticket_id)
    show, board = (journey.app, "show", ticket_number("fault", ticket_id)), (team.app, "board", "noc")

    def told(command: tuple[Any, ...]) -> str:
        done = CliRunner().invoke(command[0], command[1:], env={"DISPATCH_LANG": language, "COLUMNS": "120"})
        assert done.exit_code == 0, done.output
        return done.stdout

    words, short = WAITS[language]
    assert all(each in told(show) for each in words)
    assert short in told(board)
    assert "16:00:10" in told(board)
    f.tested_again(sqlite, hop_id, f.NOW + timedelta(minutes=5))
    for each in TESTED[language]:
        assert each in told(show)
    assert "-19.5 dBm" in told(board)
