"""`dispatch`: the command."""

from __future__ import annotations

import os
import sys

import typer
from sqlalchemy.exc import ArgumentError, OperationalError

from dispatch.cli import (
    backup,
    crew,
    demo,
    doctor,
    effects,
    handling,
    installation,
    intake,
    journey,
    plans,
    prehandling,
    replay,
    rules,
    slips,
    team,
    users,
)
from dispatch.cli.context import tell
from dispatch.cli.lazy_group import late
from dispatch.domain.language import from_environment
from dispatch.errors import BadSettings, DispatchError, MissingPart

cli = typer.Typer(
    name="dispatch",
    help="派单 Paidan — 家庭宽带故障派单 · the fault dispatch of a home-broadband operator",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
for module in (installation, doctor, backup, intake, team, handling, journey, slips, replay, demo, users):
    cli.registered_commands += module.app.registered_commands
for name, group in (
    ("rules", rules.rules),
    ("script", prehandling.script),
    ("plans", plans.plans),
    ("account", late("dispatch.cli.accounts", "account", "柜台 · broadband accounts, and what is done to them")),
    ("address", late("dispatch.cli.addresses", "address", "标准地址 · standard addresses and what reaches them")),
    ("crew", crew.crew),
    ("user", users.user),
    ("effects", effects.effects),
):
    cli.add_typer(group, name=name)


def main() -> None:
    """Nothing is half done when a command ends with an error: its transaction was rolled back."""
    try:
        from_environment(os.environ)  # a wrong DISPATCH_LANG ends every command, also those that read no settings
        cli()
    except DispatchError as wrong:
        sys.exit(tell(wrong))
    except ArgumentError:
        sys.exit(tell(BadSettings(faults="DISPATCH_DATABASE_URL: that is no database URL")))
    except OperationalError as away:  # its own text may quote rows
        reason = str(away.orig).partition("\n")[0]
        sys.exit(tell(MissingPart(part="the database", remedy=f"{reason}; start it, or mend DISPATCH_DATABASE_URL")))
    except OSError as wrong:
        if wrong.filename is None:
            raise
        remedy = f"{wrong.strerror}; check the path and its permissions"
        sys.exit(tell(MissingPart(part=wrong.filename, remedy=remedy)))


if __name__ == "__main__":
    main()
