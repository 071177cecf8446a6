"""`dispatch up`, `dispatch migrate`: the installation itself."""

from __future__ import annotations

import signal
import threading

import typer

from dispatch.cli.desk import err, open_desk, out
from dispatch.settings import load_settings
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate as migrate_database
from dispatch.supervisor import Stack

app = typer.Typer()


@app.command()
def up() -> None:
    """启动 · start everything as supervised child processes; Ctrl-C stops all of it and keeps the data."""
    desk = open_desk()
    rulebook = desk.rulebook
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stack = Stack(desk.settings, told=lambda line: err.print(f"[dim]{line}[/]"))
    stack.start()
    try:
        out.print(f"规则 rules {rulebook.version} · 数据 data {desk.settings.root}")
        typer.echo(f"ready: {stack.flower_url}")
        while not stopped.wait(0.2):
            stack.tend()
    finally:
        err.print("[dim]停止中 · stopping …[/]")
        stack.stop()


@app.command()
def migrate() -> None:
    """升级数据库 · bring the database to this program's schema."""
    database = Database(load_settings().database)
    before = database.schema()
    migrate_database(database)
    out.print(f"schema {before or 'none'} → {database.schema()}")
