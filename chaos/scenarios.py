"""Particular troubles, each on an installation of its own: the required result, and the patches with which it must
fail.

A scenario returns its findings; everything wrong is among its `faults`. Patched by one of its `spoilers` it must find
some: otherwise it would also pass when the system really breaks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from chaos.installation import Installation, installed
from chaos.load import SEED, Load
from chaos.postgres import Postgres
from chaos.run import Progress, Run
from chaos.sizes import Size
from chaos.verdict import Verdict, count
from dispatch.demo.made_up_log import sample
from dispatch.domain.ticket import HopState
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.tickets import hop, ticket

COPIES_OF_A_TICKET = 8
"""The least number of deliveries for one ticket, in messages of two hops at most."""


@dataclass
class Findings:
    """The findings of a scenario. `figures` are printed; `faults` says what is wrong, and is empty where nothing is."""

    verdict: Verdict
    figures: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def require(self, holds: object, fault: str) -> None:
        if not holds:
            self.faults.append(fault)


@dataclass(frozen=True)
class Setup:
    """The place of a scenario. `bent` names the spoiler, or is empty."""

    home: Path
    postgres: Postgres | None
    size: Size
    progress: Progress = lambda _: None
    bent: str = ""
    quiet: float = 60

    def installed(self, *bends: str, **more: Any) -> Any:
        """Start an installation with these patches for all its children; keywords give `bends_of` and environment
        variables."""
        names = " ".join(filter(None, (*bends, self.bent)))
        bends_of: Mapping[str, Mapping[str, str]] = more.pop("bends_of", {})
        return installed(self.home, self.postgres, self.size.lease, {"CHAOS_BENT": names, **more}, bends_of)


def _judged(installation: Installation, load: Load) -> Findings:
    found = Findings(count(installation, load))
    found.require(not found.verdict.lost, f"{len(found.verdict.lost)} lost: {found.verdict.lost[:3]}")
    found.require(not found.verdict.doubled, f"{len(found.verdict.doubled)} doubled: {found.verdict.doubled[:3]}")
    return found


def duplicates(setup: Setup) -> Findings:
    """Every message two to five times, and copies of it behind later ones."""
    told = setup.home / "copies"
    setup.home.mkdir(parents=True, exist_ok=True)
    with setup.installed("copies", CHAOS_COPIES=str(told), DISPATCH_BATCH="2") as installation:
        run = Run(installation, setup.progress)
        tickets = max(setup.size.scenario_tickets, setup.size.copies // COPIES_OF_A_TICKET)
        with run.people(tickets, setup.quiet) as load:
            run.to_the_end()
            found = _judged(installation, load)
    copies = told.stat().st_size if told.exists() else 0
    found.figures["copies delivered 重复投递"] = str(copies)
    found.require(copies >= setup.size.copies, f"only {copies} copies were delivered")
    return found


def poison(setup: Setup) -> Findings:
    """Tickets whose line test raises, or kills its worker, end in quarantine alone; released and cured, they go on."""
    cases = [case for case in sample(setup.size.scenario_tickets, SEED) if case.rounds[0][0] == "noc"]
    chosen = {f"R{case.number}": ("raises", "kills")[n % 2] for n, case in enumerate(cases[:: max(1, len(cases) // 6)])}
    file = setup.home / "poison"
    setup.home.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{number} {how}\n" for number, how in chosen.items()))
    with setup.installed("poison", CHAOS_POISON=str(file)) as installation:
        run = Run(installation, setup.progress, releases=False)
        with run.people(setup.size.scenario_tickets, setup.quiet + 60) as load:
            others = setup.size.scenario_tickets - len(chosen)
            patience = 120 + setup.size.scenario_tickets / 5
            apart = run.until(
                lambda: _quarantined(installation) == set(chosen) and load.tally.ended == others, patience
            )
            instead = sorted(_quarantined(installation))
            file.unlink()
            run.releases = True
            run.to_the_end()
            found = _judged(installation, load)
    found.figures["poisoned 毒工单"] = str(len(chosen))
    found.require(apart, f"in quarantine were {instead}, not {sorted(chosen)} alone")
    return found


def _quarantined(installation: Installation) -> set[str]:
    """Return the accounts that these hops belong to."""
    query = (
        select(account.c.number)
        .join(ticket, ticket.c.account_id == account.c.id)
        .join(hop, hop.c.ticket_id == ticket.c.id)
        .where(hop.c.state == HopState.QUARANTINED)
    )
    with installation.database.read() as tx:
        return set(tx.execute(query).scalars())


def mixed_versions(setup: Setup) -> Findings:
    """A worker of an older release runs beside a new one on the same queues; the old one lacks a step of NOC's
    chain."""
    with setup.installed(bends_of={"worker2": {"CHAOS_BENT": f"old-version {setup.bent}".strip()}}) as installation:
        run = Run(installation, setup.progress)
        with run.people(setup.size.scenario_tickets, setup.quiet) as load:
            run.to_the_end()
            found = _judged(installation, load)
    found.figures["released from quarantine 放行"] = str(run.freed)
    found.require(not run.freed, f"{run.freed} sound hops came into the quarantine")
    return found


@dataclass(frozen=True, slots=True)
class Scenario:
    """`spoilers`: see `chaos.injected`; with any of them the scenario must find a fault."""

    title: str
    play: Callable[[Setup], Findings]
    spoilers: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.play.__name__


def play(scenario: Scenario, setup: Setup) -> tuple[Findings, float]:
    """Play the scenario; return its findings and the seconds it took."""
    began = time.monotonic()
    return scenario.play(setup), time.monotonic() - began
