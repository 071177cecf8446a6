"""Walking a script, and leading an agent through it at a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from dispatch.cli.prehandling import ask, script, tree
from dispatch.domain.book_data import BookSays
from dispatch.domain.title import Title
from dispatch.errors import BadAnswer, UnknownSymptom
from dispatch.routing.prehandling import Answer, Question, Script, Symptom, follow
from dispatch.routing.prehandling_file import load

FILE = Path(__file__).parents[2] / "prehandling.yaml"
SHIPPED = load(FILE, ("network", "system"))


def a_title(text: str) -> Title:
    return Title(f"{text}？", text)


def a_question(name: str, *answers: Answer) -> Question:
    return Question(name, a_title(name), {answer.name: answer for answer in answers})


def a_symptom() -> Symptom:
    """light → (red: ticket | green, with advice: again); again → (works: solved | code-691, system: ticket)"""
    light = a_question(
        "light",
        Answer("red", a_title("red"), next="ticket"),
        Answer("green", a_title("green"), next="again", say=Title("请[重启]光猫", "Restart the modem")),
    )
    again = a_question(
        "again",
        Answer("works", a_title("works"), next="solved"),
        Answer("code-691", a_title("691"), next="ticket", category="system"),
    )
    questions = {"light": light, "again": again}
    return Symptom("no-internet", a_title("no internet"), "network", "light", questions)


def answered(monkeypatch: pytest.MonkeyPatch, *lines: str) -> tuple[list[tuple[str, str]], str]:
    """Return the result and output of `ask` when these lines are typed."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    shown = io.StringIO()
    given, _ = ask(Console(file=shown, width=100), a_symptom())
    return given, shown.getvalue()


# -- follow -----------------------------------------------------------------------------------------


def test_before_the_first_answer_the_start_question_is_open() -> None:
    progress = follow(a_symptom(), [])
    assert progress.next is not None
    assert progress.next.name == "light"
    assert (progress.asked, progress.outcome, progress.category) == ((), None, "network")


def test_an_answer_opens_the_next_question_and_keeps_what_was_said() -> None:
    progress = follow(a_symptom(), [("light", "green")])
    assert progress.next is not None
    assert progress.next.name == "again"
    [(question, answer, said)] = progress.asked
    assert (question.name, answer.name, said) == ("light", "green", Title("请[重启]光猫", "Restart the modem"))


def test_a_script_ends_solved() -> None:
    progress = follow(a_symptom(), [("light", "green"), ("again", "works")])
    assert (progress.next, progress.outcome, progress.category) == (None, "solved", "network")


def test_a_script_ends_in_a_ticket() -> None:
    progress = follow(a_symptom(), [("light", "red")])
    assert (progress.next, progress.outcome) == (None, "ticket")


def test_an_answer_may_change_the_category() -> None:
    assert follow(a_symptom(), [("light", "green"), ("again", "code-691")]).category == "system"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (
            [("light", "purple")],
            "Pre-handling of no-internet asks light; light=purple was given. Allowed: light=red, light=green.",
        ),
        (
            [("again", "works")],
            "Pre-handling of no-internet asks light; again=works was given. Allowed: light=red, light=green.",
        ),
        (
            [("light", "red"), ("again", "works")],
            "Pre-handling of no-internet asks nothing more (it ended: ticket); again=works was given."
            " Allowed: no answer.",
        ),
    ],
    ids=["no such answer", "another question", "already ended"],
)
def test_a_wrong_answer_is_refused_with_the_allowed_ones(answers: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        follow(a_symptom(), answers)
    assert str(refused.value) == message


def test_an_unknown_symptom_is_refused_with_the_known_ones() -> None:
    symptom = a_symptom()
    with pytest.raises(UnknownSymptom, match="no symptom slowness; known are: no-internet"):
        Script("0", {symptom.name: symptom}).symptom("slowness")


# -- the script that is shipped ---------------------------------------------------------------------


def test_error_691_makes_a_system_ticket() -> None:
    walk = [("code", "code-691"), ("account-state", "normal"), ("after-retype", "still-691")]
    progress = follow(SHIPPED.symptom("cannot-dial"), walk)
    assert (progress.outcome, progress.category) == ("ticket", "system")


def test_a_red_los_light_that_stays_makes_a_network_ticket() -> None:
    walk = [("account-state", "normal"), ("lights", "red"), ("after-fibre", "still-red")]
    progress = follow(SHIPPED.symptom("no-internet"), walk)
    assert (progress.outcome, progress.category) == ("ticket", "network")


@pytest.mark.parametrize("name", SHIPPED.symptoms)
def test_every_symptom_can_be_solved_and_can_become_a_ticket(name: str) -> None:
    ends = {
        answer.next for question in SHIPPED.symptom(name).questions.values() for answer in question.answers.values()
    }
    assert {"solved", "ticket"} <= ends


# -- at the terminal --------------------------------------------------------------------------------


def test_answers_are_chosen_by_number_or_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    given, shown = answered(monkeypatch, "2", "works")
    assert given == [("light", "green"), ("again", "works")]
    assert "Restart the modem" in shown
    assert "Solved on the phone" in shown


def test_a_wrong_number_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    given, shown = answered(monkeypatch, "0", "3", "", "1")
    assert given == [("light", "red")]
    assert shown.count("Type a number from 1 to 2") == 3
    assert "A ticket is needed · network" in shown


def test_zero_undoes_the_last_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    given, _ = answered(monkeypatch, "2", "0", "1")
    assert given == [("light", "red")]


def test_a_dialogue_that_nobody_answers_ends_with_eof(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EOFError):
        answered(monkeypatch, "2")


def test_the_tree_shows_every_question_once() -> None:
    symptom, shown = SHIPPED.symptom("no-internet"), io.StringIO()
    Console(file=shown, width=200).print(tree(symptom))
    for question in symptom.questions.values():
        assert shown.getvalue().count(question.ask.en) == 1


def test_script_check_reads_a_file_and_counts_it() -> None:
    done = CliRunner().invoke(script, ["check", str(FILE)])
    assert done.exit_code == 0
    assert f"{len(SHIPPED.symptoms)} symptoms" in done.stdout


def test_script_show_draws_one_symptom_or_all() -> None:
    one, every = (CliRunner().invoke(script, ["show", *names]).stdout for names in (["iptv"], []))
    assert "IPTV fault" in one
    assert "slowness" not in one
    assert all(symptom.title.en in every for symptom in SHIPPED.symptoms.values())


def test_script_show_of_an_unknown_symptom_is_refused() -> None:
    assert isinstance(CliRunner().invoke(script, ["show", "slowness"]).exception, UnknownSymptom)


def test_the_books_answer_is_taken_by_enter_and_another_one_asks_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def books(question: Question, given: Sequence[tuple[str, str]]) -> tuple[str, BookSays] | None:
        return ("green", BookSays(("x",), Title("正常", "Normal"))) if question.name == "light" else None

    def typed(*lines: str) -> tuple[list[tuple[str, str]], dict[str, str]]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return ask(Console(file=io.StringIO(), width=100), a_symptom(), books)

    assert typed("", "1") == ([("light", "green"), ("again", "works")], {})
    assert typed("1", "", "客户看到红灯") == ([("light", "red")], {"light": "客户看到红灯"})
