"""A board's order is that of a plain model, whatever was urged, whenever, and however often a case returned."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.rank import LEAST_URGENT, rank
from dispatch.errors import UrgedEnough
from dispatch.reports import lists
from dispatch.routing import prehandling_file
from dispatch.storage.database import Database
from dispatch.tickets import followup, handling, intake
from dispatch.tickets.handling import Claim, PassOn
from tests.factories import CLERK, NOC, NOW, account, in_memory, live_id, work
from tests.strategies import RULEBOOK, RULES

SCRIPT = prehandling_file.load(RULES.with_name("prehandling.yaml"), RULEBOOK.categories)
PLACES = ("tianhe", "yuexiu", "haizhu")


class Fault(NamedTuple):
    ticket_id: int
    area: str
    priority: int


@given(st.integers(1, LEAST_URGENT), st.integers(0, 9), st.integers(1, LEAST_URGENT), st.integers(0, 9))
def test_urges_outweigh_priority_and_priority_decides_between_equal_urges(
    one: int, urged: int, other: int, others_urged: int
) -> None:
    assert (rank(one, urged) < rank(other, others_urged)) == ((-urged, one) < (-others_urged, other))


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, LEAST_URGENT), st.sampled_from(PLACES)), min_size=1, max_size=7),
    st.lists(st.tuples(st.sampled_from(["urge", "urge", "pass on", "board"]), st.integers(0, 6)), max_size=12),
    st.sets(st.sampled_from(PLACES)),
)
def test_a_board_has_the_order_of_a_plain_model(
    reports: list[tuple[int, str]], acts: list[tuple[str, int]], areas: set[str]
) -> None:
    database = in_memory(RULEBOOK)
    faults = [_report(database, n, *each) for n, each in enumerate(reports)]
    urged, boarded = dict.fromkeys(range(len(faults)), 0), dict.fromkeys(range(len(faults)), NOW)
    now, waiting = NOW, set(range(len(faults)))

    def boards() -> None:
        work(database, RULEBOOK, now)
        boarded.update(dict.fromkeys(waiting, now))
        waiting.clear()

    boards()
    for act, which in acts:
        now, n = now + timedelta(hours=1), which % len(faults)
        match act:
            case "urge":
                urged[n] += _urge(database, faults[n], now)
            case "pass on":
                if n not in waiting:
                    _pass_on(database, faults[n], now)
                    waiting.add(n)
            case "board":
                boards()
    boards()
    numbers = range(len(faults))
    order = sorted(
        numbers, key=lambda n: (-urged[n], faults[n].priority, boarded[n], live_id(database, faults[n].ticket_id))
    )
    assert _read(database, None) == [faults[n].ticket_id for n in order]
    assert _read(database, areas) == [faults[n].ticket_id for n in order if faults[n].area in areas]
    database.dispose()


def _report(database: Database, n: int, priority: int, area: str) -> Fault:
    number = account(database, f"GZ{n}", area)
    with database.write() as tx:
        made = intake.submit(
            tx, RULEBOOK, SCRIPT, intake.FaultReport(number, "no-internet", "断网", priority=priority), CLERK, NOW
        )
    return Fault(made.ticket_id, area, priority)


def _urge(database: Database, fault: Fault, now: datetime) -> int:
    """Return the increase of the urge count: one, or none when the limit is reached."""
    try:
        with database.write() as tx:
            followup.urge(tx, RULEBOOK, fault.ticket_id, "急", CLERK, now)
    except UrgedEnough:
        return 0
    return 1


def _pass_on(database: Database, fault: Fault, now: datetime) -> None:
    """Pass the hop on to another person of the same team: a new hop, which must be boarded."""
    hop_id = live_id(database, fault.ticket_id)
    with database.write() as tx:
        handling.claim(tx, RULEBOOK, Claim(hop_id, NOC), now)
        handling.end(tx, RULEBOOK, PassOn(hop_id, NOC, "noc", "换人"), now)


def _read(database: Database, areas: set[str] | None) -> list[int]:
    """Return the whole board, read in pages of two."""
    found: list[int] = []
    after = None
    with database.read() as tx:
        while rows := lists.board(tx, "noc", 2, areas, after):
            found += [row.ticket_id for row in rows]
            after = rows[-1].id
    return found
