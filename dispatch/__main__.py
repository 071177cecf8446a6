"""`dispatch`: the command."""

from __future__ import annotations

import sys

import typer

from dispatch.cli import accounts, intake, journey, prehandling, replay, rules, running, team
from dispatch.cli.desk import tell
from dispatch.errors import DispatchError

cli = typer.Typer(
    name="dispatch",
    help="派单 Paidan — 家庭宽带故障派单 · the fault dispatch of a home-broadband operator",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
for commands in (running.app, intake.app, team.app, journey.app, replay.app):
    cli.registered_commands += commands.registered_commands
for name, group in (
    ("rules", rules.rules),
    ("script", prehandling.script),
    ("account", accounts.account),
    ("crew", team.crew),
):
    cli.add_typer(group, name=name)


def main() -> None:
    """Nothing is half done when a command ends with an error: its transaction was rolled back."""
    try:
        cli()
    except DispatchError as wrong:
        sys.exit(tell(wrong))


if __name__ == "__main__":
    main()
