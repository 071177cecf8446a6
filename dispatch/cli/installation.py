"""`dispatch up`, `dispatch web`, `dispatch migrate`, `dispatch keys`, `dispatch settings`: the installation itself."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr

from dispatch import defaults
from dispatch.cli.context import Desk, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import AsJson
from dispatch.cli.output import err, out, show_json, table
from dispatch.runtime.supervisor import Stack
from dispatch.settings import PREFIX, Settings, load_settings
from dispatch.storage.database import Database
from dispatch.storage.field_cipher import new_keys
from dispatch.storage.migration import migrate as migrate_database

if TYPE_CHECKING:
    from dispatch.demo.users import DemoUser

app = Commands()


@app.command()
def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="in a home of its own, with users, data and people in it")
    ] = False,
) -> None:
    """启动 · start everything as supervised child processes; Ctrl-C stops all of it and keeps the data."""
    desk, visitors, beside = _demo() if demo else (open_desk(), [], {})
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stack = Stack(desk.settings, told=lambda line: err.print(f"[dim]{line}[/]"), beside=beside)
    stack.start()
    try:
        out.print(f"规则 rules {desk.rulebook.version} · 数据 data {desk.settings.root}", soft_wrap=True)
        out.print(_operators_files(desk.settings), soft_wrap=True)
        out.print(f"任务 tasks: Flower {stack.flower_url}")
        for each in visitors:
            typer.echo(f"user {each.role} {each.name} {each.password}")
        typer.echo(f"ready: {stack.web_url}")
        while not stopped.wait(0.2):
            stack.tend()
    finally:
        err.print("[dim]停止中 · stopping …[/]")
        stack.stop()


def _operators_files(current: Settings) -> str:
    """Which files are in use, and what to do about those that an upgrade would replace."""
    files = (current.rules, current.prehandling, current.plans)
    line = text("文件 ", "files ") + " ".join(map(str, files))
    if defaults.PACKAGE not in [file.parent for file in files]:
        return line
    return f"{line}\n" + text(
        "  其中有软件包自带的文件，升级时会被替换；dispatch init 目录 生成一套可修改的",
        "  some are the package's own, and an upgrade replaces them; dispatch init FOLDER writes a set to edit",
    )


def _demo() -> tuple[Desk, list[DemoUser], Mapping[str, list[str]]]:
    from dispatch.cli.up_demo import PEOPLE, demo_desk  # made-up people are the demonstration's alone

    return *demo_desk(), PEOPLE


@app.command()
def web() -> None:
    """网页与接口 · the web alone, until Ctrl-C; `dispatch up` has one. Any number may run, each on its own port."""
    os.execv(sys.executable, [sys.executable, "-m", "dispatch.web"])  # noqa: S606 — this process becomes it


@app.command()
def migrate() -> None:
    """升级数据库 · bring the database to this program's schema."""
    database = Database(load_settings().database)
    before = database.schema()
    migrate_database(database)
    out.print(f"schema {before or 'none'} → {database.schema()}")


@app.command()
def keys() -> None:
    """密钥 · new keys for identity numbers, as lines for the environment; keep them apart from the database."""
    field_keys, index_key = new_keys()
    typer.echo(f"{PREFIX}FIELD_KEYS={field_keys}\n{PREFIX}INDEX_KEY={index_key}")


@app.command()
def settings(as_json: AsJson = False) -> None:
    """设置 · every setting, its value now and its meaning; passwords are not shown."""
    current = load_settings()
    rows = [
        (PREFIX + name.upper(), _shown(current, name), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    if as_json:
        show_json([{"variable": variable, "value": value, "meaning": meaning} for variable, value, meaning in rows])
        return
    shown = table()
    for heading in ("变量 Variable", "现值 Value", "含义 Meaning"):
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*row)
    out.print(shown)
    out.print(_operators_files(current), soft_wrap=True)


def _shown(current: Settings, name: str) -> str:
    value = getattr(current, name)
    if isinstance(value, SecretStr):
        return "(已设 set)"
    return "" if value is None else str(value)
