"""The people of a replay: whatever kills their process, after any commit, the next process under the same name
continues to the same figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from dispatch.domain.numbers import ticket_number
from dispatch.domain.ticket import HopState
from dispatch.errors import BadInput
from dispatch.ports.ledger import Ledger
from dispatch.ports.sms import Message, SimulatedSmsGateway
from dispatch.replay import driver as driver_of
from dispatch.replay.driver import Driver, Tally
from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import identity
from dispatch.replay.plan import Planner
from dispatch.replay.verdict import judge
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import PATIENCE_SECONDS, Database, Tx
from dispatch.storage.replay_runs import run_tickets
from dispatch.storage.tables import tickets as t
from tests.factories import acts, dump, fault, link, live_id, on_board, put_in_force, work

OPENED = datetime(2024, 3, 4, 6, 0, tzinfo=UTC)
ROUNDS = ((("noc",),), (("noc", "installer"),), (("noc",), ("noc",)))
"""Three cases: fixed at once; fixed by the installer, where the log ends; reopened once."""
VISITS = 1 + 2 + 2
HOPS = VISITS + 2 * 4
"""Every round has two more hops: its archive and its survey."""


def cases(rounds: Sequence[tuple[tuple[str, ...], ...]] = ROUNDS) -> list[LoggedCase]:
    return [LoggedCase(f"J{n}", OPENED + timedelta(minutes=n), 3, len(each) - 1, each) for n, each in enumerate(rounds)]


class Died(Exception):
    pass


class Mortal(Database):
    """A database that raises `fate` in its user's nth transaction, before or after the commit."""

    def __init__(self, url: str, at: int, fate: Exception, committed: bool = True) -> None:
        super().__init__(url)
        self.at, self.fate, self.committed = at, fate, committed
        self.begun = 0

    @contextmanager
    def write(self, patience: float = PATIENCE_SECONDS) -> Iterator[Tx]:
        self.begun += 1
        fatal = self.begun == self.at
        with super().write(patience) as tx:
            yield tx
            if fatal and not self.committed:
                raise self.fate
        if fatal:
            raise self.fate


class Context:
    """An installation without processes: `tend` does the part of relay, workers and short messages."""

    def __init__(self, database: Database, rulebook: Rulebook, script: Script, folder: Path) -> None:
        self.database, self.rulebook, self.script = database, rulebook, script
        self.ledger = Ledger(folder / "ledger.tsv")
        self.sms = SimulatedSmsGateway(folder / "sms.db")

    def tend(self) -> None:
        work(self.database, self.rulebook, datetime.now(UTC))
        with self.database.write() as tx:
            query = select(t.survey, t.hop.c.ticket_id).join(t.hop).where(t.hop.c.state == HopState.WAITING)
            asked = [(s.hop_id, s.ticket_id, link(tx, s.hop_id)) for s in tx.execute(query).all()]
        self.sms.send(
            [
                Message(f"survey/{hop_id}/1", "199", f"故障{ticket_number('fault', ticket_id)}: http://x/s/{token}")
                for hop_id, ticket_id, token in asked
            ]
        )

    def driver(self, name: str = "cut", logged: Sequence[LoggedCase] = (), database: Database | None = None) -> Driver:
        planner = Planner(identity(self.rulebook), self.rulebook)
        logged = logged or cases()
        return Driver(name, logged, planner, self.script, database or self.database, self.ledger, self.sms)

    def run(self, driver: Driver) -> Tally:
        return driver.run(self.tend, lambda _: None)

    def is_whole(self, name: str = "cut") -> None:
        verdict = judge(self.database, self.ledger, name)
        assert verdict.good, verdict
        assert (verdict.accepted, verdict.counts.tickets, verdict.counts.hops) == (len(ROUNDS), len(ROUNDS), HOPS)
        assert verdict.counts.reopened == 1
        with self.database.read() as tx:
            made = [ticket_id for ticket_id, _ in run_tickets(tx, name)]
        for ticket_id in made:
            done = [(act.hop_id, act.act) for act in acts(self.database, ticket_id)]
            assert len(set(done)) == len(done), "an act was done twice"


@pytest.fixture
def context(database: Database, in_force: Rulebook, script: Script, tmp_path: Path) -> Context:
    return Context(database, in_force, script, tmp_path)


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_of, "LEISURE_SECONDS", 0)
    monkeypatch.setattr(driver_of, "RETRY_SECONDS", 0)
    monkeypatch.setattr(driver_of, "STALLED_SECONDS", 3)


def test_a_replay_ends_with_every_case_archived_and_surveyed(context: Context) -> None:
    tally = context.run(context.driver())
    assert (tally.accepted, tally.ended, tally.visits, tally.stalled) == (3, 3, VISITS, False)
    assert not tally.refused
    assert not tally.deviated
    context.is_whole()


def test_a_replay_killed_after_any_commit_is_finished_by_the_next_process_under_its_name(context: Context) -> None:
    at = 0
    for at in range(1, 99):
        mortal = Mortal(context.database.url, at, Died())
        try:
            context.run(context.driver(f"cut{at}", database=mortal))
            break  # there are fewer than n transactions
        except Died:
            tally = context.run(context.driver(f"cut{at}"))
        finally:
            mortal.dispose()
        assert not tally.stalled
        assert not tally.refused
        context.is_whole(f"cut{at}")
    assert at > 10


@pytest.mark.parametrize("committed", [True, False], ids=["behind", "before"])
def test_a_database_lost_before_or_after_any_commit_is_waited_for_and_no_case_is_missed(
    sqlite: Database, rulebook: Rulebook, script: Script, tmp_path: Path, committed: bool
) -> None:
    put_in_force(sqlite, rulebook)
    context = Context(sqlite, rulebook, script, tmp_path)
    at = 0
    for at in range(1, 99):
        mortal = Mortal(sqlite.url, at, OperationalError("COMMIT", None, Exception("away")), committed)
        tally = context.run(context.driver(f"away{at}", database=mortal))
        mortal.dispose()
        assert not tally.stalled
        context.is_whole(f"away{at}")
        if mortal.begun < at:
            break
    assert at > 10


def test_hops_of_other_cases_are_left_alone_and_hide_none_of_its_own(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_of, "AT_ONCE", 2)
    others = [fault(context.database, context.rulebook, context.script, f"GZ{n}").ticket_id for n in range(5)]
    waiting = [on_board(context.database, context.rulebook, ticket_id, datetime.now(UTC)) for ticket_id in others]
    assert not context.run(context.driver()).stalled
    context.is_whole()
    assert [live_id(context.database, ticket_id) for ticket_id in others] == waiting


def test_a_log_that_lacks_cases_the_run_already_has_is_refused_and_nothing_is_written(context: Context) -> None:
    context.run(context.driver())
    before = dump(context.database)
    with pytest.raises(BadInput, match="run cut has 2 cases that this log doesn't have, J0 among them"):
        context.run(context.driver(logged=cases()[2:]))
    assert dump(context.database) == before
