"""The outcome of an account operation, for a clerk and for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.padding import Padding
from rich.text import Text

from dispatch.accounts.catalogue import LABELS, WORDS, closing_words
from dispatch.accounts.operation import TITLES, OperationAccepted, OperationOutcome, OperationRefused
from dispatch.accounts.schemas import BindingShown, CustomerView, DeviceShown
from dispatch.cli.context import Desk
from dispatch.cli.customer_view import bindings_table, devices_table, show_view
from dispatch.cli.language import text
from dispatch.cli.output import out, said, show_json, table
from dispatch.domain.money import write_yuan


def as_json(outcome: OperationOutcome) -> dict[str, object]:
    """Flat: what the operation gave stands beside its outcome."""
    told: dict[str, object] = {"outcome": "accepted" if isinstance(outcome, OperationAccepted) else "refused"}
    told |= {"operation": outcome.operation, "repeated": outcome.repeated}
    if isinstance(outcome, OperationAccepted):
        told["slip"] = outcome.slip
    else:
        told |= {"code": outcome.code, "reason": said(outcome.said)}
    assert not told.keys() & outcome.result.keys()
    return {**told, **outcome.result}


def show(outcome: OperationOutcome, as_document: bool, desk: Desk) -> None:
    if as_document:
        show_json(as_json(outcome))
    elif isinstance(outcome, OperationRefused):
        _show_refused(outcome)
    elif outcome.operation == "view":
        show_view(CustomerView.model_validate(outcome.result), desk)
    elif outcome.operation == "bindings":
        rows: Any = outcome.result["bindings"]
        out.print(bindings_table([BindingShown.model_validate(row) for row in rows]))
    elif outcome.operation == "devices":
        found: Any = outcome.result["devices"]
        out.print(devices_table([DeviceShown.model_validate(row) for row in found]))
    else:
        _show_accepted(outcome)


def _show_accepted(outcome: OperationAccepted) -> None:
    _headline(outcome, text("已受理", "accepted"), "green")
    shown = table(headed=False)
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(style="bold", overflow="fold")
    for key, value in {"slip": outcome.slip, **outcome.result}.items():
        if value not in (None, []):
            words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            if key == "settlement" and isinstance(value, list):
                words = "\n".join(map(_settlement_line, value))
            if isinstance(value, Mapping):
                words = text(value["zh"], value["en"])
            elif known := [WORDS[name] for each in words.split("、") if (name := f"{key}.{each}") in WORDS]:
                words = text("、", ", ").join(map(said, known))
            shown.add_row(said(LABELS[key]), words)
    out.print(shown)
    say = closing_words(outcome.operation, outcome.result)
    if say is not None:
        _paragraph(text("告知客户", "Tell the customer"), said(say))
    if outcome.slip:
        again = f"dispatch slip {outcome.slip} --out {outcome.slip}.pdf"
        _paragraph(text("再次打印", "Print again"), again)


def _settlement_line(line: Mapping[str, Any]) -> str:
    formula = f"  {line['formula']}" if line["formula"] else ""
    return f"{text(**line['title'])} {line['yuan']}{formula}"


def _show_refused(outcome: OperationRefused) -> None:
    _headline(outcome, text(f"不予受理（{outcome.code}）", f"refused: {outcome.code}"), "bold red")
    _paragraph(text("告知客户", "Tell the customer"), said(outcome.said))
    confirm = outcome.result.get("confirm")
    if confirm is not None:
        heading = text("客户确认后再办，加上", "Once the customer has confirmed, again with")
        _paragraph(heading, f"--confirm {confirm}")
    needed = outcome.result.get("approval")
    if isinstance(needed, Mapping):
        heading = text(
            "请主管批准，然后加上 --approval 编号再办", "Ask a supervisor, then again with --approval NUMBER"
        )
        _paragraph(heading, ask_command(needed))


def ask_command(needed: Mapping[str, Any]) -> str:
    """The command that asks for the approval that a refusal names."""
    money = "" if needed["fen"] is None else f" --amount {write_yuan(needed['fen'])}"
    why = text("原因", "why")
    return f"dispatch approval ask {needed['act']} {needed['subject']} --area {needed['area']}{money} --reason '{why}'"


def _headline(outcome: OperationOutcome, what: str, style: str) -> None:
    line = Text.assemble((said(TITLES[outcome.operation]), "bold"), "  ", (what, style))
    if outcome.repeated:
        told = text("此前已办（同一请求标识）", "done before, under this request key")
        line.append(f"\n{told}", style="yellow")
    out.print(line)


def _paragraph(heading: str, *lines: str) -> None:
    out.print(heading, style="dim")
    for line in filter(None, lines):
        out.print(Padding(Text(line), (0, 0, 0, 2)))
