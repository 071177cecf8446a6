"""`dispatch rules check|test|show|schema|explain`: the operator's law, before it is put in force and after."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dispatch import defaults
from dispatch.cli.file_choice import chosen
from dispatch.cli.framework import Commands
from dispatch.cli.language import language, text
from dispatch.cli.options import AsJson, TicketName, argument, option
from dispatch.cli.output import give, out, said, show_json
from dispatch.cli.rules_shown import explained_tree, flow_tree, verdict_json, verdict_shown
from dispatch.domain.kind import Kind
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.title import Wording
from dispatch.errors import BadRules, DispatchError, NotFound
from dispatch.routing import cases as cases_of
from dispatch.routing import drawing
from dispatch.routing.loader import load
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.schema import json_schema
from dispatch.routing.written_values import unknown_symptoms
from dispatch.runtime.private_files import as_usual

rules = Commands()

_File = Annotated[Path | None, argument("规则文件，默认为设置中的", "the rules; else those of the settings", "FILE")]


@rules.command(
    help=text(
        "检查文件；每个错误一行 FILE:LINE:COLUMN，有错则退出状态为1",
        "Check the file; every fault is one line FILE:LINE:COLUMN: message, and the exit status is then 1.",
    )
)
def check(file: _File = None, as_json: AsJson = False) -> None:
    """Check the file."""
    name = chosen(file, "rules")
    rulebook = _loaded(name, as_json)
    _require_symptoms(rulebook, name, as_json)
    teams, findings, count = len(rulebook.teams), len(rulebook.findings), len(cases_of.all_rules(rulebook))
    told = text(
        f"{name.absolute()}：无误，版本 {rulebook.version}：{teams} 个班组，{findings} 种结论，{count} 条规则",
        f"{name.absolute()}: good, version {rulebook.version}: {teams} teams, {findings} findings, {count} rules",
    )
    facts = {"file": str(name), "version": rulebook.version, "teams": teams, "findings": findings, "rules": count}
    waits = [said(each) for each in _obstacles(rulebook)]
    if waits:
        told += text("\n本安装尚不采用：", "\nnot taken up by this installation yet:") + "".join(
            f"\n  {each}" for each in waits
        )
    give(as_json, {"good": True, **facts, "faults": [], "waits_for": waits}, told)


def _require_symptoms(rulebook: Rulebook, name: Path, as_json: bool) -> None:
    """Refuse conditions on symptoms that the pre-handling script, if that is good, doesn't have."""
    from dispatch.domain.kind import OWN_SYMPTOMS
    from dispatch.routing.prehandling_file import load as load_script
    from dispatch.settings import load_settings

    try:
        script = load_script(load_settings().prehandling, rulebook.categories)
    except BadRules:
        return  # `dispatch script check` tells its faults
    known = [*script.symptoms, *OWN_SYMPTOMS]
    faults = [message.at(f"{name}:{line}:1") for line, message in unknown_symptoms(rulebook, known)]
    if faults:
        raise _refused(BadRules(file=str(name), faults=faults), as_json)


def _obstacles(rulebook: Rulebook) -> list[Wording]:
    """The reasons why the installation that is set, if there is one, can't put these rules in force now."""
    # imported here: without an installation the command needs no database
    from sqlalchemy.exc import SQLAlchemyError

    from dispatch.settings import load_settings
    from dispatch.storage.database import SCHEMA, Database
    from dispatch.storage.migration import is_installed
    from dispatch.storage.rulebooks import in_force, latest, obstacles

    settings = load_settings()
    if not is_installed(settings):
        return []
    database = Database(settings.database)
    try:
        if database.schema() != SCHEMA:
            return []
        with database.read() as tx:
            if latest(tx) == rulebook.version:
                return []
            return obstacles(tx, rulebook, in_force(tx), datetime.now(UTC))
    except SQLAlchemyError as away:
        reason = type(away).__name__
        return [Wording(f"查不到：数据库没有回答（{reason}）", f"unknown: the database doesn't answer ({reason})")]
    finally:
        database.dispose()


@rules.command(
    "test",
    help=text(
        "试跑用例；去向与用例不符，或有规则没有用例，则退出状态为1",
        "Run the cases. Exit status 1 when one goes elsewhere than it says, or when a rule has no case.",
    ),
)
def run_cases(
    file: _File = None,
    cases: Annotated[
        Path | None, option(zh="用例文件，默认为规则旁边的", en="the cases; else those beside the operator's rules")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the cases."""
    cases = cases or defaults.cases()
    rulebook = _loaded(chosen(file, "rules"), as_json)
    try:
        verdict = cases_of.run(rulebook, cases_of.load_cases(cases, rulebook))
    except BadRules as wrong:
        raise _refused(wrong, as_json) from None
    give(as_json, verdict_json(verdict), lambda: out.print(verdict_shown(verdict, rulebook, cases)))
    if not verdict.good:
        raise typer.Exit(1)


@rules.command(
    help=text(
        "画流程：在终端为树，否则为Mermaid文本；也可存为图片",
        "Show a flow: at a terminal as a tree, else as Mermaid text; or write it as a picture.",
    )
)
def show(
    file: _File = None,
    flow: Annotated[str, option(zh="哪个流程", en="which flow", show_default=True)] = Kind.FAULT,
    mermaid: Annotated[
        bool, option("--mermaid", zh="在终端也输出Mermaid文本", en="Mermaid text, also at a terminal")
    ] = False,
    svg: Annotated[Path | None, option(zh="存为SVG图", en="write a picture as SVG", metavar="OUT")] = None,
    png: Annotated[Path | None, option(zh="存为PNG图", en="write a picture as PNG", metavar="OUT")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a flow."""
    rulebook = _loaded(chosen(file, "rules"), as_json)
    if flow not in rulebook.flows:
        listed = ", ".join(rulebook.flows)
        which = Wording(f"{flow}；有：{listed}", f"{flow}; there are: {listed}")
        raise _failed(NotFound(what=Wording("流程", "flow"), which=which))
    console = Console()
    try:
        with as_usual():
            if svg:
                svg.write_text(drawing.svg(rulebook, flow), encoding="utf-8")
            if png:
                png.write_bytes(drawing.png(rulebook, flow))
    except DispatchError as wrong:
        raise _failed(wrong) from None
    if as_json:
        show_json({"flow": flow, "version": rulebook.version, "mermaid": drawing.mermaid(rulebook, flow)})
    elif mermaid or not (svg or png or console.is_terminal):
        typer.echo(drawing.mermaid(rulebook, flow), nl=False)
    elif not (svg or png):
        console.print(flow_tree(rulebook, flow))


@rules.command(
    help=text(
        "输出规则文件的JSON Schema，供编辑器用",
        "Print the JSON Schema of the rules file, for editors.",
    )
)
def schema() -> None:
    """Print the JSON Schema of the rules file, for editors."""
    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@rules.command(
    help=text(
        "为何派到这里：每次派单由哪条规则决定，依据什么，前面的规则为何不符",
        "For every hop: the rule that chose it, the facts, and why the rules before it did not match.",
    )
)
def explain(ticket: TicketName, as_json: AsJson = False) -> None:
    """Explain for each hop of a ticket which rule chose its team."""
    # imported here: the other commands of this module need no database
    from dispatch.cli.context import open_desk
    from dispatch.reports import lists
    from dispatch.tickets.explanation import explain

    desk = open_desk()
    with desk.database.read() as tx:
        journey = lists.journey(tx, read_ticket_number(ticket))
        explained = [explain(tx, desk.rules, row) for row in journey.hops]
    number = ticket_number(journey.ticket.kind, journey.ticket.id)
    data = [hop.as_json() for hop in explained]
    give(as_json, data, lambda: out.print(explained_tree(number, explained, desk.symptoms)))


def _loaded(file: Path, as_json: bool) -> Rulebook:
    try:
        return load(file)
    except BadRules as wrong:
        raise _refused(wrong, as_json) from None


def _refused(wrong: BadRules, as_json: bool) -> typer.Exit:
    """The faults are the command's result: they go to standard output, one a line."""
    faults = list(wrong.lines_in(language()))
    if as_json:
        show_json({"good": False, "faults": faults})
    else:
        for line in faults:
            typer.echo(line)
    return typer.Exit(1)


def _failed(wrong: DispatchError) -> typer.Exit:
    typer.echo(wrong.sentence(language()), err=True)
    return typer.Exit(1)
