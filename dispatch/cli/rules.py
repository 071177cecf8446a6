"""`dispatch rules check|test|show|schema`: the operator's law, before it is put in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from dispatch import defaults
from dispatch.cli.framework import Commands
from dispatch.cli.language import language, text
from dispatch.cli.options import AsJson, TicketName
from dispatch.cli.output import give, out
from dispatch.domain.kind import Kind
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.title import Wording
from dispatch.errors import BadRules, DispatchError, NotFound
from dispatch.routing import cases as cases_of
from dispatch.routing import drawing
from dispatch.routing.cases import CaseOutcome, CasesVerdict
from dispatch.routing.loader import load
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.schema import json_schema

rules = Commands()

_File = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="the rules; else those of the settings")]


@rules.command()
def check(file: _File = None) -> None:
    """Check the file; every fault is one line FILE:LINE:COLUMN: message, and the exit status is then 1."""
    name = file or _in_force()
    rulebook = _loaded(name)
    typer.echo(
        f"{name}: good, version {rulebook.version}: {len(rulebook.teams)} teams, {len(rulebook.findings)} findings,"
        f" {len(cases_of.all_rules(rulebook))} rules"
    )


@rules.command("test")
def run_cases(
    file: _File = None,
    cases: Annotated[Path | None, typer.Option(help="the cases; else those beside the operator's rules")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the outcome of every case, as JSON")] = False,
) -> None:
    """Run the cases. Exit status 1 when one goes elsewhere than it says, or when a rule has no case."""
    rulebook = _loaded(file or _in_force())
    cases = cases or defaults.cases()
    try:
        verdict = cases_of.run(rulebook, cases_of.load_cases(cases, rulebook))
    except BadRules as wrong:
        raise _refused(wrong) from None
    if as_json:
        typer.echo(json.dumps(_verdict(verdict), ensure_ascii=False, indent=2))
    else:
        _show_verdict(Console(), verdict, cases)
    if not verdict.good:
        raise typer.Exit(1)


@rules.command()
def show(
    file: _File = None,
    flow: Annotated[str, typer.Option(help="which flow")] = Kind.FAULT,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Mermaid text, also at a terminal")] = False,
    svg: Annotated[Path | None, typer.Option(metavar="OUT", help="write a picture as SVG")] = None,
    png: Annotated[Path | None, typer.Option(metavar="OUT", help="write a picture as PNG")] = None,
) -> None:
    """Show a flow: at a terminal as a tree, else as Mermaid text; or write it as a picture."""
    rulebook = _loaded(file or _in_force())
    if flow not in rulebook.flows:
        listed = ", ".join(rulebook.flows)
        which = Wording(f"{flow}；有：{listed}", f"{flow}; there are: {listed}")
        raise _failed(NotFound(what=Wording("流程", "flow"), which=which))
    console = Console()
    try:
        if svg:
            svg.write_text(drawing.svg(rulebook, flow), encoding="utf-8")
        if png:
            png.write_bytes(drawing.png(rulebook, flow))
    except DispatchError as wrong:
        raise _failed(wrong) from None
    if mermaid or not (svg or png or console.is_terminal):
        typer.echo(drawing.mermaid(rulebook, flow), nl=False)
    elif not (svg or png):
        console.print(_tree(rulebook, flow))


@rules.command()
def schema() -> None:
    """Print the JSON Schema of the rules file, for editors."""
    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@rules.command()
def explain(ticket: TicketName, as_json: AsJson = False) -> None:
    """为何派到这里 · of every hop: which rule chose it, on which facts, and why the rules before it did not match."""
    # imported here: the other commands of this module need no database
    from dispatch.cli.context import open_desk
    from dispatch.reports import lists
    from dispatch.tickets.explanation import explain

    desk = open_desk()
    with desk.database.read() as tx:
        journey = lists.journey(tx, read_ticket_number(ticket))
        explained = [explain(tx, desk.rules, row).as_json() for row in journey.hops]
    number = ticket_number(journey.ticket.kind, journey.ticket.id)
    give(as_json, explained, lambda: out.print(_explained(number, explained)))


def _explained(number: str, explained: list[dict[str, Any]]) -> Tree:
    tree = Tree(Text(f"{number} {text('派单依据', 'why each hop went where it went')}", "bold"))
    for hop in explained:
        head = Text.assemble((f"{hop['hop']}  {hop['to']}", "bold"), f"  ← {hop['rule']}  ", (hop["file"], "dim"))
        branch = tree.add(head)
        for missed in hop["did_not_match"]:
            branch.add(Text(f"✗ {missed['rule']} → {missed['to']}: {'; '.join(missed['because'])}", style="dim"))
        branch.add(Text.assemble(("✓ ", "green"), hop["because"]))
        facts = ", ".join(f"{k}={v}" for k, v in hop["facts"].items())
        branch.add(Text(f"{text('依据', 'facts')}: {facts}", style="dim"))
    return tree


def _in_force() -> Path:
    from dispatch.settings import load_settings  # only where no file is named: checking one needs no settings

    return load_settings().rules


def _loaded(file: Path) -> Rulebook:
    try:
        return load(file)
    except BadRules as wrong:
        raise _refused(wrong) from None


def _refused(wrong: BadRules) -> typer.Exit:
    """The faults are the command's result: they go to stdout, one a line."""
    for line in wrong.lines_in(language()):
        typer.echo(line)
    return typer.Exit(1)


def _failed(wrong: DispatchError) -> typer.Exit:
    typer.echo(wrong.sentence(language()), err=True)
    return typer.Exit(1)


def _verdict(verdict: CasesVerdict) -> dict[str, Any]:
    return {
        "good": verdict.good,
        "cases": [
            {
                "name": outcome.case.name,
                "line": outcome.case.line,
                "good": outcome.good,
                "expected": {"to": outcome.case.to, "rule": outcome.case.rule},
                "decided": {"to": outcome.decision.to, "rule": outcome.decision.rule, "line": outcome.decision.line},
                "missed": outcome.missed,
            }
            for outcome in verdict.outcomes
        ],
        "uncovered": [{"rule": name, "line": line} for name, line in verdict.uncovered],
    }


def _show_verdict(console: Console, verdict: CasesVerdict, file: Path) -> None:
    if verdict.mismatches:
        table = Table(title="cases that go elsewhere", title_justify="left", show_lines=True)
        for heading in ("case", "expected", "decided", "why"):
            table.add_column(heading, overflow="fold")
        for outcome in verdict.mismatches:
            table.add_row(*_mismatch(outcome, file))
        console.print(table)
    for name, line in verdict.uncovered:
        console.print(Text.assemble(("no case covers rule ", "red"), (name, "bold"), f", line {line} of the rules"))
    good = len(verdict.outcomes) - len(verdict.mismatches)
    console.print(
        Text(f"{good} of {len(verdict.outcomes)} cases good, ", "green" if verdict.good else "red"),
        Text(f"{len(verdict.uncovered)} rules without a case", "green" if verdict.good else "red"),
        sep="",
    )


def _mismatch(outcome: CaseOutcome, file: Path) -> tuple[Text, Text, Text, Text]:
    case, decision = outcome.case, outcome.decision
    why = [f"{decision.rule}, line {decision.line} of the rules", *outcome.missed]
    return (
        Text(f"{case.name}\n{file}:{case.line}"),
        Text(case.to + (f"\nby {case.rule}" if case.rule else ""), "green"),
        Text(decision.to, "red"),
        Text("\n".join(why)),
    )


def _tree(rulebook: Rulebook, flow: str) -> Tree:
    """The flow team by team: each finding, and where it leads under which condition."""
    tree = Tree(Text(f"{flow}  {rulebook.version}", "bold"))
    start = tree.add(Text("受理 Reported", "bold cyan"))
    for rule in rulebook.starts[flow]:
        start.add(Text.assemble(_when(rule.when), (rule.to, "green")))
    for team, findings in rulebook.flows[flow].items():
        branch = tree.add(Text.assemble((str(rulebook.teams[team].title), "bold cyan"), (f"  {team}", "dim")))
        for finding, listed in findings.items():
            for rule in listed:
                said = f"{rulebook.findings[finding].title} "
                branch.add(Text.assemble(said, _when(rule.when), "→ ", (rule.to, "green")))
    return tree


def _when(conditions: tuple[object, ...]) -> tuple[str, str]:
    return (f"[{', '.join(map(str, conditions))}] " if conditions else "", "yellow")
