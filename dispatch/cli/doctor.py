"""`dispatch doctor`: the examination of an installation, as a table and what is to be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.padding import Padding
from rich.table import Table

from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import AsJson
from dispatch.cli.output import give, out, said, table

if TYPE_CHECKING:
    from dispatch.doctor.finding import CheckResult

app = Commands()

MARKS = {"good": "[green]✓[/]", "doubtful": "[yellow]![/]", "bad": "[bold red]✗[/]"}


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Examine the whole installation and say what to do; exits 1 when something is bad. It changes nothing."""
    from dispatch.doctor.examination import examine  # fonts and all: nobody else waits for that

    findings = list(examine())

    def show() -> None:
        out.print(_table(findings))
        _tell_remedies(findings)

    give(as_json, [_plain(finding) for finding in findings], show)
    if any(finding.verdict == "bad" for finding in findings):
        raise typer.Exit(1)


def _table(findings: Sequence[CheckResult]) -> Table:
    shown = table(text("体检", "Examination"))
    shown.add_column("")
    shown.add_column(text("项目", "Check"), overflow="fold")
    shown.add_column(text("现状", "Found"), overflow="fold")
    for finding in findings:
        shown.add_row(MARKS[finding.verdict], said(finding.check), said(finding.found))
    return shown


def _tell_remedies(findings: Sequence[CheckResult]) -> None:
    if not any(finding.remedy for finding in findings):
        out.print(text("一切正常", "All is well."))
        return
    out.print(f"[bold]{text('怎么办', 'What to do')}[/]")
    for finding in findings:
        if finding.remedy:
            out.print(f"{MARKS[finding.verdict]} [bold]{said(finding.check)}[/]")
            out.print(Padding(said(finding.remedy), (0, 0, 0, 2)))


def _plain(finding: CheckResult) -> dict[str, str | None]:
    return {
        "check": finding.check.en,
        "check_zh": finding.check.zh,
        "verdict": finding.verdict,
        "found": finding.found.text("en"),
        "found_zh": finding.found.text("zh"),
        "remedy": finding.remedy.en if finding.remedy else None,
        "remedy_zh": finding.remedy.zh if finding.remedy else None,
    }
