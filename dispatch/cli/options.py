"""Options and arguments that several commands have."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer

from dispatch.cli.language import text
from dispatch.domain.title import Wording
from dispatch.errors import BadInput

S = TypeVar("S", bound=StrEnum)

As = Annotated[
    str,
    typer.Option(
        "--as", help=text("办理人（默认 DISPATCH_USER）", "acting user (else DISPATCH_USER)"), show_default=False
    ),
]
InRole = Annotated[
    str,
    typer.Option(
        "--role", help=text("以何角色（默认 DISPATCH_ROLE）", "in which role (else DISPATCH_ROLE)"), show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help=text("输出JSON，供程序读取", "print JSON, for programs"))]
HopName = Annotated[
    str,
    typer.Argument(
        metavar="HOP",
        help=text("F00000042-3，或 F00000042（该单当前的派单）", "F00000042-3, or F00000042 for the ticket's live hop"),
        show_default=False,
    ),
]
TicketName = Annotated[
    str, typer.Argument(metavar="TICKET", help=text("工单号，如 F00000042", "such as F00000042"), show_default=False)
]
Reason = Annotated[str, typer.Option(help=text("原因", "why"), show_default=False)]


def option(*names: str, zh: str, en: str, **more: Any) -> Any:
    """A command's option, its help in the reader's language."""
    return typer.Option(*names, help=text(zh, en), **{"show_default": False, **more})


def argument(zh: str, en: str, metavar: str | None = None) -> Any:
    """A command's argument, its help in the reader's language."""
    return typer.Argument(help=text(zh, en), metavar=metavar, show_default=False)


def state_named(states: type[S], name: str) -> S | None:
    """The state of this name; None for an empty name. Raises BadInput."""
    if not name:
        return None
    if name not in tuple(states):
        known = ", ".join(states)
        raise BadInput(
            what=Wording(f"没有状态“{name:.40}”；有：{known}", f"{name!r:.40} is no state; there are {known}")
        )
    return states(name)
