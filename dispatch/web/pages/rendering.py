"""Render a template in the visitor's language, with the navigation that they may use."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request

from dispatch.domain.language import DEFAULT, LANGUAGES, Language
from dispatch.domain.money import write_yuan
from dispatch.domain.ticket import TicketState
from dispatch.domain.title import Title
from dispatch.domain.url_path import segment
from dispatch.routing.rulebook import Team
from dispatch.settings import Settings
from dispatch.tickets.closing import asks_customers
from dispatch.web.pages import labels
from dispatch.web.policy import GuardedField, Target
from dispatch.web.request_context import RequestContext

HERE = Path(__file__).resolve().parent.parent
STATIC = HERE / "static"

LANGUAGE_COOKIE, THEME_COOKIE = "paidan_lang", "paidan_theme"


class HasTitle(Protocol):
    """Anything with a name in both languages."""

    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...


class NavigationEntry(NamedTuple):
    """An entry of the navigation, or, with others `within`, a menu of them; it leads to the first. `counted`: where the
    number beside it is fetched again and again."""

    path: str
    title: Title
    icon: str
    within: tuple[NavigationEntry, ...] = ()
    counted: str = ""


MOST_BOARDS = 2
"""Most entries beside each other in the navigation; more become a menu."""


def render(request: Request, template: str, shown: Mapping[str, Any], context: RequestContext | None = None) -> str:
    """The whole page, or only its main part when htmx asks for it."""
    speak = Translator(language_of(request))
    frame = {
        "t": speak,
        "lang": speak.language,
        "html_lang": "zh-CN" if speak.language == "zh" else "en",
        "theme": request.cookies.get(THEME_COOKIE, "auto"),
        "nonce": request.scope.get("state", {}).get("nonce", ""),
        "path": request.url.path,
        "partial": request.headers.get("hx-request") == "true",
        "clock": DeskClock(request.app.state.installation.settings),
        "now": context.now if context else datetime.now(UTC),
        "user": context.caller.name if context and context.caller else None,
        "links": links(context) if context and context.caller else [],
        "context": context,
        "refused_files": _refused_files(context, speak) if context and context.caller else [],
        "span": speak.span,
    }
    return _environment().get_template(template).render(**frame, **shown)


def language_of(request: Request) -> Language:
    """The visitor's language: Chinese unless they chose English."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return next((language for language in LANGUAGES if language == chosen), DEFAULT)


def links(context: RequestContext) -> list[NavigationEntry]:
    """The navigation: pages that the caller may open."""
    found = []
    if context.may("submit"):
        found.append(NavigationEntry("/counter", Title("柜台", "Counter"), "building-store"))
    if context.may("see failed orders"):
        found.append(NavigationEntry("/refunds", Title("退单退费", "Refunds"), "repeat"))
    boards = tuple(
        NavigationEntry(f"/teams/{segment(team.name)}", Title(team.title.zh, team.title.en), "layout-list")
        for team in context.rulebook.teams.values()
        if context.may("see a board", Target(team=team)) and (not team.automatic or calls_customers(context, team))
    )
    if len(boards) > MOST_BOARDS:
        found.append(NavigationEntry(boards[0].path, Title("看板", "Boards"), "layout-list", boards))
    else:
        found += boards
    if context.may("list tickets"):
        found.append(NavigationEntry("/tickets", Title("工单", "Tickets"), "ticket"))
    if context.may("see callbacks"):
        found.append(NavigationEntry("/callbacks", Title("回访", "Calls"), "bell"))
    if context.may("see transfers"):
        found.append(NavigationEntry("/transfers", Title("转接", "Transfers"), "phone", counted="/transfers/waiting"))
    if context.may("see referrals"):
        found.append(NavigationEntry("/referrals", Title("转介", "Referrals"), "phone"))
    if context.may("see requests"):
        found.append(NavigationEntry("/requests", Title("请求", "Requests"), "repeat"))
    if context.may("see opinions"):
        found.append(NavigationEntry("/dissatisfied", Title("不满意", "Dissatisfied"), "bell"))
    if context.may("see complaints"):
        found.append(NavigationEntry("/complaints", Title("投诉", "Complaints"), "bell"))
    if context.may("see demands"):
        found.append(NavigationEntry("/demands", Title("需求", "Demands"), "map-pin"))
    if context.may("find customers") and not context.may("submit"):
        found.append(NavigationEntry("/counter", Title("柜台", "Counter"), "building-store"))
    if context.may("see approvals"):
        found.append(NavigationEntry("/approvals", Title("审批", "Approvals"), "bell"))
    if context.may("see devices"):
        found.append(NavigationEntry("/devices", Title("终端", "Devices"), "activity"))
    if context.may("see figures"):
        found.append(NavigationEntry("/wall", Title("大屏", "Wall"), "chart-bar"))
    if context.may("manage users") or context.may("see the quarantine"):
        found.append(NavigationEntry("/admin", Title("管理", "Administration"), "settings"))
    return found


def calls_customers(context: RequestContext, team: Team) -> bool:
    """Return whether the caller telephones the team's customers who answer no message; nobody claims such work."""
    survey = Target(team=team, teams=(team,), state=TicketState.ARCHIVED)
    return asks_customers(context.rulebook, team.name) and context.may("answer by phone", survey)


def _refused_files(context: RequestContext, speak: Translator) -> list[str]:
    """The operator's files that are refused as they stand, for those who may know why."""
    if not context.shows(GuardedField.REFUSED):
        return []
    return [speak(labels.OPERATORS_FILES[name]) for name in context.installation.refused_files()]


class Translator:
    """`t(中文, English)`, or `t(title)`: the one of the visitor's language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, zh: str | HasTitle, en: str = "") -> str:
        if isinstance(zh, str):
            return en if self.language == "en" and en else zh
        return zh.en if self.language == "en" else zh.zh

    def span(self, seconds: float | timedelta) -> str:
        """A rough duration, in one unit or two."""
        total = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        minutes = round(abs(total) / 60)
        days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
        if days:
            parts = [self(f"{days}天", f"{days} d"), self(f"{hours}小时", f"{hours} h") if hours else ""]
        elif hours:
            parts = [self(f"{hours}小时", f"{hours} h"), self(f"{rest}分", f"{rest} min") if rest else ""]
        else:
            parts = [self(f"{rest}分钟", f"{rest} min")]
        return self("", " ").join(part for part in parts if part)


class DeskClock:
    """Shows moments in the desk's time zone."""

    def __init__(self, settings: Settings) -> None:
        self.zone, self.name = settings.zone, settings.timezone

    def __call__(self, at: datetime, form: str = "%m-%d %H:%M") -> str:
        return at.astimezone(self.zone).strftime(form)

    def read(self, written: str) -> str:
        """A moment that the history has as ISO 8601, with whatever offset."""
        return self(datetime.fromisoformat(written))

    def hour(self, at: datetime) -> str:
        """The hour that begins then: `09`; with its minutes in zones that are off by a part of an hour, `09:30`."""
        return self(at, "%H:%M").removesuffix(":00")


def asset(name: str) -> str:
    """The address of a static file. It changes with the content of the static files, so that browsers may cache it for
    ever; scripts find each other by relative addresses."""
    return f"/static/{build_hash()}/{name}"


@functools.cache
def build_hash() -> str:
    """A hash of all static files."""
    digest = hashlib.sha256()
    for file in sorted(each for each in STATIC.rglob("*") if each.is_file()):
        digest.update(file.relative_to(STATIC).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@functools.cache
def icon(name: str) -> Markup:
    """One of the vendored icons, hidden from screen readers: the words beside it say the same."""
    drawn = (STATIC / "vendor" / "icons" / f"{name}.svg").read_text()
    return Markup(drawn.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1))  # noqa: S704 — our own file


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["segment"] = segment
    made.globals.update(asset=asset, icon=icon, labels=labels, yuan=write_yuan)
    return made
