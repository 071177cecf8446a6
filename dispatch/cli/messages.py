"""`dispatch messages check|show`: the text messages 短信 to customers, before they are put in force."""

from __future__ import annotations

import contextlib
from datetime import time
from pathlib import Path
from typing import Annotated

from rich.table import Table
from rich.text import Text

from dispatch.cli.file_choice import chosen
from dispatch.cli.framework import Commands
from dispatch.cli.language import language, text
from dispatch.cli.options import AsJson, argument
from dispatch.cli.output import give, out, said, table
from dispatch.domain.messages import Messages, MessageText
from dispatch.domain.time import write_duration
from dispatch.domain.title import Title
from dispatch.errors import BadRules
from dispatch.routing import plans_file
from dispatch.routing.messages_file import load

messages = Commands()

LONGEST_TOKEN = "0123456789abcdef"  # noqa: S105 — as long as a survey's
_File = Annotated[Path | None, argument("短信文件，默认为设置中的", "the messages; else those of the settings", "FILE")]


@messages.command(
    help=text(
        "检查文件；每个错误一行，填满后超过一条短信的也算",
        "Read the file strictly and tell every fault with its place; a text longer than one message is one.",
    )
)
def check(file: _File = None, as_json: AsJson = False) -> None:
    """Check the file, with links and plans as long as the installation's."""
    name = chosen(file, "messages")
    read = _load(name)
    count = sum(each.on for each in read.texts.values())
    told = text(
        f"{name.absolute()}：无误，{len(read.texts)} 种短信，启用 {count} 种，填满后都不超过一条。版本 {read.version}",
        f"{name.absolute()}: good, {len(read.texts)} messages, {count} on: each fits into one. Version {read.version}",
    )
    give(as_json, {"good": True, "messages": len(read.texts), "on": count, "version": read.version}, told)


@messages.command(help=text("列出全部短信", "Show all messages as a table."))
def show(file: _File = None, as_json: AsJson = False) -> None:
    """Show all messages as a table."""
    read = _load(chosen(file, "messages"))

    def show_them() -> None:
        out.print(_all(read))
        out.print(f"{_when(read)}{text('，版本 ', ', version ')}{read.version}", style="dim")

    quiet = read.quiet and {"from": _hour(read.quiet.since), "until": _hour(read.quiet.until)}
    data = {
        "version": read.version,
        "language": read.language,
        "quiet": quiet,
        "messages": [{"event": event, **_plain(each)} for event, each in read.texts.items()],
    }
    give(as_json, data, show_them)


def _load(file: Path) -> Messages:
    """The messages, their lengths held against the installation's links and plans. Raises BadRules, BadSettings."""
    from dispatch.settings import load_settings  # as in `chosen`

    settings = load_settings()
    titles: tuple[Title, ...] = ()
    with contextlib.suppress(BadRules):  # `dispatch plans check` tells its faults
        titles = tuple(plan.title for plan in plans_file.load(settings.plans).plans.values())
    return load(file, f"{settings.survey_url}{LONGEST_TOKEN}", titles)


def _all(read: Messages) -> Table:
    shown = table()
    shown.add_column(text("事件", "Event"), overflow="fold")
    shown.add_column(text("短信", "Message"), overflow="fold", ratio=1)
    shown.add_column(text("何时", "When"), no_wrap=True)
    for event, each in read.texts.items():
        when = text("不发", "off") if not each.on else text("随时", "any hour") if each.any_hour else ""
        shown.add_row(
            Text.assemble(said(event.label), "\n", (event, "cyan")),
            Text(each.text(language()), "" if each.on else "dim"),
            when,
        )
        shown.add_section()
    return shown


def _when(read: Messages) -> str:
    sent = text("发中文", "sent in Chinese") if read.language == "zh" else text("发英文", "sent in English")
    if read.quiet is None:
        return f"{sent}{text('，没有静默时段', ', no quiet hours')}"
    hours = f"{_hour(read.quiet.since)}–{_hour(read.quiet.until)}"
    return sent + text(f"，{hours} 不发", f", none from {hours}")


def _hour(at: time) -> str:
    return f"{at:%H:%M}"


def _plain(each: MessageText) -> dict[str, object]:
    within = each.within and write_duration(each.within)
    return {"zh": each.zh, "en": each.en, "on": each.on, "any_hour": each.any_hour, "within": within}
