"""The strict loader of `prehandling.yaml`: one small script, spoilt in one place at a time, then in several."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.errors import BadRules
from dispatch.routing.prehandling_file import load, parse

CATEGORIES = ("network", "system")

GOOD = """\
version: 1
symptoms:
  slow:
    title: {zh: 慢, en: Slow}
    category: network
    start: first
    questions:
      first:
        ask: {zh: 一, en: One}
        answers:
          good:
            title: {zh: 好, en: Good}
            next: solved
          bad:
            title: {zh: 坏, en: Bad}
            say: {zh: 请重启, en: Restart}
            next: second
      second:
        ask: {zh: 二, en: Two}
        answers:
          bad:
            title: {zh: 坏, en: Bad}
            category: system
            next: ticket
"""


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(BadRules) as refused:
        parse(text, "p.yaml", CATEGORIES)
    return refused.value.lines


def test_a_good_script_is_read_whole_and_in_order() -> None:
    script = parse(GOOD, "p.yaml", CATEGORIES)
    symptom = script.symptom("slow")
    assert (symptom.title.zh, symptom.category, symptom.start) == ("慢", "network", "first")
    assert list(symptom.questions) == ["first", "second"]
    bad = symptom.questions["first"].answers["bad"]
    assert bad.say is not None
    assert (bad.say.en, bad.next, bad.category) == ("Restart", "second", None)
    assert symptom.questions["second"].answers["bad"].category == "system"


def test_a_scripts_version_depends_on_its_text() -> None:
    one, other = (parse(text, "p.yaml", CATEGORIES).version for text in (GOOD, GOOD + "# more\n"))
    assert len(one) == 12
    assert one != other


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("next: ticket", "next: tickets", "24:19: unknown question 'tickets'; did you mean 'ticket'?"),
        ("start: first", "start: frist", "6:12: unknown question 'frist'; did you mean 'first'?"),
        ("next: second", "next: ticket", "18:7: no way leads to question 'second'"),
        ("next: ticket", "next: first", "24:19: the script comes round again: first → second → first"),
        ("next: ticket", "next: second", "24:19: the script comes round again: second → second"),
        ("category: network", "category: netwrok", "5:15: unknown category 'netwrok'; did you mean 'network'?"),
        ("category: system", "category: x", "23:23: unknown category 'x'; known are: network, system"),
        ("say: {", "tell: {", "16:13: unknown key 'tell'"),
        ("            next: solved\n", "", "11:11: 'next' is missing"),
        ("          bad:\n            title: {zh: 坏, en: Bad}\n            say", "          good:\n            say",
         "14:11: duplicate key 'good', first given on line 11"),
        ("zh: 二", "zh: ''", "19:19: 'zh': string should have at least 1 character, not ''"),
        ("version: 1", "version: 2", "1:10: 'version' must be 1, not 2"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_place(old: str, new: str, fault: str) -> None:
    assert GOOD.count(old) == 1
    assert f"p.yaml:{fault}" in faults_of(GOOD.replace(old, new))


def test_a_question_without_answers_is_refused() -> None:
    empty = GOOD[: GOOD.rindex("answers:")] + "answers: {}\n"
    assert faults_of(empty) == ("p.yaml:20:9: question 'second' has no answers",)


def test_a_question_cannot_have_the_name_of_an_outcome() -> None:
    assert faults_of(GOOD.replace("second", "solved")) == (
        "p.yaml:18:7: 'solved' is how a script ends and can't be a question",
    )


def test_a_script_without_symptoms_is_refused() -> None:
    assert faults_of("version: 1\nsymptoms: {}\n") == ("p.yaml:2:1: there are no symptoms",)


@pytest.mark.parametrize("text", ["", "- a\n", "symptoms: [", "version: 1\n", "version: 1\nsymptoms:\n  slow:\n"])
def test_a_text_that_is_not_a_script_is_refused(text: str) -> None:
    assert len(faults_of(text)) >= 1


def test_all_faults_are_told_at_once_in_the_files_order() -> None:
    spoilt = GOOD.replace("say: {", "tell: {").replace("category: system", "category: x").replace("zh: 二", "zh: 2")
    assert [fault.split(": ", 1)[1] for fault in faults_of(spoilt.replace("next: second", "next: secnd"))] == [
        "unknown key 'tell'",
        "unknown question 'secnd'; did you mean 'second'?",
        "no way leads to question 'second'",
        "'zh': input should be a valid string, not 2",
        "unknown category 'x'; known are: network, system",
    ]


def test_every_circle_is_reported_once() -> None:
    spoilt = GOOD.replace("next: solved", "next: first").replace("next: ticket", "next: first")
    assert [fault.split(": ", 2)[2] for fault in faults_of(spoilt)] == ["first → first", "first → second → first"]


def test_an_unreadable_file_is_a_fault_too(tmp_path: Path) -> None:
    with pytest.raises(BadRules, match="can't be read"):
        load(tmp_path / "missing.yaml", CATEGORIES)


BOOKS = GOOD.replace("One}\n        answers:", "One}\n        from_books: {speed: {same: good}}\n        answers:")


def test_a_question_says_which_answer_each_value_of_the_books_means() -> None:
    books = parse(BOOKS, "p.yaml", CATEGORIES).symptom("slow").questions["first"].from_books
    assert books is not None
    assert (books.datum, books.answer(["behind"]), books.answer(["behind", "same"])) == ("speed", None, "good")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{speed: {same: fine}}", "fine"),
        ("{speed: {faster: good}}", "faster"),
        ("{weather: {same: good}}", "weather"),
        ("{speed: {same: good}, slip: {same: good}}", "one datum"),
        ("{}", "one datum"),
    ],
)
def test_the_books_have_known_data_values_and_answers_alone(written: str, told: str) -> None:
    (fault,) = faults_of(BOOKS.replace("{speed: {same: good}}", written))
    assert told in fault
    assert "p.yaml:10:" in fault
