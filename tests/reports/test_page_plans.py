"""The queries of every page use indexes: ended tickets are neither read nor sorted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from dispatch.reports import lists, overview
from dispatch.reports.lists import Areas, Scope
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database, Tx
from tests.busy_year import AREAS, crowd
from tests.factories import NOW
from tests.query_plans import plans

OPEN, ENDED = 300, 6_000
TWO = frozenset(AREAS[:2])
BETWEEN = 40
"""An open hop, and a ticket that ended, somewhere in the middle."""

QUERIES: dict[str, Callable[[Tx, Rulebook], object]] = {
    "a board": lambda tx, _: lists.board(tx, "noc", 51),
    "a board, further on": lambda tx, _: lists.board(tx, "noc", 51, None, ENDED + BETWEEN),
    "a board of two areas": lambda tx, _: lists.board(tx, "noc", 51, TWO),
    "a board of two areas, further on": lambda tx, _: lists.board(tx, "noc", 51, TWO, ENDED + BETWEEN),
    "all teams' loads": lambda tx, _: lists.team_loads(tx),
    "all teams' loads in two areas": lambda tx, _: lists.team_loads(tx, TWO),
    "one team's load": lambda tx, _: lists.team_loads(tx, None, "noc"),
    "the wall": lambda tx, rules: overview.overview(tx, rules, NOW - timedelta(hours=6), NOW),
    "the wall of two areas": lambda tx, rules: overview.overview(tx, rules, NOW - timedelta(hours=6), NOW, TWO),
    "processes": lambda tx, _: overview.processes(tx, NOW),
    "the quarantine": lambda tx, _: lists.quarantine(tx),
    "the quarantine of two areas": lambda tx, _: lists.quarantine(tx, TWO),
    "a journey": lambda tx, _: lists.journey(tx, BETWEEN),
    "the newest tickets, further on": lambda tx, _: lists.latest_tickets(tx, 51, before=ENDED),
    "an account's tickets": lambda tx, _: lists.latest_tickets(tx, 51, "C7"),
    "unfinished tickets": lambda tx, _: lists.latest_tickets(tx, 51, unfinished=True),
    "what a team has now": lambda tx, _: lists.latest_tickets(tx, 51, team="noc"),
    "the tickets of two areas": lambda tx, _: lists.latest_tickets(tx, 51, scopes=[Scope(TWO)]),
    "what a team ever had": lambda tx, _: lists.latest_tickets(
        tx, 51, scopes=[Scope(TWO, frozenset({"noc", "installer"}))]
    ),
    "the teams of some tickets": lambda tx, _: lists.teams_of(tx, range(BETWEEN, BETWEEN + 50)),
}

LARGE = "hop|asker|had|ticket|history|archive_record|survey|survey_attempt|survey_link|effect"
"""Tables that grow for ever, and their names in queries."""
ALIVE = (
    "ix_hop_board|ix_hop_board_area|ix_hop_off_board|ix_hop_quarantined|ix_hop_wake_at|uq_hop_live"
    "|ix_ticket_open|ix_effect_lane_open"
)
"""Indexes of unfinished work, which are read whole to count all of it."""
WHOLE = re.compile(rf"Seq Scan on (?:{LARGE})\b|SCAN (?:{LARGE})\b(?! USING (?:COVERING )?INDEX (?:{ALIVE})\b)")
SORTED = re.compile(r"Sort .*rows=(\d+)")
MOST_SORTED = 6 * 51
"""The rows of a page, from each of so many areas or teams."""


@pytest.fixture
def crowded(database: Database, in_force: Rulebook) -> Database:
    crowd(database, in_force, OPEN, ENDED)
    return database


def _asked(act: Callable[[Tx, Rulebook], object], rulebook: Rulebook, tx: Tx) -> object:
    return act(tx, rulebook)


def _board(areas: Areas, after: int | None, tx: Tx) -> object:
    return lists.board(tx, "noc", 51, areas, after)


def test_no_page_reads_or_sorts_what_has_ended(crowded: Database, in_force: Rulebook) -> None:
    for what, act in QUERIES.items():
        for lines in plans(crowded, partial(_asked, act, in_force)):
            shown = f"{what}:\n" + "\n".join(lines)
            assert not WHOLE.search(shown), shown
            assert all(int(rows) <= MOST_SORTED for rows in SORTED.findall(shown)), shown


def test_a_page_of_a_board_is_read_in_index_order(crowded: Database, in_force: Rulebook) -> None:
    for areas, index in ((None, "ix_hop_board"), (TWO, "ix_hop_board_area")):
        for after in (None, ENDED + BETWEEN):
            lines = plans(crowded, partial(_board, areas, after))[-1]
            shown = "\n".join(lines)
            assert re.search(rf"\b{index}\b", shown), shown
            first_read = next(n for n, line in enumerate(lines) if index in line)
            within = lines[: first_read + 1] if crowded.kind == "postgresql" else []
            assert not within or "Sort" not in within[-2], shown
