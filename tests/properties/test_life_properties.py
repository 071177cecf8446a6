"""No sequence of moves leads out of the life tables, whatever is tried in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.account import ACCOUNT_ENDS, ACCOUNT_MOVES, AccountState, account_move
from dispatch.domain.ticket import (
    HOP_ENDS,
    HOP_MOVES,
    TICKET_ENDS,
    TICKET_MOVES,
    HopState,
    TicketState,
    hop_move,
    ticket_move,
)
from dispatch.errors import IllegalMove

ticket_tries = st.lists(st.sampled_from([move.name for move in TICKET_MOVES]), max_size=30)
hop_tries = st.lists(st.sampled_from([move.name for move in HOP_MOVES]), max_size=60)
account_tries = st.lists(st.sampled_from([move.name for move in ACCOUNT_MOVES]), max_size=30)


@given(ticket_tries)
def test_no_sequence_of_moves_takes_a_ticket_out_of_its_table(tries: list[str]) -> None:
    rows = {(source, move.name): move.target for move in TICKET_MOVES for source in move.sources}
    state = TicketState.REPORTED
    for name in tries:
        before = state
        try:
            state = ticket_move(state, name)
        except IllegalMove:
            assert (before, name) not in rows
        else:
            assert rows[before, name] == state
            assert before not in TICKET_ENDS


@given(hop_tries)
def test_no_sequence_of_moves_takes_a_hop_out_of_its_table(tries: list[str]) -> None:
    rows = {(source, move.name): move.target for move in HOP_MOVES for source in move.sources}
    state = HopState.DUE
    for name in tries:
        before = state
        try:
            state = hop_move(state, name)
        except IllegalMove:
            assert (before, name) not in rows
        else:
            assert rows[before, name] == state
            assert before not in HOP_ENDS


@given(hop_tries)
def test_a_hop_is_reported_only_by_its_holder_or_its_worker(tries: list[str]) -> None:
    state, done = HopState.DUE, []
    for name in tries:
        try:
            state = hop_move(state, name)
        except IllegalMove:
            continue
        done.append(name)
    if state == HopState.REPORTED:
        assert "claim" in done or done[-1] == "finish"


@given(account_tries)
def test_no_sequence_of_moves_takes_an_account_out_of_its_table(tries: list[str]) -> None:
    rows = {(source, move.name): move.target for move in ACCOUNT_MOVES for source in move.sources}
    state = AccountState.INSTALLING
    for name in tries:
        before = state
        try:
            state = account_move(state, name)
        except IllegalMove:
            assert (before, name) not in rows
        else:
            assert rows[before, name] == state
            assert before not in ACCOUNT_ENDS


@given(account_tries)
def test_an_account_once_in_service_is_closed_and_never_cancelled(tries: list[str]) -> None:
    state, been = AccountState.INSTALLING, set()
    for name in tries:
        try:
            state = account_move(state, name)
        except IllegalMove:
            continue
        been.add(state)
    assert not {AccountState.IN_SERVICE, AccountState.CANCELLED} <= been
    assert AccountState.CLOSED not in been or AccountState.IN_SERVICE in been
