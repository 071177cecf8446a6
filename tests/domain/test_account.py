"""The life of an account, and the reasons that go with its moves."""

from __future__ import annotations

import pytest

from dispatch.domain.account import ACCOUNT_ENDS, ACCOUNT_MOVES, LIVING, AccountState, account_move
from dispatch.domain.diagrams import journey
from dispatch.domain.effect import EffectState
from dispatch.domain.reasons import (
    CANCELLATION_REASONS,
    LEAVING_REASONS,
    RESUMPTION_REASONS,
    SUSPENSION_REASONS,
    Reasons,
    read_reason,
)
from dispatch.errors import BadInput, IllegalMove

LISTS = (SUSPENSION_REASONS, RESUMPTION_REASONS, LEAVING_REASONS, CANCELLATION_REASONS)


def test_an_account_is_installed_suspended_resumed_and_closed() -> None:
    state = AccountState.INSTALLING
    for move in ("activate", "suspend", "resume", "close"):
        state = account_move(state, move)
    assert state == AccountState.CLOSED


def test_a_suspended_account_can_be_closed_at_once() -> None:
    assert account_move(AccountState.SUSPENDED, "close") == AccountState.CLOSED


def test_only_an_account_that_was_never_in_service_is_cancelled() -> None:
    assert account_move(AccountState.INSTALLING, "cancel") == AccountState.CANCELLED
    with pytest.raises(IllegalMove, match=r"GZ1 can't cancel: it is in-service, and that move starts from installing"):
        account_move(AccountState.IN_SERVICE, "cancel", "GZ1")


def test_a_cancelled_account_does_not_enter_service_when_its_installer_reports_too_late() -> None:
    with pytest.raises(IllegalMove):
        account_move(AccountState.CANCELLED, "activate")


def test_a_suspended_account_cannot_be_suspended_again() -> None:
    with pytest.raises(IllegalMove):
        account_move(AccountState.SUSPENDED, "suspend")


def test_closed_and_cancelled_are_the_ends_of_an_account() -> None:
    assert {"closed", "cancelled"} == ACCOUNT_ENDS
    assert LIVING == ("installing", "in-service", "suspended")


def test_every_living_account_has_a_way_to_an_end() -> None:
    good = set(ACCOUNT_ENDS)
    while more := {s for move in ACCOUNT_MOVES if move.target in good for s in move.sources} - good:
        good |= more
    assert good == set(AccountState)


def test_every_account_state_has_a_meaning_that_stands_on_the_page() -> None:
    page = journey().partition("## The account")[2]
    assert all(f"| **{state}** | {state.meaning} |" in page for state in AccountState if state.meaning)
    assert all(state.meaning for state in AccountState)
    assert "in_service --> suspended: β" in page


def test_the_page_shows_the_life_of_an_outside_effect_too() -> None:
    page = journey().partition("## The outside effect")[2]
    assert all(f"| **{state}** | {state.meaning} |" in page for state in EffectState)
    assert "received --> confirmed: ③" in page


@pytest.mark.parametrize("reasons", LISTS)
def test_every_reason_has_a_chinese_and_an_english_title_and_the_last_is_other(reasons: Reasons) -> None:
    assert all(title.zh and title.en for title in reasons.values())
    assert len({title.zh for title in reasons.values()}) == len(reasons)
    assert list(reasons)[-1] == "other"


def test_a_reason_from_the_list_needs_no_note() -> None:
    assert read_reason(LEAVING_REASONS, "moving").zh == "搬迁"


@pytest.mark.parametrize(("name", "note"), [("other", ""), ("other", "  "), ("mooving", "to Foshan"), ("", "because")])
def test_an_empty_reason_is_refused(name: str, note: str) -> None:
    with pytest.raises(BadInput):
        read_reason(LEAVING_REASONS, name, note)


def test_the_reason_other_needs_a_note() -> None:
    assert read_reason(CANCELLATION_REASONS, "other", "楼体拆迁").en == "Other"
