"""What people do with a hop, at the terminal: claim, report, pass on, hand back, hold, resume, release."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Annotated, Any

import typer

from dispatch.cli.context import LONGEST_NAME, Desk, hop_id, now, open_desk, read_pairs, word
from dispatch.cli.framework import Commands
from dispatch.cli.options import As, HopName, InRole
from dispatch.cli.output import local, out
from dispatch.domain.time import read_duration
from dispatch.domain.title import Wording
from dispatch.errors import BadInput
from dispatch.reports import lists
from dispatch.storage import tickets
from dispatch.tickets import handling
from dispatch.tickets.handling import Claim, End, HandBack, PassOn, Report

app = Commands()

_Behalf = Annotated[str, typer.Option("--on-behalf-of", help="the holder for whom this is filed", show_default=False)]
_Reason = Annotated[str, typer.Option(help="why")]


@app.command()
def claim(hop: HopName, name: As = "", role: InRole = "", on_behalf_of: _Behalf = "") -> None:
    """接单 · take a hop into one's hands. Of two people one wins."""
    desk = open_desk()
    with desk.database.write() as tx:
        one = Claim(hop_id(tx, hop), desk.actor(name, role), _behalf(on_behalf_of))
        handling.claim(tx, desk.rulebook, one, now())
    out.print(f"{hop}: {on_behalf_of or name or desk.settings.user} 已接单 · claimed")


@app.command()
def report(
    hop: HopName,
    finding: Annotated[str, typer.Option(help="what was found: see `dispatch teams`")],
    evidence: Annotated[
        list[str], typer.Option("--evidence", metavar="NAME=VALUE", help="what the finding needs")
    ] = [],  # noqa: B006
    name: As = "",
    role: InRole = "",
    on_behalf_of: _Behalf = "",
) -> None:
    """回单 · report a finding with its evidence; the rules name the next team."""
    desk = open_desk()
    pairs = read_pairs(evidence, "evidence")
    if len(dict(pairs)) < len(pairs):
        raise BadInput(what=Wording("一项佐证给了两次", "one piece of evidence is given twice"))
    _end(desk, hop, lambda id_: Report(id_, desk.actor(name, role), finding, dict(pairs), _behalf(on_behalf_of)))


@app.command("pass-on")
def pass_on(
    hop: HopName,
    to: Annotated[str, typer.Option(help="the team")],
    reason: _Reason,
    name: As = "",
    role: InRole = "",
    on_behalf_of: _Behalf = "",
) -> None:
    """转派 · another team (or another person of the same) is the right one."""
    desk = open_desk()
    _end(desk, hop, lambda id_: PassOn(id_, desk.actor(name, role), to, reason, _behalf(on_behalf_of)))


@app.command("hand-back")
def hand_back(hop: HopName, reason: _Reason, name: As = "", role: InRole = "", on_behalf_of: _Behalf = "") -> None:
    """退单 · back to the team that asked."""
    desk = open_desk()
    _end(desk, hop, lambda id_: HandBack(id_, desk.actor(name, role), reason, _behalf(on_behalf_of)))


@app.command()
def hold(
    hop: HopName,
    until: Annotated[str, typer.Option(help="2026-12-01T14:00, or a duration such as 4h")],
    reason: _Reason,
    name: As = "",
    role: InRole = "",
) -> None:
    """挂起 · wait until a given time; then it comes back by itself."""
    desk = open_desk()
    end = _until(until)
    with desk.database.write() as tx:
        handling.hold(tx, desk.rulebook, hop_id(tx, hop), end, reason, desk.actor(name, role), now())
    out.print(f"{hop}: 挂起至 {local(end, '%Y-%m-%d %H:%M')} · on hold")


@app.command()
def resume(hop: HopName, name: As = "", role: InRole = "") -> None:
    """解挂 · end a hold early."""
    desk = open_desk()
    with desk.database.write() as tx:
        handling.resume(tx, desk.rulebook, hop_id(tx, hop), desk.actor(name, role), now())
    out.print(f"{hop}: 已解挂 · resumed")


@app.command()
def release(hop: HopName, name: As = "", role: InRole = "") -> None:
    """放行 · out of the quarantine, tried afresh."""
    desk = open_desk()
    with desk.database.write() as tx:
        handling.release(tx, hop_id(tx, hop), desk.actor(name, role), now())
    out.print(f"{hop}: 已放行 · released")


def _end(desk: Desk, hop: str, made: Any) -> None:
    with desk.database.write() as tx:
        end: End = made(hop_id(tx, hop))
        handling.end(tx, desk.rulebook, end, now())
        following = lists.journey(tx, tickets.of_hop(tx, end.hop_id)).hops[-1]
    title = desk.rulebook.teams[following.team].title
    out.print(f"{hop}: 已提交 · done. → [bold]{title}[/] ({following.rule})")


def _behalf(name: str) -> str | None:
    return word(name, Wording("被代办人的姓名", "name of whom this is done for"), LONGEST_NAME) if name else None


def _until(text: str) -> datetime:
    with contextlib.suppress(ValueError, OverflowError):
        return now() + read_duration(text)
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise BadInput(
            what=Wording(
                f"--until {text!r}：应写作 2026-12-01T14:00，或时长如 4h",
                f"--until {text!r}: write 2026-12-01T14:00, or a duration such as 4h",
            )
        ) from None
