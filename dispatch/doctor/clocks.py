"""The checks of clocks: the database's, the broker's, and those of the processes that live."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select

from dispatch.doctor.finding import CheckResult, bad, doubtful, good
from dispatch.domain.title import Title, Wording
from dispatch.settings import Settings
from dispatch.storage import heartbeats
from dispatch.storage.clock import database_time, offset
from dispatch.storage.database import Tx

CLOCK = Title("数据库时钟", "database clock")
CLOCKS = Title("各进程时钟", "clocks")

LITTLE_AHEAD, FAR_AHEAD = 1.0, 10.0
"""Seconds between two clocks: from the first on somebody should look, from the second on it is bad. The program
compares times that different machines have written."""


def clock(check: Title, ahead: float) -> CheckResult:
    """Judge a clock that is `ahead` seconds ahead of this machine's, or behind it when negative."""
    off = f"{abs(ahead):.1f}"
    found = Wording(f"{'快' if ahead > 0 else '慢'} {off} 秒", f"{off} s {'ahead' if ahead > 0 else 'behind'}")
    if abs(ahead) < LITTLE_AHEAD:
        return good(check, found)
    make = bad if abs(ahead) >= FAR_AHEAD else doubtful
    return make(check, found, "各机器用 NTP 对时", "set the machines' clocks by NTP")


def of_server(tx: Tx) -> CheckResult:
    """Compare the clock of the database's server with this machine's."""
    theirs: datetime = tx.execute(select(func.clock_timestamp())).scalar_one()
    return clock(CLOCK, (theirs - datetime.now(UTC)).total_seconds())


def of_processes(tx: Tx, settings: Settings) -> CheckResult:
    """Check the clocks of the processes that live, as each has compared its own with the database's."""
    measured = {
        row.name: row.clock_ahead
        for row in heartbeats.alive(tx, database_time(tx))
        if row.clock_ahead is not None and abs(row.clock_ahead) >= LITTLE_AHEAD
    }
    if not measured:
        return good(CLOCKS, Wording("各进程的时钟一致", "those of all processes agree"))
    told = {name: offset(ahead) for name, ahead in sorted(measured.items())}
    found = Wording(
        "；".join(f"{name} {off.zh}" for name, off in told.items()),
        "; ".join(f"{name} {off.en}" for name, off in told.items()),
    )
    make = bad if any(abs(ahead) > settings.clock_limit for ahead in measured.values()) else doubtful
    return make(
        CLOCKS,
        found,
        f"各机器用 NTP 对时；相差超过 {settings.clock_limit:g} 秒的进程不工作，对准后自行恢复",
        f"set the machines' clocks by NTP: a process that is off by more than {settings.clock_limit:g} s does no work "
        "until its clock is right again",
    )
