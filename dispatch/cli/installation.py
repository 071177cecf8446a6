"""`dispatch up`, `dispatch web`, `dispatch migrate`, `dispatch settings`: the installation itself."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr

from dispatch import defaults
from dispatch.cli.context import Desk, closed_with_command, open_desk, warn_refused
from dispatch.cli.file_choice import NAMES, note_unused
from dispatch.cli.first_start import require_good_files
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import AsJson, option
from dispatch.cli.output import give, note, out, said, table, tell_progress
from dispatch.errors import BadRules
from dispatch.runtime.reservation import reserve
from dispatch.runtime.supervisor import Stack
from dispatch.setting_meanings import MEANINGS
from dispatch.settings import PREFIX, Settings, load_settings
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate as migrate_database
from dispatch.storage.open_keys import check_keys

if TYPE_CHECKING:
    from dispatch.demo.users import DemoUser

app = Commands()


@app.command()
def up(
    demo: Annotated[
        bool,
        option(
            "--demo",
            zh="在单独的目录里，带虚构的用户、数据和人员",
            en="in a home of its own, with users, data and people in it",
        ),
    ] = False,
) -> None:
    """Start everything as supervised child processes; Ctrl-C stops all of it and keeps the data."""
    desk, visitors, lock, beside = _demo() if demo else _reserved()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stack = Stack(desk.settings, told=tell_progress, beside=beside, lock=lock)
    note("启动中：消息代理、中继、工作进程、网页、Flower …", "starting broker, relay, workers, web, Flower …")
    stack.start()
    try:
        version, root = desk.rulebook.version, desk.settings.root
        typer.echo(text(f"规则 {version}，数据 {root}", f"rules {version}, data {root}"))
        typer.echo(_operators_files(desk.settings))
        typer.echo(text(f"任务监控 Flower {stack.flower_url}", f"tasks: Flower {stack.flower_url}"))
        for each in visitors:
            typer.echo(f"user {each.role} {each.name} {each.password}")
        typer.echo(f"ready: {stack.web_url}")
        while not stopped.wait(0.2):
            stack.tend()
    finally:
        note("停止中 …", "stopping …")
        stack.stop()


def _operators_files(current: Settings) -> str:
    """Name the files in use, and tell what to do about files that an upgrade would replace."""
    files = (current.rules, current.prehandling, current.plans, current.messages, current.complaints)
    for kind, file in zip(NAMES, files, strict=True):
        note_unused(kind, file)
    line = text("文件 ", "files ") + " ".join(map(str, files))
    if defaults.PACKAGE not in [file.parent for file in files]:
        return line
    return f"{line}\n" + text(
        "  其中有软件包自带的文件，升级时会被替换；dispatch init 目录 生成一套可修改的",
        "  some are the package's own, and an upgrade replaces them; dispatch init FOLDER writes a set to edit",
    )


def _reserved() -> tuple[Desk, list[DemoUser], IO[str], Mapping[str, list[str]]]:
    """The desk, once nothing is in the way of starting: what is refused leaves no new installation behind."""
    settings = load_settings()
    require_good_files(settings)
    lock = reserve(settings)
    desk = open_desk(may_create=True, starting=True)
    _tell_bad_files(desk)
    check_keys(desk.settings, desk.database, uses_keys=True)
    return desk, [], lock, {}


def _tell_bad_files(desk: Desk) -> None:
    """Warn of a bad script, of bad plans, messages and times for complaints. Boards, and all that is due, go on without
    them."""
    from dispatch.routing import (
        complaints_file,
        messages_file,
        plans_file,
    )  # with a YAML parser, which the module's other commands don't need

    def script() -> object:
        return desk.script

    def plans() -> object:
        return plans_file.load(desk.settings.plans)

    def messages() -> object:
        return messages_file.load(desk.settings.messages)

    def complaints() -> object:
        return complaints_file.load(desk.settings.complaints)

    for read, zh, en in (
        (script, "预处理脚本有误，改正之前不能报障：", "script refused, no fault can be reported until it is mended:"),
        (
            messages,
            "客户短信有误，改正之前短信暂不发出：",
            "messages refused, customers are told nothing until they are mended:",
        ),
        (
            complaints,
            "投诉时限有误，改正之前不能受理投诉：",
            "complaints refused, no complaint can be taken until they are mended:",
        ),
        (plans, "营销案有误，改正之前柜台不能办理：", "plans refused, the counter is closed until they are mended:"),
    ):
        try:
            read()
        except BadRules as refused:
            warn_refused(text(zh, en), refused)


def _demo() -> tuple[Desk, list[DemoUser], IO[str], Mapping[str, list[str]]]:
    from dispatch.cli.up_demo import PEOPLE, demo_desk  # made-up people are the demonstration's alone

    return *demo_desk(), PEOPLE


@app.command()
def web() -> None:
    """The web alone, until Ctrl-C; `dispatch up` has one. Any number may run, each on its own port."""
    os.execv(sys.executable, [sys.executable, "-m", "dispatch.web"])  # noqa: S606 — this process becomes it


@app.command()
def migrate(as_json: AsJson = False) -> None:
    """Bring the database to this program's schema."""
    database = closed_with_command(Database(load_settings().database))
    before = database.schema()
    note("升级数据库结构 …", "bringing the database up to date …")
    migrate_database(database)
    after = database.schema()
    done = {"act": "migrate", "before": before, "after": after}
    give(as_json, done, text(f"数据库结构 {before or '无'} → {after}", f"schema {before or 'none'} → {after}"))


@app.command()
def settings(as_json: AsJson = False) -> None:
    """Every setting, its value now and its meaning; passwords are not shown."""
    current = load_settings()
    rows = [(PREFIX + name.upper(), _shown(current, name), said(MEANINGS[name])) for name in Settings.model_fields]

    def show() -> None:
        shown = table()
        shown.add_column(text("变量", "Variable"), no_wrap=True)
        shown.add_column(text("现值与含义", "Value and meaning"), overflow="fold")
        for variable, value, meaning in rows:
            shown.add_row(variable, f"{value or text('（未设）', '–')}\n{meaning}")
        out.print(shown)
        typer.echo(_operators_files(current))

    data = [{"variable": variable, "value": value, "meaning": meaning} for variable, value, meaning in rows]
    give(as_json, data, show)


def _shown(current: Settings, name: str) -> str:
    value = getattr(current, name)
    if isinstance(value, SecretStr):
        return text("（已设）", "(set)")
    return "" if value is None else str(value)
