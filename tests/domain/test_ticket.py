"""The life tables, and the page that is made from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.domain.diagrams import journey
from dispatch.domain.ticket import (
    HOP_ENDS,
    HOP_MOVES,
    LIVE_HOP,
    TICKET_ENDS,
    TICKET_MOVES,
    HopState,
    TicketState,
    hop_move,
    hop_sources,
    hop_target,
    ticket_move,
)
from dispatch.errors import IllegalMove

PAGE = Path(__file__).parents[2] / "docs" / "journey.md"


def test_a_fault_that_is_mended_is_opened_archived_and_closed() -> None:
    state = TicketState.REPORTED
    for move in ("transfer", "open", "archive", "close"):
        state = ticket_move(state, move)
    assert state == TicketState.CLOSED


def test_a_fault_that_is_not_fixed_is_opened_again_after_its_archive() -> None:
    assert ticket_move(TicketState.ARCHIVED, "reopen") == TicketState.OPEN


def test_an_archived_ticket_cannot_be_withdrawn_and_the_refusal_names_the_states() -> None:
    with pytest.raises(IllegalMove, match=r"F-1 can't withdraw: it is archived, .* reported or transferred or open"):
        ticket_move(TicketState.ARCHIVED, "withdraw", "F-1")


def test_a_hop_goes_from_the_outbox_to_the_report() -> None:
    state = HopState.DUE
    for move in ("send", "receive", "board", "claim", "hold", "resume", "report"):
        state = hop_move(state, move)
    assert state == HopState.REPORTED


def test_a_hop_whose_message_was_lost_is_sent_again() -> None:
    assert hop_move(HopState.SENT, "send") == HopState.SENT


def test_an_unclaimed_hop_cannot_be_reported_by_a_person() -> None:
    with pytest.raises(IllegalMove):
        hop_move(HopState.WAITING, "report")


def test_one_claim_wins() -> None:
    with pytest.raises(IllegalMove):
        hop_move(hop_move(HopState.WAITING, "claim"), "claim")


def test_a_hop_on_hold_must_be_resumed_before_it_is_reported() -> None:
    with pytest.raises(IllegalMove):
        hop_move(HopState.HELD, "report")


def test_only_a_supervisor_lets_a_hop_out_of_quarantine_unless_its_ticket_is_withdrawn() -> None:
    ways = {move.name: move.by for move in HOP_MOVES if HopState.QUARANTINED in move.sources}
    assert ways == {"release": "supervisor", "withdraw": "reporter"}


def test_no_move_leads_out_of_a_final_state() -> None:
    assert {"closed", "solved", "referred", "withdrawn"} == TICKET_ENDS
    assert {"reported", "passed-on", "handed-back", "withdrawn"} == HOP_ENDS
    assert not set(LIVE_HOP) & HOP_ENDS


def test_every_living_state_has_a_way_to_an_end() -> None:
    for states, ends, moves in ((TicketState, TICKET_ENDS, TICKET_MOVES), (HopState, HOP_ENDS, HOP_MOVES)):
        good = set(ends)
        while more := {s for move in moves if move.target in good for s in move.sources} - good:
            good |= more
        assert good == set(states)


def test_no_two_moves_have_the_same_name() -> None:
    for moves in (TICKET_MOVES, HOP_MOVES):
        assert len({move.name for move in moves}) == len(moves)


def test_set_based_statements_use_the_same_table() -> None:
    for move in HOP_MOVES:
        assert all(hop_move(source, move.name) == hop_target(move.name) for source in hop_sources(move.name))


def test_every_state_has_a_meaning() -> None:
    assert all(state.meaning for state in (*TicketState, *HopState))


def test_a_state_read_from_the_database_is_the_same_state() -> None:
    assert HopState("handed-back") is HopState.HANDED_BACK
    assert f"{HopState.HANDED_BACK}" == "handed-back"


def test_the_journey_page_is_the_one_generated_from_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == journey(), "python -m dispatch.domain.diagrams > docs/journey.md"


def test_the_journey_page_has_an_arrow_for_every_move_and_a_row_for_its_letter() -> None:
    page = journey()
    for letter, move in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", TICKET_MOVES, strict=False):
        assert f"| {letter} | **{move.name}** |" in page
    assert "claimed --> handed_back: p" in page
