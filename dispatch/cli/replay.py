"""`dispatch replay`: a whole log as faults through the real workers."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from dispatch import defaults
from dispatch.cli.context import Desk, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import AsJson, argument, option
from dispatch.cli.output import give, note, tell_progress, zone
from dispatch.cli.replay_report import report_json, show_report
from dispatch.domain.messages import Event
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, RunUnderWay
from dispatch.messages import MessagesInForce
from dispatch.ports.ledger import Ledger
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.replay import log as log_of
from dispatch.replay import mapping as mapping_of
from dispatch.replay.driver import Driver, Tally
from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import ReplayMapping
from dispatch.replay.plan import Planner
from dispatch.replay.verdict import ReplayVerdict, judge
from dispatch.runtime.child_process import FileHeld, hold
from dispatch.runtime.progress import progress_bar
from dispatch.runtime.supervisor import Stack, is_running
from dispatch.settings import Settings
from dispatch.storage.replay_runs import run_counts

app = Commands()


@app.command()
def replay(
    file: Annotated[Path, argument("日志，CSV或gzip压缩的CSV", "the log, CSV or gzipped CSV")],
    mapping: Annotated[
        Path | None,
        option(
            zh="日志中的组对应哪个班组，默认 replay_mapping.yaml",
            en="which team stands for which group; else the operator's replay_mapping.yaml",
        ),
    ] = None,
    speed_up: Annotated[
        float | None, option(zh="倍速；不填则全速", en="times real time; else as fast as it goes", min=1)
    ] = None,
    limit: Annotated[int | None, option(zh="只取前若干件", en="the first so many cases only", min=1)] = None,
    name: Annotated[
        str, option(zh="本次的名称；同名则从中断处继续", en="of the run; the same name goes on where it was cut off")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """A log of real incidents as faults through the real workers; ends with a report of what came of them.

    Works on a running `dispatch up`, or starts everything itself for as long as it takes.
    """
    name = _run_name(name or f"replay-{datetime.now(zone()):%Y%m%d%H%M%S}")
    desk = open_desk(may_create=True)
    rulebook = desk.rulebook
    with progress_bar(disable=as_json) as bar:
        task = bar.add_task(text("读取", "reading"), total=file.stat().st_size if file.exists() else None)
        log = log_of.read(file, lambda done: bar.update(task, completed=done))
    mapping = mapping or defaults.folder() / defaults.MAPPING
    known = mapping_of.load(mapping, rulebook)
    mapping_of.check_covers(known, log, str(mapping))
    cases = log.cases[:limit]
    with _alone(desk.settings, name), running(desk.settings, quiet=as_json) as (tend, stack):
        tally, verdict, rate = drive(desk, name, cases, known, tend, speed_up, quiet=as_json)
        if not as_json:
            show_report(desk, cases, known, tally, verdict, stack)
    give(as_json, report_json(name, tally, verdict, rate), _last_line(verdict, rate))
    if not verdict.good:
        raise typer.Exit(1)


def _last_line(verdict: ReplayVerdict, rate: float) -> str:
    counts = verdict.counts
    return (
        f"replay: {verdict.accepted} accepted, {counts.archived} archived, {counts.reopened} reopened, "
        f"{counts.hops} hops, {len(verdict.lost)} lost, {len(verdict.doubled)} doubled, {rate:.0f} hops/s"
    )


def _run_name(name: str) -> str:
    """A name that request keys, the ledger's lines and a file can be made of. Raises BadInput."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", name):
        raise BadInput(
            what=Wording(
                f"--name {name!r:.60}：最多 40 个字母、数字、点和短横",
                f"--name {name!r:.60}: at most 40 letters, digits, dots and dashes",
            )
        )
    return name


@contextlib.contextmanager
def _alone(settings: Settings, name: str) -> Iterator[None]:
    """Two processes under one name would report the same cases and count each other's. Raises RunUnderWay."""
    folder = settings.root / "replays"
    folder.mkdir(exist_ok=True, mode=0o700)
    try:
        lock = hold(folder / f"{name}.lock")
    except FileHeld as other:
        raise RunUnderWay(name=name, pid=other.pid) from None
    with lock:
        yield


@contextlib.contextmanager
def running(
    settings: Settings, flower: bool = False, lock: IO[str] | None = None, quiet: bool = False
) -> Iterator[tuple[Callable[[], None], Stack | None]]:
    """Use the stack that is running already, or run one for as long as the block lasts.

    `lock`: from `reserve`, when the caller has reserved the home. `quiet` keeps the progress back.
    """
    tell: Callable[[Any], None] = (lambda _: None) if quiet else tell_progress
    if lock is None and is_running(settings):
        tell(Wording("使用已在运行的系统", "working on the running `dispatch up`"))
        _tell_quiet(settings, tell)
        yield (lambda: None), None
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped from outside, the children are stopped too
    tell(Wording("启动中：消息代理、中继、工作进程 …", "starting broker, relay, workers …"))
    os.environ["DISPATCH_QUIET_HOURS"] = "false"  # made-up customers are asked at any hour
    stack = Stack(settings, told=tell, flower=flower, web=False, lock=lock)
    stack.start()
    try:
        yield stack.tend, stack
    finally:
        stack.stop()


def _tell_quiet(settings: Settings, tell: Callable[[Any], None]) -> None:
    """Say that customers are asked nothing now, when the running system keeps quiet hours."""
    texts, moment = MessagesInForce(settings).get(), datetime.now(settings.zone)
    until = moment if texts is None else texts.due(Event.RESTORED, moment, settings.zone)
    if until > moment:
        at = f"{until.astimezone(settings.zone):%H:%M}"
        tell(Wording(f"静默时段内不发回访，{at} 才发", f"in quiet hours no survey is sent before {at}"))


def drive(
    desk: Desk,
    name: str,
    cases: Sequence[LoggedCase],
    mapping: ReplayMapping,
    tend: Callable[[], None],
    speed_up: float | None = None,
    quiet: bool = False,
    lines: Sequence[str] = (),
) -> tuple[Tally, ReplayVerdict, float]:
    """Return the driver's tally, the verdict on the run, and the rate in hops a second."""
    ledger = Ledger(desk.settings.ledger)
    sms = SimulatedSmsGateway(desk.settings.root / "sms.db")
    planner = Planner(mapping, desk.rulebook)
    driver = Driver(name, cases, planner, desk.script, desk.database, ledger, sms, speed_up, lines)
    with desk.database.read() as tx:
        before = run_counts(tx, name).hops  # of an earlier process, where the run was cut off
    started = time.monotonic()
    with progress_bar(disable=quiet) as bar:
        task = bar.add_task(text("办结", "closed"), total=len(cases))
        told = started

        def progress(tally: Tally) -> None:
            nonlocal told
            bar.update(
                task,
                completed=tally.ended,
                description=text(
                    f"受理 {tally.accepted}，回单 {tally.visits}，办结",
                    f"accepted {tally.accepted}, reported {tally.visits}, closed",
                ),
            )
            if not quiet and not bar.console.is_terminal and time.monotonic() - told > 15:
                told = time.monotonic()
                note(
                    f"受理 {tally.accepted}，回单 {tally.visits}，办结 {tally.ended}",
                    f"accepted {tally.accepted}, reported {tally.visits}, closed {tally.ended}",
                )

        tally = driver.run(tend, progress)
    seconds = time.monotonic() - started
    verdict = judge(desk.database, ledger, name)
    return tally, verdict, (verdict.counts.hops - before) / seconds
