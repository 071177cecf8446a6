"""The kills: cases are in flight all the time while the system suffers one disturbance after another."""

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
    """The results. `done` counts each disturbance; `freed` counts releases from the quarantine by the supervisor that
    chaos plays."""

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
    """Cause the planned disturbances one after another, while this many tickets arrive. Raises NotBack.

    The tickets arrive evenly with the disturbances, the last ones with the last disturbance. The campaign ends when the
    people have nothing left to do, or when nothing has moved for `quiet` seconds, which is then reported. A failpoint
    at which no process has died in time is armed once more at the end.
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
