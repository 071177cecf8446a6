"""The context of every command: the database, the rules and the script in force, and the actor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import typer
from typer._click.globals import get_current_context

from dispatch import errors
from dispatch.access.people import acting
from dispatch.cli.first_start import require_good_rules
from dispatch.cli.language import language, text
from dispatch.cli.output import note, said
from dispatch.domain.complaint import ComplaintTerms
from dispatch.domain.kind import OWN_CATEGORIES, OWN_SYMPTOMS
from dispatch.domain.numbers import read_hop_number, ticket_number
from dispatch.domain.roles import ROLES, Actor
from dispatch.domain.text import unreadable
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadInput, BadRules
from dispatch.routing.parsed_files import parse_cached
from dispatch.routing.prehandling import Script, Symptom
from dispatch.routing.rulebook import Rulebook, Team
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.logs import silence_logs
from dispatch.runtime.private_files import close_home
from dispatch.settings import Settings, load_settings
from dispatch.storage import hops, tickets
from dispatch.storage.clock import ClockGuard
from dispatch.storage.database import Database, Tx
from dispatch.storage.migration import is_installed, open_database, require_installation

if TYPE_CHECKING:
    from dispatch.accounts.operation import Counter
    from dispatch.ports.billing import Billing

AREA = Wording("区域", "area")
LONGEST_NAME, LONGEST_OUTLET = 80, 60
"""Characters in the name of who acts, and of where: what their columns hold."""


@dataclass
class Desk:
    settings: Settings
    database: Database
    rules: RulesInForce
    rulebook: Rulebook

    @cached_property
    def script(self) -> Script:
        """The pre-handling script in force. Raises BadRules."""
        file, categories = self.settings.prehandling, self.rulebook.categories
        try:
            content = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            content = ""  # the reader says what is wrong

        def parse() -> Script:
            from dispatch.routing.prehandling_file import load

            return load(file, categories)

        return parse_cached(self.settings.root / "cache", Script, "\n".join([*sorted(categories), content]), parse)

    @cached_property
    def complaint_terms(self) -> ComplaintTerms:
        """The times for complaints in force. Raises BadRules."""
        from dispatch.routing.complaints_file import load  # with a YAML parser, as above

        return load(self.settings.complaints)

    def symptom(self, name: str) -> str:
        """A symptom in the reader's words; an order's or a complaint's has no script."""
        known = OWN_SYMPTOMS.get(name) or self.symptoms.get(name)
        return said(known) if known else name

    @cached_property
    def known_symptoms(self) -> Mapping[str, Symptom]:
        """The script's symptoms, for the words of what is shown; none, with a warning, when the script is bad."""
        try:
            return self.script.symptoms
        except BadRules as refused:
            told = text("预处理脚本有误，现象只显示名称：", "script refused, symptoms are shown by their names:")
            warn_refused(told, refused)
            return {}

    @cached_property
    def symptoms(self) -> Mapping[str, Title]:
        """The titles of the known symptoms."""
        return {name: each.title for name, each in self.known_symptoms.items()}

    def team(self, name: str) -> str:
        """A team's title in the reader's words; the name of one that the rules know no more."""
        known = self.rulebook.teams.get(name)
        return said(known.title) if known else name

    def finding(self, name: str | None) -> str:
        """A finding's title in the reader's words, as `team`."""
        known = self.rulebook.findings.get(name or "")
        return said(known.title) if known else name or ""

    def category(self, name: str) -> str:
        """A category's title in the reader's words."""
        known = OWN_CATEGORIES.get(name) or self.rulebook.categories.get(name)
        return said(known) if known else name

    @cached_property
    def billing(self) -> Billing:
        """The billing system, for those who need nothing else of the counter."""
        from dispatch.ports.adapters import BILLING  # rarely needed

        return BILLING(self.settings.root / "billing.db", self.settings.zone)

    def counter(self, outlet: str = "") -> Counter:
        """The counter 柜台 of this name, else the settings'. Raises what is wrong with plans or keys."""
        # Imported here: of all commands only those of the counter need passwords and keys.
        from dispatch.accounts.counter import open_counter

        return open_counter(
            self.settings,
            self.database,
            self.rulebook,
            outlet and word(outlet, Wording("营业厅名称", "outlet"), LONGEST_OUTLET),
        )

    def actor(self, name: str, role: str) -> Actor:
        """Return the actor: an enabled user who holds the role. In an installation without users, whoever is named.

        Raises BadInput when nobody is named or the role is unknown; UnknownUser, NotAllowed, ClockWrong.
        """
        name, role = name or self.settings.user, role or self.settings.role
        if not name or not role:
            raise BadInput(
                what=Wording(
                    "谁来办？请加 --as 姓名 --role 角色，或设置 DISPATCH_USER 和 DISPATCH_ROLE",
                    "who acts? give --as NAME --role ROLE, or set DISPATCH_USER and DISPATCH_ROLE",
                )
            )
        if role not in ROLES:
            roles = ", ".join(ROLES)
            raise BadInput(what=Wording(f"没有角色“{role}”；有：{roles}", f"{role!r} is no role; roles are {roles}"))
        name = word(name, Wording("办理人的姓名", "name of who acts"), LONGEST_NAME)
        guard = ClockGuard(self.settings.clock_limit)
        with self.database.read() as tx:
            guard.measure(tx)
            guard.require()  # an act writes when it was done
            return acting(tx, name, role)

    def require_area(self, actor: Actor, *areas: str) -> None:
        """Raises BadInput unless the actor holds the role in all of these areas."""
        if strange := {area for area in areas if not actor.covers(area)}:
            names = ", ".join(sorted(strange))
            raise BadInput(what=Wording(f"您没有区域 {names}", f"there is no area {names} of yours"))


def closed_with_command(database: Database) -> Database:
    """The same database; its connections close when the running command ends, however it ends."""
    context = get_current_context(silent=True)
    if context is not None:
        context.call_on_close(database.dispose)
    return database


def open_desk(*, may_create: bool = False, starting: bool = False) -> Desk:
    """The installation's desk.

    Only commands that begin something create an installation: a mistyped DISPATCH_HOME would look empty. `starting`:
    the whole installation is about to start, so teams of the rules may change. Raises NoInstallation and other faults
    of the installation; a bad rules file only warns while a good one is in force.
    """
    silence_logs()
    settings = load_settings()
    if not may_create:
        require_installation(settings)
    elif not is_installed(settings):
        require_good_rules(settings)
        note(f"新建安装：{settings.root}", f"new installation in {settings.root}")
    if closed := close_home(settings.root):
        note(closed.zh, closed.en)
    database = closed_with_command(open_database(settings))
    rules = RulesInForce(settings.rules, database, settings.root / "cache", starting=starting)
    rulebook = rules.get()
    if rules.refused:
        told = text(
            f"规则文件未采用，沿用版本 {rulebook.version}：",
            f"rules file refused, version {rulebook.version} stays in force:",
        )
        warn_refused(told, rules.refused)
    return Desk(settings, database, rules, rulebook)


def warn_refused(told: str, refused: BadRules) -> None:
    """Say on standard error that a file is refused, and each fault of it."""
    typer.secho(told, fg="yellow", err=True)
    for line in refused.lines_in(language()):
        typer.echo(line, err=True)


def now() -> datetime:
    return datetime.now(UTC)


def hop_id(tx: Tx, name: str) -> int:
    """The hop that a person means. Raises BadInput, NotFound."""
    ticket_id, seq = read_hop_number(name)
    row = tickets.get(tx, ticket_id)
    found = hops.find(tx, ticket_id, seq)
    if found is None:
        number = ticket_number(row.kind, ticket_id)
        zh, en = ("进行中的环节", "live hop") if seq is None else (f"的第 {seq} 个环节", f"hop {seq}")
        raise errors.NotFound(what=Wording("工单", f"{en} of ticket"), which=Wording(f"{number} {zh}", number))
    return found


def known_teams(desk: Desk, team: str) -> Mapping[str, Team]:
    """All teams, of which `team` is one. Raises NotFound."""
    known = desk.rulebook.teams
    if team not in known:
        listed = ", ".join(known)
        which = Wording(f"{team}；有：{listed}", f"{team}; teams are {listed}")
        raise errors.NotFound(what=Wording("班组", "team"), which=which)
    return known


def word(raw: str, what: Wording, most: int = 40) -> str:
    """`raw` as a name that columns and other people's terminals can hold. Raises BadInput."""
    name = raw.strip()
    if not name:
        raise BadInput(what=Wording(f"{what.zh}是空的", f"the {what.en} is empty"))
    if len(name) > most or not name.isprintable() or unreadable(name):
        raise BadInput(
            what=Wording(
                f"“{raw:.60}”不能作{what.zh}：最多 {most} 个可打印字符",
                f"{raw!r:.60} is no {what.en}: at most {most} printable characters",
            )
        )
    return name


def read_pairs(given: list[str], what: str) -> list[tuple[str, str]]:
    """`name=value` options, in their order. Raises BadInput."""
    pairs = [part.partition("=") for part in given]
    if wrong := [name for name, sign, _ in pairs if not sign or not name]:
        raise BadInput(
            what=Wording(f"--{what} {wrong[0]!r}：应写作 名称=值", f"--{what} {wrong[0]!r}: write it as name=value")
        )
    return [(name, value) for name, _, value in pairs]
