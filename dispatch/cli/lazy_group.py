"""Groups of commands that are imported when one of them is asked for: no other command waits for what they need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


def late(module: str, group: str, help: str) -> typer.Typer:
    """A stand-in for the Typer group called `group` in that module; `help` is what the list of groups says of it."""

    class LazyGroup(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            self._fetch()
            return super().list_commands(ctx)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            self._fetch()
            return super().get_command(ctx, cmd_name)

        def _fetch(self) -> None:
            if not self.commands:
                made = typer.main.get_group(getattr(import_module(module), group))
                self.commands.update(made.commands)

    return typer.Typer(cls=LazyGroup, help=help, no_args_is_help=True)
