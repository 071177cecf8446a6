"""Pre-handling 预处理: guided questions that try to solve a fault before a ticket is made. Pure.

A script is data (`prehandling.yaml`, read by `prehandling_file`). Answers are kept as (question, answer) names;
`follow` derives the rest: what was said, what to ask next, how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeGuard

from dispatch.domain.title import Title, Wording
from dispatch.errors import BadAnswer, UnknownSymptom

Outcome = Literal["solved", "ticket"]
Answers = tuple[tuple[str, str], ...]
"""(question, answer) names in the order in which they were given."""

OUTCOMES: tuple[Outcome, ...] = ("solved", "ticket")
"""The ends of a script: solved on the phone, or a fault ticket."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a question; `next` is a question's name or an outcome."""

    name: str
    title: Title
    next: str
    say: Title | None = None  # what the customer is told to do
    category: str | None = None  # from here on, instead of the symptom's own


@dataclass(frozen=True, slots=True)
class FromBooks:
    """【查】 The books answer a question: the answer's name for each value that the `datum` may have. For a value that
    isn't there, the agent asks."""

    datum: str  # one of `domain.book_data.DATA`
    answers: Mapping[str, str]

    def answer(self, values: Sequence[str]) -> str | None:
        """The answer for the first of these values that has one."""
        return next((self.answers[value] for value in values if value in self.answers), None)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and its answers in the order in which they are offered."""

    name: str
    ask: Title
    answers: Mapping[str, Answer]
    from_books: FromBooks | None = None


@dataclass(frozen=True, slots=True)
class Symptom:
    """A symptom and its questions. `category` decides where a ticket starts."""

    name: str
    title: Title
    category: str
    start: str
    questions: Mapping[str, Question]


@dataclass(frozen=True, slots=True)
class Script:
    """The whole file, known by `version`: the first 12 hex digits of its text's SHA-256."""

    version: str
    symptoms: Mapping[str, Symptom]

    def symptom(self, name: str) -> Symptom:
        """Raises UnknownSymptom, listing the known ones."""
        if name not in self.symptoms:
            raise UnknownSymptom(symptom=name, known=list(self.symptoms))
        return self.symptoms[name]

    def continued(self, name: str, category: str) -> Symptom:
        """The symptom of a report that was taken earlier. One that the script has no more has no questions: the report
        is dispatched by the category that it has."""
        return self.symptoms.get(name) or Symptom(name, Title(name, name), category, "ticket", {})


def answers_in_words(symptom: Symptom | None, given: Iterable[Sequence[str]]) -> list[tuple[Title, Title]]:
    """Questions and answers by their titles; by their names where the symptom has no such question or answer."""
    told = []
    for question, answer in given:
        asked = symptom.questions.get(question) if symptom else None
        chosen = asked.answers.get(answer) if asked else None
        told.append(
            (asked.ask if asked else Title(question, question), chosen.title if chosen else Title(answer, answer))
        )
    return told


class DialogueStep(NamedTuple):
    """One step of a dialogue; `said` is what the customer was told upon the answer."""

    question: Question
    answer: Answer
    said: Title | None


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a dialogue: it has either a `next` question or an `outcome`."""

    asked: tuple[DialogueStep, ...]
    next: Question | None
    outcome: Outcome | None
    category: str


def follow(symptom: Symptom, answers: Sequence[tuple[str, str]]) -> Progress:
    """Walk the script by (question, answer) names in the order given.

    Raises BadAnswer when a pair isn't an answer to the question that is then open, or when none is open any more.
    """
    asked: list[DialogueStep] = []
    here, category = symptom.start, symptom.category
    for question_name, answer_name in answers:
        question = symptom.questions.get(here)
        if question is None or question_name != question.name or answer_name not in question.answers:
            raise _bad_answer(symptom, here, f"{question_name}={answer_name}")
        answer = question.answers[answer_name]
        asked.append(DialogueStep(question, answer, answer.say))
        here, category = answer.next, answer.category or category
    if _is_outcome(here):
        return Progress(tuple(asked), None, here, category)
    return Progress(tuple(asked), symptom.questions[here], None, category)


def _is_outcome(name: str) -> TypeGuard[Outcome]:
    return name in OUTCOMES


def _bad_answer(symptom: Symptom, here: str, given: str) -> BadAnswer:
    question = symptom.questions.get(here)
    if question is None:
        return BadAnswer(
            symptom=symptom.name,
            asked=Wording(f"没有了（已结束：{here}）", f"nothing more (it ended: {here})"),
            given=given,
            allowed=Wording("无", "no answer"),
        )
    allowed = [f"{question.name}={name}" for name in question.answers]
    return BadAnswer(symptom=symptom.name, asked=question.name, given=given, allowed=allowed)
