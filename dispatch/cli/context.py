"""What every command has at hand: the database, the rules and the script in force, who acts, and how errors end."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from dispatch import errors
from dispatch.domain.numbers import read_hop_number, ticket_number
from dispatch.domain.roles import ROLES, Actor
from dispatch.errors import BadInput, DispatchError
from dispatch.routing.prehandling import Script
from dispatch.routing.prehandling_file import load as load_script
from dispatch.routing.rulebook import Rulebook
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.logs import configure_logs
from dispatch.settings import Settings, load_settings
from dispatch.storage import hops, tickets
from dispatch.storage.database import Database, Tx
from dispatch.storage.migration import open_database

if TYPE_CHECKING:
    from dispatch.accounts.operation import Counter

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

LONGEST_NAME, LONGEST_OUTLET = 80, 60
"""Characters in the name of who acts, and of where: what their columns hold."""

EXIT: Mapping[type[DispatchError], int] = {
    errors.NotFound: 4,
    errors.UnknownAccount: 4,
    errors.NotAllowed: 5,
    errors.NotYours: 5,
    errors.Refusal: 3,
    errors.DuplicateFault: 3,
    errors.IllegalMove: 3,
    errors.AlreadyClaimed: 3,
    errors.NobodyAsked: 3,
    errors.NotPassable: 3,
    errors.UrgedEnough: 3,
    errors.SurveyOver: 3,
    errors.AlreadyRunning: 1,
    errors.NotRunning: 1,
    errors.RunUnderWay: 1,
    errors.MissingPart: 1,
    errors.BackupFailed: 1,
    errors.WouldOverwrite: 3,
    errors.SchemaOutdated: 1,
    errors.BadSettings: 1,
    errors.BadRules: 1,
    errors.BadReplayFile: 1,
    errors.BadReplayMapping: 1,
}
"""Exit statuses that scripts can use, of an error or the nearest of its kind. 2: bad input; 3: refused, or the case's
state doesn't allow it; 4: no such thing; 5: not yours to do; 1: the installation or a file is at fault."""

As = Annotated[str, typer.Option("--as", help="who acts (else DISPATCH_USER)", show_default=False)]
InRole = Annotated[str, typer.Option("--role", help="in which role (else DISPATCH_ROLE)", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON, for scripts")]
HopName = Annotated[str, typer.Argument(metavar="HOP", help="F00000042-3, or F00000042 for the ticket's live hop")]
TicketName = Annotated[str, typer.Argument(metavar="TICKET", help="F00000042")]


@dataclass(frozen=True)
class Desk:
    settings: Settings
    database: Database
    rules: RulesInForce
    rulebook: Rulebook

    @property
    def script(self) -> Script:
        return load_script(self.settings.prehandling, self.rulebook.categories)

    def counter(self, outlet: str = "") -> Counter:
        """The counter 柜台 of this name, else the settings'. Raises what is wrong with plans or keys."""
        # Imported here: of all commands only those of the counter need passwords and keys.
        from dispatch.accounts.counter import open_counter

        return open_counter(self.settings, self.rulebook, outlet and word(outlet, "outlet", LONGEST_OUTLET))

    def actor(self, name: str, role: str) -> Actor:
        """Who acts. Raises BadInput when nobody is named or the role is unknown."""
        name, role = name or self.settings.user, role or self.settings.role
        if not name or not role:
            raise BadInput(what="who acts? give --as NAME --role ROLE, or set DISPATCH_USER and DISPATCH_ROLE")
        if role not in ROLES:
            raise BadInput(what=f"{role!r} is no role; roles are {', '.join(ROLES)}")
        return Actor(word(name, "name of who acts", LONGEST_NAME), role)


def open_desk() -> Desk:
    """Raises what is wrong with the installation; a bad rules file only warns while a good one is in force."""
    configure_logs(logging.CRITICAL)
    settings = load_settings()
    database = open_database(settings)
    rules = RulesInForce(settings.rules, database)
    rulebook = rules.get()
    if rules.refused:
        told = f"规则文件有误,沿用上一版 · rules file refused, version {rulebook.version} stays in force"
        err.print(f"[yellow]{told}[/]", soft_wrap=True)
        for line in rules.refused.lines:
            err.print(line, markup=False, soft_wrap=True)
    return Desk(settings, database, rules, rulebook)


def now() -> datetime:
    return datetime.now(UTC)


def hop_id(tx: Tx, name: str) -> int:
    """The hop that a person means. Raises BadInput, NotFound."""
    ticket_id, seq = read_hop_number(name)
    row = tickets.get(tx, ticket_id)
    found = hops.find(tx, ticket_id, seq)
    if found is None:
        what = "live hop of ticket" if seq is None else f"hop {seq} of ticket"
        raise errors.NotFound(what=what, which=ticket_number(row.kind, ticket_id))
    return found


def word(raw: str, what: str, most: int = 40) -> str:
    """`raw` as a name that columns and other people's terminals can hold. Raises BadInput."""
    text = raw.strip()
    if not text:
        raise BadInput(what=f"the {what} is empty")
    if len(text) > most or not text.isprintable():
        raise BadInput(what=f"{raw!r:.60} is no {what}: at most {most} printable characters")
    return text


def read_pairs(given: list[str], what: str) -> list[tuple[str, str]]:
    """`name=value` options, in their order. Raises BadInput."""
    pairs = [part.partition("=") for part in given]
    if wrong := [name for name, sign, _ in pairs if not sign or not name]:
        raise BadInput(what=f"--{what} {wrong[0]!r}: write it as name=value")
    return [(name, value) for name, _, value in pairs]


def show_json(data: Any) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))


def table(title: str = "", headed: bool = True) -> Table:
    """A table with as few lines as reading needs: eighty columns hold a board."""
    return Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_header=headed,
    )


def local(moment: datetime | None, form: str = "%m-%d %H:%M:%S") -> str:
    return "" if moment is None else moment.astimezone().strftime(form)


def span(seconds: float) -> str:
    """A time that people can read at a glance: 0.42 s, 12 s, 5 min, 3.4 h, 2.1 d."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    for unit, size in (("min", 60), ("h", 3600), ("d", 86400)):
        if seconds < size * (90 if unit == "min" else 48) or unit == "d":
            return f"{seconds / size:.1f} {unit}"
    raise AssertionError


def tell(wrong: DispatchError) -> int:
    """What was wrong, for people, and the exit status for scripts. Faults of a file are lines on standard output."""
    if isinstance(wrong, errors.BadRules | errors.BadReplayFile):
        for line in wrong.lines:
            typer.echo(line)
    else:
        err.print(f"[bold red]错误 {wrong.code}:[/] ", end="")
        err.print(str(wrong), markup=False, soft_wrap=True)
    return next((EXIT[kind] for kind in type(wrong).__mro__ if kind in EXIT), 2)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")
