"""People's moves of a hop, at the terminal: claim, give back, report, pass on, hand back, hold, resume, release."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dispatch.cli import photos
from dispatch.cli.context import LONGEST_NAME, Desk, hop_id, now, open_desk, read_pairs, word
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, HopName, InRole, Reason
from dispatch.cli.output import give, local, zone
from dispatch.domain.numbers import hop_number, ticket_number
from dispatch.domain.time import read_duration, read_moment, typed_moment
from dispatch.domain.title import Wording
from dispatch.errors import BadInput
from dispatch.ports.adapters import LINE_TESTER
from dispatch.reports import lists
from dispatch.storage import tickets
from dispatch.storage.database import Tx
from dispatch.tickets import evidence_check, handling
from dispatch.tickets.handling import Claim, End, GiveBack, HandBack, PassOn, Report

app = Commands()

_Behalf = Annotated[
    str,
    typer.Option(
        "--on-behalf-of", help=text("代谁办理（持单人）", "the holder for whom this is filed"), show_default=False
    ),
]

_Photos = Annotated[
    list[Path],
    typer.Option(
        "--photo",
        metavar="FILE",
        help=text("照片文件（JPEG、PNG、WebP），可多次", "a photo (JPEG, PNG, WebP); may be repeated"),
    ),
]


@app.command()
def claim(hop: HopName, name: As = "", role: InRole = "", on_behalf_of: _Behalf = "", as_json: AsJson = False) -> None:
    """Claim a hop."""
    desk = open_desk()
    with desk.database.write() as tx:
        one = Claim(hop_id(tx, hop), desk.actor(name, role), _behalf(on_behalf_of))
        handling.claim(tx, desk.rulebook, one, now())
        done = _done(tx, "claim", one.hop_id)
    give(as_json, done, text(f"{done['hop']}：{done['holder']} 已接单", f"{done['hop']}: claimed by {done['holder']}"))


@app.command("give-back")
def give_back(
    hop: HopName,
    reason: Annotated[str, typer.Option(help=text("原因，可不填", "reason, if any"), show_default=False)] = "",
    name: As = "",
    role: InRole = "",
    on_behalf_of: _Behalf = "",
    as_json: AsJson = False,
) -> None:
    """Give a claimed hop back to its team's board."""
    desk = open_desk()
    with desk.database.write() as tx:
        one = GiveBack(hop_id(tx, hop), desk.actor(name, role), reason or None, _behalf(on_behalf_of))
        handling.give_back(tx, desk.rulebook, one, now())
        done = _done(tx, "give-back", one.hop_id)
    give(as_json, done, text(f"{done['hop']}：已退接，等待接单", f"{done['hop']}: given back, waiting to be claimed"))


@app.command()
def report(
    hop: HopName,
    finding: Annotated[
        str,
        typer.Option(
            help=text("结论，见 dispatch teams 班组", "the finding: see `dispatch teams TEAM`"), show_default=False
        ),
    ],
    evidence: Annotated[
        list[str],
        typer.Option(
            "--evidence",
            metavar="NAME=VALUE",
            help=text("结论所需的佐证，可多次", "evidence that the finding needs; may be repeated"),
        ),
    ] = [],  # noqa: B006 — typer reads it, nobody changes it
    photo: _Photos = [],  # noqa: B006
    override: Annotated[
        str,
        typer.Option(
            help=text(
                "主管特批的原因：佐证不符要求也代持单人回单",
                "a supervisor's reason to report for the holder although the evidence isn't as required",
            ),
            show_default=False,
        ),
    ] = "",
    name: As = "",
    role: InRole = "",
    on_behalf_of: _Behalf = "",
    as_json: AsJson = False,
) -> None:
    """Report a finding with its evidence."""
    desk = open_desk()
    pairs = read_pairs(evidence, "evidence")
    if len(dict(pairs)) < len(pairs):
        raise BadInput(what=Wording("一项佐证给了两次", "one piece of evidence is given twice"))
    filed_for = _behalf(on_behalf_of)
    with desk.database.autocommit_read() as tx:
        actor, at = desk.actor(name, role), hop_id(tx, hop)
    attach = photos.read_photos(desk.settings, desk.database, photo)
    tested = evidence_check.measure(desk.database, desk.rulebook, LINE_TESTER(), {at: finding})

    def made(tx: Tx, id_: int) -> Report:
        attach(tx, id_, actor.name, now())
        given = dict(pairs)
        return Report(id_, actor, finding, given, filed_for, tested.get(id_), override or None)

    _end(desk, hop, as_json, made)


@app.command("pass-on")
def pass_on(
    hop: HopName,
    to: Annotated[str, typer.Option(help=text("转给哪个班组", "the team"), show_default=False)],
    reason: Reason,
    name: As = "",
    role: InRole = "",
    on_behalf_of: _Behalf = "",
    as_json: AsJson = False,
) -> None:
    """Pass a hop on to another team."""
    desk = open_desk()
    _end(desk, hop, as_json, lambda _, id_: PassOn(id_, desk.actor(name, role), to, reason, _behalf(on_behalf_of)))


@app.command("hand-back")
def hand_back(
    hop: HopName,
    reason: Reason,
    name: As = "",
    role: InRole = "",
    on_behalf_of: _Behalf = "",
    as_json: AsJson = False,
) -> None:
    """Hand a hop back to the team that asked."""
    desk = open_desk()
    _end(desk, hop, as_json, lambda _, id_: HandBack(id_, desk.actor(name, role), reason, _behalf(on_behalf_of)))


@app.command()
def hold(
    hop: HopName,
    until: Annotated[
        str,
        typer.Option(
            help=text("2026-12-01T14:00，或时长如 4h", "2026-12-01T14:00, or a duration such as 4h"), show_default=False
        ),
    ],
    reason: Reason,
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Hold a hop until a given time."""
    desk = open_desk()
    end = _until(until)
    with desk.database.write() as tx:
        handling.hold(tx, desk.rulebook, hop_id(tx, hop), end, reason, desk.actor(name, role), now())
        done = _done(tx, "hold", hop_id(tx, hop)) | {"until": end}
    at = local(end, "%Y-%m-%d %H:%M")
    give(as_json, done, text(f"{done['hop']}：已挂起至 {at}", f"{done['hop']}: on hold until {at}"))


@app.command()
def resume(hop: HopName, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """End a hold early."""
    desk = open_desk()
    with desk.database.write() as tx:
        handling.resume(tx, desk.rulebook, hop_id(tx, hop), desk.actor(name, role), now())
        done = _done(tx, "resume", hop_id(tx, hop))
    give(as_json, done, text(f"{done['hop']}：已解挂", f"{done['hop']}: resumed"))


@app.command()
def release(hop: HopName, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Release a hop from the quarantine."""
    desk = open_desk()
    with desk.database.write() as tx:
        handling.release(tx, hop_id(tx, hop), desk.actor(name, role), now())
        done = _done(tx, "release", hop_id(tx, hop))
    give(as_json, done, text(f"{done['hop']}：已放行", f"{done['hop']}: released"))


_ENDED = {
    Report: ("report", "已回单", "reported"),
    PassOn: ("pass-on", "已转派", "passed on"),
    HandBack: ("hand-back", "已退回", "handed back"),
}


def _end(desk: Desk, hop: str, as_json: bool, made: Callable[[Tx, int], End]) -> None:
    with desk.database.write() as tx:
        end = made(tx, hop_id(tx, hop))
        handling.end(tx, desk.rulebook, end, now())
        act, zh, en = _ENDED[type(end)]
        following = lists.journey(tx, tickets.id_of_hop(tx, end.hop_id)).hops[-1]
        done = _done(tx, act, end.hop_id)
    title = desk.team(following.team)
    done["next"] = {"team": following.team, "rule": following.rule}
    told = text(f"{done['hop']}：{zh} → {title}", f"{done['hop']}: {en} → {title}")
    if isinstance(end, Report) or following.rule.startswith("limits."):  # otherwise no rule decided
        told += text(f"（{following.rule}）", f" ({following.rule})")
    give(as_json, done, told)


def _done(tx: Tx, act: str, id_: int) -> dict[str, Any]:
    """Return a hop's state after an act, for a program."""
    row = lists.board_line(tx, id_)
    return {
        "act": act,
        "hop": hop_number(row.kind, row.ticket_id, row.seq),
        "ticket": ticket_number(row.kind, row.ticket_id),
        "team": row.team,
        "state": row.state,
        "holder": row.holder,
    }


def _behalf(name: str) -> str | None:
    return word(name, Wording("被代办人的姓名", "name of whom this is done for"), LONGEST_NAME) if name else None


def _until(given: str) -> datetime:
    with contextlib.suppress(ValueError, OverflowError):
        return typed_moment(now() + read_duration(given), zone())
    try:
        return typed_moment(read_moment(given), zone())
    except (ValueError, OverflowError):
        raise BadInput(
            what=Wording(
                f"--until {given!r}：应写作 2026-12-01T14:00，或时长如 4h",
                f"--until {given!r}: write 2026-12-01T14:00, or a duration such as 4h",
            )
        ) from None
