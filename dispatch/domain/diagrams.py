"""The text of `docs/journey.md`, made from the life tables, so that the two can't differ. Pure.

`python -m dispatch.domain.diagrams > docs/journey.md` writes it anew; a test fails while the two differ.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from string import ascii_lowercase, ascii_uppercase

from dispatch.domain.account import ACCOUNT_ENDS, ACCOUNT_MOVES, AccountState
from dispatch.domain.account_move import MOVE_ENDS, MOVE_MOVES, MoveState
from dispatch.domain.demand import DEMAND_ENDS, DEMAND_MOVES, DemandState
from dispatch.domain.device import DEVICE_ENDS, DEVICE_MOVES, DeviceState
from dispatch.domain.effect import EFFECT_ENDS, EFFECT_MOVES, EffectState
from dispatch.domain.lifecycle import Move, S
from dispatch.domain.plan_change import PLAN_CHANGE_ENDS, PLAN_CHANGE_MOVES, PlanChangeState
from dispatch.domain.ticket import HOP_ENDS, HOP_MOVES, TICKET_ENDS, TICKET_MOVES, HopState, TicketState

_HEAD = """\
# The lives of tickets 工单, hops 派单, accounts 账号, effects 外部动作, demands 需求登记, devices, plan changes, moves

Made from the tables in `dispatch/domain/ticket.py`, `account.py`, `effect.py`, `demand.py`, `plan_change.py`,
`device.py` and `account_move.py` by `python -m dispatch.domain.diagrams`; a change here is lost.

A *ticket* is one fault from its report to its end. A *hop* is one visit of that ticket to one team; a ticket has at
most one living hop at a time. An *account* is one broadband line from its opening to its end. An
*outside effect* is an order to another system, such as a text message or a print, from its booking to the receiver's
confirmation. A *demand* is a customer's wish for a line where none can be had yet. A *change of plan* 变更营销案 is
accepted at the counter and takes effect on its day. A *device* 终端 stands at a customer's, such as an ONT 光猫. A
*move* 移机 takes an account to another address. Every arrow has a letter, and the table below its picture explains it
in a row. Any other move is refused, and the refusal names both states.
"""


_GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩"
_ROMAN = "ⅠⅡⅢⅣⅤⅥ"
_NUMERALS = "一二三四五六"
_PARENTHESIZED = "⑴⑵⑶⑷⑸⑹⑺⑻"
_HEAVENLY_STEMS = "甲乙丙丁"


def journey() -> str:
    """The whole page, as Markdown with Mermaid pictures."""
    ticket = _section("The ticket", tuple(TicketState), TICKET_MOVES, TICKET_ENDS, ascii_uppercase)
    hop = _section("The hop", tuple(HopState), HOP_MOVES, HOP_ENDS, ascii_lowercase)
    account = _section("The account", tuple(AccountState), ACCOUNT_MOVES, ACCOUNT_ENDS, _GREEK)
    effect = _section("The outside effect", tuple(EffectState), EFFECT_MOVES, EFFECT_ENDS, _CIRCLED)
    demand = _section("The demand", tuple(DemandState), DEMAND_MOVES, DEMAND_ENDS, _ROMAN)
    plan = _section("The change of plan", tuple(PlanChangeState), PLAN_CHANGE_MOVES, PLAN_CHANGE_ENDS, _NUMERALS)
    device = _section("The device", tuple(DeviceState), DEVICE_MOVES, DEVICE_ENDS, _PARENTHESIZED)
    move = _section("The move", tuple(MoveState), MOVE_MOVES, MOVE_ENDS, _HEAVENLY_STEMS)
    return f"{_HEAD}\n{ticket}\n{hop}\n{account}\n{effect}\n{demand}\n{plan}\n{device}\n{move}"


def _section(title: str, states: Sequence[S], moves: Sequence[Move[S]], ends: Collection[S], letters: str) -> str:
    lettered = tuple(zip(letters[: len(moves)], moves, strict=True))
    return "\n".join(
        [
            f"## {title}\n",
            *_picture(states, lettered, ends),
            "\n| | move | from | to | by | meaning |\n|---|---|---|---|---|---|",
            *(_move_row(letter, move) for letter, move in lettered),
            "\n| state | means |\n|---|---|",
            *(f"| **{state}** | {state.meaning} |" for state in states),
            "",
        ]
    )


def _picture(states: Sequence[S], lettered: Sequence[tuple[str, Move[S]]], ends: Collection[S]) -> list[str]:
    """A Mermaid state diagram; moves that join the same two states share an arrow."""
    arrows: dict[tuple[S, S], list[str]] = {}
    for letter, move in lettered:
        for source in move.sources:
            arrows.setdefault((source, move.target), []).append(letter)
    return [
        "```mermaid",
        "stateDiagram-v2",
        *(f'    state "{state}" as {_id(state)}' for state in states),
        f"    [*] --> {_id(states[0])}",
        *(f"    {_id(source)} --> {_id(target)}: {', '.join(letters)}" for (source, target), letters in arrows.items()),
        *(f"    {_id(state)} --> [*]" for state in states if state in ends),
        "```",
    ]


def _id(state: S) -> str:
    return state.replace("-", "_")


def _move_row(letter: str, move: Move[S]) -> str:
    sources = ", ".join(move.sources)
    return f"| {letter} | **{move.name}** | {sources} | {move.target} | {move.by} | {move.meaning} |"


if __name__ == "__main__":
    print(journey(), end="")
