"""Made-up cases look like the log that they are modelled on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch.demo.made_up_log import START, figures, sample


def test_the_same_seed_gives_the_same_cases_and_another_seed_others() -> None:
    assert sample(50, 1) == sample(50, 1)
    assert sample(50, 1) != sample(50, 2)


def test_cases_come_in_the_order_of_their_arrival_each_with_its_own_number() -> None:
    cases = sample(200, 3)
    assert [case.opened_at for case in cases] == sorted(case.opened_at for case in cases)
    assert len({case.number for case in cases}) == 200
    assert all(len(case.rounds) == case.reopens + 1 for case in cases)


def test_a_sample_has_the_figures_of_its_model() -> None:
    found = figures(sample(4_000, 2))
    assert found.handovers_mean == pytest.approx(1.25, abs=0.12)
    assert found.handovers_p50 == 1
    assert found.handovers_p95 in (4, 5, 6)
    assert found.handovers_p99 in (8, 9, 10, 11)
    assert 12 <= found.handovers_max <= 40
    assert found.ping_pong == pytest.approx(0.167, abs=0.03)
    assert found.first_team == pytest.approx(0.599, abs=0.03)
    assert found.reopened == pytest.approx(0.068, abs=0.015)
    assert found.arrivals_mean == pytest.approx(66, rel=0.15)
    assert found.arrivals_peak == pytest.approx(177, rel=0.2)


def test_figures_of_a_few_cases_are_counted_by_hand() -> None:
    first = sample(1, 1)[0]
    cases = [
        replace(first, opened_at=START, rounds=(("a",),), reopens=0),
        replace(first, opened_at=START, rounds=(("a", "b", "a"), ("a",)), reopens=1),
        replace(first, opened_at=START.replace(hour=23), rounds=(("a", "b"),), reopens=0),
        replace(first, opened_at=START, rounds=((),), reopens=0),
    ]
    found = figures(cases)
    assert (found.cases, found.handovers_mean, found.handovers_p50, found.handovers_max) == (4, 0.75, 0, 2)
    assert (found.ping_pong, found.first_team, found.reopened) == (0.25, 0.5, 0.25)
    assert (found.arrivals_mean, found.arrivals_peak) == (2, 3)


def test_no_cases_have_no_figures() -> None:
    with pytest.raises(ValueError, match="no cases"):
        figures([])
