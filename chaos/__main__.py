"""`python -m chaos ci|full`: all parts, or some of them.

The kills end with a line that counts lost and doubled tickets. The exit status is 1 when any were lost or doubled, when
a promise isn't kept, or when a scenario spoiled on purpose passed.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from chaos import campaign, postgres, races, report, state_machine
from chaos.campaign import Outcome
from chaos.disturbances import HARMFUL, programme
from chaos.outage import outage
from chaos.postgres import Postgres
from chaos.races import Races
from chaos.run import Run
from chaos.scenarios import Findings, Scenario, Setup, duplicates, mixed_versions, play, poison
from chaos.sizes import SIZES, Size
from dispatch.cli.output import err
from dispatch.defaults import PROJECT
from dispatch.routing import loader, prehandling_file
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.progress import progress_bar
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate

SCENARIOS = (
    Scenario("重复乱序投递 Every message 2 to 5 times", duplicates, ("no-generation-check",)),
    Scenario("毒工单 Poisoned tickets", poison, ("no-quarantine",)),
    Scenario("新旧并存 Old and new workers", mixed_versions, ("no-putting-back",)),
    Scenario("消息队列中断 The broker away under load", outage, ("dozing", "web-asks-broker")),
)
PARTS = ("races", "machine", *(each.name for each in SCENARIOS), "spoiled", "kills")
RECOVERY_SECONDS = 60
"""The promised 99th percentile of recovery."""
TOLD_SECONDS = 15


class _Teller:
    """Show a progress bar on a terminal; else print a line now and then."""

    def __init__(self, title: str, total: int, done: Callable[[Run], int]) -> None:
        self.title, self.total, self.done = title, total, done
        self.bar = progress_bar()
        self.task = self.bar.add_task(title, total=total)
        self.told = time.monotonic()

    def __call__(self, run: Run) -> None:
        tally = run.load.tally if run.load else None
        cases = f" · 受理 {tally.accepted} · 办结 {tally.ended}" if tally else ""
        self.show(self.done(run), cases)

    def show(self, done: int, more: str = "") -> None:
        self.bar.update(self.task, completed=done, description=f"{self.title}{more}")
        if not self.bar.console.is_terminal and time.monotonic() - self.told > TOLD_SECONDS:
            self.told = time.monotonic()
            err.print(f"{self.title}: {done}/{self.total}{more}")


@contextmanager
def _telling(title: str, total: int, done: Callable[[Run], int]) -> Iterator[_Teller]:
    teller = _Teller(title, total, done)
    with teller.bar:
        yield teller


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    asked.add_argument("size", choices=sorted(SIZES))
    asked.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    asked.add_argument("--kills", type=int, help="kills of the campaign, instead of the size's")
    asked.add_argument("--tickets", type=int, help="tickets of the campaign, instead of the size's")
    given = asked.parse_args()
    if (given.kills or given.tickets) and "kills" not in given.only:
        asked.error("--kills and --tickets are the campaign's: it isn't among the parts of --only, add `kills`")
    size = SIZES[given.size]
    size = replace(size, kills=given.kills or size.kills, tickets=given.tickets or size.tickets)
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # lost connections are the purpose here
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="paidan-chaos-") as folder, postgres.server() as server:
        return 0 if run(given.only, size, Path(folder), server) else 1


def run(parts: Collection[str], size: Size, folder: Path, server: Postgres) -> bool:
    """Return whether every part held."""
    good = True
    if "races" in parts:
        raced = list(_races(size, folder, server))
        report.show_races(raced)
        good &= not any(each.odd for _, each in raced)
    if "machine" in parts:
        steps = state_machine.play(size.examples)
        err.print(f"状态机 state machine: {size.examples} × {steps} steps, good")
    played = [_scenario(each, size, folder, server) for each in SCENARIOS if each.name in parts]
    if played:
        report.show_scenarios(played)
        good &= not any(found.faults for _, found, _ in played)
    if "spoiled" in parts:
        spoiled = list(_spoiled(folder, server))
        report.show_spoiled(spoiled)
        good &= all(red for _, _, red in spoiled)
    if "kills" in parts:
        outcome = _campaign(size, folder, server)
        report.show_campaign(outcome)
        print(report.last_line(outcome, [outcome.verdict, *(found.verdict for _, found, _ in played)]))
        good &= not outcome.verdict.lost and not outcome.verdict.doubled
        good &= outcome.recovery.percentile(0.99) <= RECOVERY_SECONDS
    return good


def _campaign(size: Size, folder: Path, server: Postgres) -> Outcome:
    planned = programme(size.kills, random.Random(size.kills))
    with _telling("强杀 kills", size.kills, lambda run: run.kills) as teller:
        return campaign.run(folder / "campaign", server, planned, size.tickets, size.lease, teller)


def _spoiled(folder: Path, server: Postgres) -> Iterator[tuple[str, str, bool]]:
    for each in SCENARIOS:
        for spoiler in each.spoilers:
            yield each.title, spoiler, _goes_red(each, spoiler, folder, server)
    yield "强杀 Kills", "no-lease-sweep", _kills_go_red(folder, server)


def _races(size: Size, folder: Path, server: Postgres) -> Iterator[tuple[str, Races]]:
    rulebook = loader.load(PROJECT / "routing_rules.yaml")
    script = prehandling_file.load(PROJECT / "prehandling.yaml", rulebook.categories)
    for kind, url in (
        ("SQLite", f"sqlite:///{folder / 'races.db'}"),
        ("PostgreSQL", server.url(server.new_database())),
    ):
        database = Database(url)
        migrate(database)
        RulesInForce(PROJECT / "routing_rules.yaml", database).get()
        with _telling(f"争抢 races, {kind}", size.races, lambda _: 0) as teller:
            yield kind, races.run(database, rulebook, script, size.races, teller.show)
        database.dispose()


def _scenario(scenario: Scenario, size: Size, folder: Path, server: Postgres) -> tuple[str, Findings, float]:
    with _telling(scenario.title, size.scenario_tickets, lambda s: s.load.tally.ended if s.load else 0) as teller:
        found, took = play(scenario, Setup(folder / scenario.name, server, size, teller))
    return scenario.title, found, took


def _goes_red(scenario: Scenario, spoiler: str, folder: Path, server: Postgres) -> bool:
    """Return whether the spoiled scenario finds a fault, in the smallest size."""
    with _telling(f"拆掉 spoiled by {spoiler}", 1, lambda _: 0) as teller:
        home = folder / f"{scenario.name}-{spoiler}"
        found, _ = play(scenario, Setup(home, server, SIZES["tiny"], teller, spoiler, quiet=15))
    return bool(found.faults)


def _kills_go_red(folder: Path, server: Postgres) -> bool:
    tiny = SIZES["tiny"]
    with _telling("拆掉 spoiled by no-lease-sweep", tiny.kills, lambda run: run.kills) as teller:
        bends = {"CHAOS_BENT": "no-lease-sweep"}
        outcome = campaign.run(folder / "kills-spoiled", server, HARMFUL, tiny.tickets, 3, teller, bends, quiet=15)
    return bool(outcome.verdict.lost)


if __name__ == "__main__":
    sys.exit(main())
