"""Pre-handling at a terminal: the dialogue of an agent, and `dispatch script check|show` for authors of the script.

The consequence of an answer is decided in `dispatch.routing.prehandling`; here it is only shown and typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from dispatch.cli.file_choice import chosen
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import AsJson, argument
from dispatch.cli.output import give, local, out, said
from dispatch.domain.book_data import BookSays
from dispatch.domain.title import Title
from dispatch.routing.loader import load as load_rules
from dispatch.routing.prehandling import OUTCOMES, Answer, Progress, Question, Script, Symptom, follow
from dispatch.routing.prehandling_file import load

BACK = "0"

_ENDS = {
    "solved": ("✔", Title("已解决", "Solved on the phone"), "green"),
    "ticket": ("▶", Title("需派单", "A ticket is needed"), "yellow"),
}

# -- the dialogue -----------------------------------------------------------------------------------


Books = Callable[[Question, Sequence[tuple[str, str]]], "tuple[str, BookSays] | None"]
"""The answer of the books to a question, after these answers, and what they say."""


def ask(
    console: Console, symptom: Symptom, books: Books = lambda _question, _given: None
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Lead through the script until it ends; return the (question, answer) names, as `follow` takes them, and the notes
    on answers that differ from the books, by question.

    An answer is chosen by its number or name, the books' by Enter; 0 takes the last one back. Raises EOFError where
    nobody types any more.
    """
    given: list[tuple[str, str]] = []
    notes: dict[str, str] = {}
    console.rule(_text(symptom.title, "bold"), align="left")
    while (question := follow(symptom, given).next) is not None:
        booked = books(question, given)
        _show_question(console, len(given) + 1, question, booked)
        answer = _choose(console, question, booked[0] if booked else None, can_go_back=bool(given))
        if answer is None:
            notes.pop(given.pop()[0], None)
            continue
        given.append((question.name, answer.name))
        if booked is not None and booked[0] != answer.name:
            notes[question.name] = _why(console)
        if answer.say is not None:
            console.print(_told(answer.say))
    console.print(_ending(follow(symptom, given)))
    return given, notes


def _why(console: Console) -> str:
    """The note on an answer that the books don't give."""
    while not (
        typed := console.input(Text(text("与系统不符，原因：", "The books say otherwise; why: "), "cyan")).strip()
    ):
        pass
    return typed


def _show_question(console: Console, number: int, question: Question, booked: tuple[str, BookSays] | None) -> None:
    console.print()
    console.print(_numbered((text(f"问 {number}", f"Q {number}"), _text(question.ask, "bold"))))
    if booked is not None:
        answer, said_so = booked
        since = f" {local(said_so.at)}" if said_so.at else ""
        shown = text("系统显示：", "The books say: ") + said(said_so.title) + since
        console.print(
            Padding(Text(f"{shown} → {said(question.answers[answer].title)} [Enter]", "yellow"), (0, 0, 0, 4))
        )
    choices = [(str(i), _text(answer.title)) for i, answer in enumerate(question.answers.values(), 1)]
    if number > 1:
        choices.append((BACK, _text(Title("退回上一问", "Back"), "dim")))
    console.print(Padding(_numbered(*choices), (0, 0, 0, 4)))


def _numbered(*rows: tuple[str, Text]) -> Table:
    """Long lines are wrapped beside their number, not under it."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", justify="right", no_wrap=True)
    for number, row in rows:
        table.add_row(number, row)
    return table


def _choose(console: Console, question: Question, booked: str | None, *, can_go_back: bool) -> Answer | None:
    """The answer typed, the books' for an empty line; None to go back."""
    answers = list(question.answers.values())
    while True:
        typed = console.input(Text(text("答：", "Answer: "), "cyan")).strip()
        if typed == BACK and can_go_back:
            return None
        if not typed and booked is not None:
            return question.answers[booked]
        if typed.isdecimal() and 1 <= int(typed) <= len(answers):
            return answers[int(typed) - 1]
        if typed in question.answers:
            return question.answers[typed]
        console.print(Text(text(f"请输入 1–{len(answers)}", f"Type a number from 1 to {len(answers)}"), "red"))


def _told(say: Title) -> Panel:
    return Panel(
        _lines(say), title=_text(Title("请告诉客户", "Tell the customer")), title_align="left", border_style="cyan"
    )


def _ending(progress: Progress) -> Text:
    sign, title, colour = _ENDS[progress.outcome or "ticket"]
    shown = Text.assemble("\n", (f"{sign} ", colour), _text(title, f"bold {colour}"))
    return shown if progress.outcome == "solved" else shown.append(f" · {progress.category}", "dim")


# -- the commands -----------------------------------------------------------------------------------

script = Commands()


@script.command(
    help=text(
        "检查脚本；每个错误一行，写明位置",
        "Read the script strictly and tell every fault with its place.",
    )
)
def check(
    file: Annotated[
        Path | None, argument("脚本文件，默认为设置中的", "the script; else that of the settings", "FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the script strictly and tell every fault with its place."""
    name = chosen(file, "prehandling")
    read = _load(name)
    symptoms, questions = len(read.symptoms), sum(len(symptom.questions) for symptom in read.symptoms.values())
    told = text(
        f"{name.absolute()}：无误，{symptoms} 种现象，{questions} 个问题，每条路都走得到头。版本 {read.version}",
        f"{name.absolute()}: good, {symptoms} symptoms, {questions} questions: every way ends. Version {read.version}",
    )
    give(as_json, {"good": True, "symptoms": symptoms, "questions": questions, "version": read.version}, told)


@script.command(help=text("画出问题，每个回答通向哪里", "Draw the questions and where each answer leads."))
def show(
    symptom: Annotated[str | None, argument("现象名称；不填则全部", "one symptom's name; without it all")] = None,
    as_json: AsJson = False,
) -> None:
    """Draw the questions and where each answer leads."""
    read = _load(chosen(None, "prehandling"))
    listed = [read.symptom(symptom)] if symptom else list(read.symptoms.values())

    def draw() -> None:
        for each in listed:
            out.print(tree(each), "")

    give(as_json, {"version": read.version, "symptoms": [asdict(each) for each in listed]}, draw)


def _load(file: Path) -> Script:
    """The script at `file`, its categories held against the rules in force. Raises BadRules, BadSettings."""
    from dispatch.settings import load_settings

    return load(file, load_rules(load_settings().rules).categories)


# -- the picture ------------------------------------------------------------------------------------


def tree(symptom: Symptom) -> Tree:
    """The script as a tree. A question to which several answers lead is drawn once; later it is only named."""
    head = Text.assemble(_text(symptom.title, "bold"), (f"  {symptom.name} · {symptom.category}", "cyan"))
    root = Tree(head, guide_style="dim")
    _grow(root, symptom, symptom.start, set())
    return root


def _grow(branch: Tree, symptom: Symptom, name: str, drawn: set[str]) -> None:
    question = symptom.questions[name]
    drawn.add(name)
    node = branch.add(Text.assemble(_text(question.ask, "bold"), (f"  {name}", "cyan")))
    for answer in question.answers.values():
        leaf = node.add(Text("\n").join(_answer_lines(answer, drawn)))
        if answer.next not in OUTCOMES and answer.next not in drawn:
            _grow(leaf, symptom, answer.next, drawn)


def _answer_lines(answer: Answer, drawn: set[str]) -> Iterator[Text]:
    first = _text(answer.title)
    if answer.next in OUTCOMES:
        sign, title, colour = _ENDS[answer.next]
        first.append(f"  {sign} {said(title)}", colour)
    elif answer.next in drawn:
        first.append(text(f"  → {answer.next} 见上", f"  → {answer.next}, see above"), "cyan")
    if answer.category is not None:
        first.append(f"  · {answer.category}", "magenta")
    yield first
    if answer.say is not None:
        yield Text.assemble((text("说：", "say: "), "cyan"), said(answer.say))


def _text(title: Title, style: str = "") -> Text:
    return Text(said(title), style)


def _lines(title: Title) -> Text:
    return Text(said(title))
