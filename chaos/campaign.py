"""The kills: cases are under way all the time, and one thing after the other is done to the system that has them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.disturbances import KILLS, TROUBLES
from chaos.installation import installed
from chaos.postgres import Postgres
from chaos.recovery import Recovery
from chaos.run import Progress, Run
from chaos.verdict import Verdict, count

SETTLING_SECONDS = 0.5
"""Seconds between one recovery and the next act, so that the system is at work again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done`: how often what was done; `freed`: releases from the quarantine, by the supervisor that chaos plays."""

    verdict: Verdict
    kills: int
    done: Counter[str]
    recovery: Recovery
    freed: int
    requests: int


def run(
    home: Path,
    postgres: Postgres | None,
    planned: Sequence[str],
    tickets: int,
    lease: float,
    progress: Progress = lambda _: None,
    bends: Mapping[str, str] | None = None,
    quiet: float = 60,
) -> Outcome:
    """One after the other of what is planned, by its name, while so many tickets are on their way. Raises NotBack.

    The tickets come as the acts do, the last ones when the last act is done. It ends with the people: where nothing has
    moved for `quiet` seconds, that is what is to be told. A failpoint at which nobody has died in time is armed once
    more at the end.
    """
    dice, disturbances, todo = random.Random(len(planned)), {**KILLS, **TROUBLES}, list(planned)
    with installed(home, postgres, lease, bends) as installation:
        run = Run(installation, progress, released=1 / (len(planned) + 1))
        with run.people(tickets, quiet) as load:
            run.until(lambda: load.tally.visits, 60)
            for n, name in enumerate(todo, 1):
                before = run.done[name]
                disturbances[name](run, dice)
                if run.done[name] == before and n <= len(planned):
                    todo.append(name)
                run.await_all()
                run.wait(SETTLING_SECONDS)
                run.released = min(1.0, (n + 1) / (len(planned) + 1))
                if load.over:
                    break
            run.to_the_end()
            return Outcome(count(installation, load), run.kills, run.done, run.recovery, run.freed, load.requests)
