"""`prehandling.yaml` → Script, strictly: all faults at once, each `FILE:LINE:COLUMN: message`.

An accepted script ends: every answer leads on and there is no cycle, so no dialogue is longer than the list of
questions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from dispatch.domain.book_data import DATA
from dispatch.domain.title import Title, Wording
from dispatch.routing.checks import CATEGORY, unknown
from dispatch.routing.faults import Fault, read_text
from dispatch.routing.prehandling import OUTCOMES, Answer, FromBooks, Question, Script, Symptom
from dispatch.routing.schema import Name, Strict, TitleModel
from dispatch.routing.strict_file import block, model_of, version_of
from dispatch.routing.strict_yaml import Path, YamlDocument

QUESTION, ANSWER = Wording("问题", "question"), Wording("答案", "answer")
DATUM, VALUE = Wording("系统数据", "datum of the books"), Wording("数据值", "value")

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=160)]
Speech = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Edge = tuple[str, str, str]  # a question, one of its answers, and what comes next


class SentenceModel(Strict):
    """A question or an answer, Chinese first."""

    zh: Sentence
    en: Sentence


class SpeechModel(Strict):
    """A sentence that the customer is told, short enough to be said in one breath or two."""

    zh: Speech
    en: Speech


class AnswerModel(Strict):
    title: SentenceModel
    say: SpeechModel | None = None
    next: Name
    category: Name | None = None


class QuestionModel(Strict):
    ask: SentenceModel
    from_books: dict[Name, dict[Name, Name]] | None = None
    answers: dict[Name, AnswerModel]


class SymptomModel(Strict):
    title: TitleModel
    category: Name
    start: Name
    questions: dict[Name, QuestionModel]


class PrehandlingFile(Strict):
    """prehandling.yaml — the questions asked before a ticket is made, by symptom."""

    version: Literal[1]
    symptoms: dict[Name, SymptomModel]


def load(file: FilePath, categories: Collection[str]) -> Script:
    """The file as a Script; its categories must be among `categories`. Raises BadRules, also when it can't be read."""
    return parse(read_text(file), str(file), categories)


def parse(text: str, name: str, categories: Collection[str]) -> Script:
    """`text` as a Script; `name` stands before each fault. Raises BadRules."""
    model = model_of(text, name, PrehandlingFile, lambda document: _meaning(document, categories))
    return _script(model, text)


# -- faults of meaning ------------------------------------------------------------------------------


def _meaning(document: YamlDocument, categories: Collection[str]) -> Iterator[Fault]:
    symptoms = block(document.data, "symptoms")
    if "symptoms" in block(document.data) and not symptoms:
        yield document.fault(("symptoms",), Wording("没有故障现象", "there are no symptoms"), at_key=True)
    for name, symptom in symptoms.items():
        path: Path = ("symptoms", name)
        yield from _category(document, path, symptom, categories)
        yield from _questions(document, path, block(symptom), categories)


def _questions(
    document: YamlDocument, path: Path, symptom: Mapping[str, Any], categories: Collection[str]
) -> Iterator[Fault]:
    questions = block(symptom, "questions")
    for name, question in questions.items():
        here = (*path, "questions", name)
        if name in OUTCOMES:
            yield document.fault(
                here,
                Wording(
                    f"“{name}”是预处理的结局，不能作问题", f"'{name}' is how a script ends and can't be a question"
                ),
                at_key=True,
            )
        if block(question).get("answers") == {}:
            yield document.fault(
                (*here, "answers"),
                Wording(f"问题“{name}”没有答案", f"question '{name}' has no answers"),
                at_key=True,
            )
        yield from _books(document, here, block(question))
        for answer, body in block(question, "answers").items():
            yield from _category(document, (*here, "answers", answer), body, categories)
    yield from _ways(document, path, symptom.get("start"), questions)


def _books(document: YamlDocument, here: Path, question: Mapping[str, Any]) -> Iterator[Fault]:
    """One datum that the books have, its values, and answers of this question."""
    if "from_books" not in question:
        return
    place: Path = (*here, "from_books")
    data = block(question, "from_books")
    if len(data) != 1:
        yield document.fault(place, Wording("应写一项系统数据", "one datum of the books stands here"), at_key=True)
    for datum, answers in data.items():
        if datum not in DATA:
            yield document.fault((*place, datum), unknown(DATUM, datum, DATA), at_key=True)
            continue
        for value, answer in block(answers).items():
            if value not in DATA[datum]:
                yield document.fault((*place, datum, value), unknown(VALUE, value, DATA[datum]), at_key=True)
            if isinstance(answer, str) and answer not in block(question, "answers"):
                yield document.fault((*place, datum, value), unknown(ANSWER, answer, block(question, "answers")))


def _category(document: YamlDocument, path: Path, body: object, categories: Collection[str]) -> Iterator[Fault]:
    category = block(body).get("category")
    if isinstance(category, str) and category not in categories:
        yield document.fault((*path, "category"), unknown(CATEGORY, category, categories))


def _ways(document: YamlDocument, path: Path, start: object, questions: Mapping[str, Any]) -> Iterator[Fault]:
    """Unknown names, unreachable questions, cycles."""
    edges = [
        (name, answer, body["next"])
        for name, question in questions.items()
        for answer, body in block(question, "answers").items()
        if isinstance(block(body).get("next"), str)
    ]
    if isinstance(start, str) and start not in questions:
        yield document.fault((*path, "start"), unknown(QUESTION, start, questions))
    for edge in edges:
        if edge[2] not in questions and edge[2] not in OUTCOMES:
            message = unknown(QUESTION, edge[2], [*questions, *OUTCOMES])
            yield document.fault(_place(path, edge), message)
    if isinstance(start, str) and start in questions:
        for name in _unreached(start, questions, edges):
            yield document.fault(
                (*path, "questions", name),
                Wording(f"没有路通到问题“{name}”", f"no way leads to question '{name}'"),
                at_key=True,
            )
    for edge, circle in _loops(questions, edges):
        way = " → ".join(circle)
        message = Wording(f"预处理会绕回来：{way}", f"the script comes round again: {way}")
        yield document.fault(_place(path, edge), message)


def _place(path: Path, edge: Edge) -> Path:
    return (*path, "questions", edge[0], "answers", edge[1], "next")


def _unreached(start: str, questions: Collection[str], edges: list[Edge]) -> list[str]:
    reached, todo = set[str](), {start}
    while todo:
        reached |= todo
        todo = {target for source, _, target in edges if source in todo} - reached
    return [name for name in questions if name not in reached]


def _loops(questions: Collection[str], edges: list[Edge]) -> Iterator[tuple[Edge, list[str]]]:
    """Every answer that closes a cycle, with the cycle; an iterative depth-first search."""
    out = {name: [edge for edge in edges if edge[0] == name] for name in questions}
    done: set[str] = set()
    for first in questions:
        way = [] if first in done else [(first, iter(out[first]))]
        while way:
            name, rest = way[-1]
            edge = next(rest, None)
            asked = [each for each, _ in way]
            if edge is None:
                done.add(name)
                way.pop()
            elif edge[2] in asked:
                yield edge, [*asked[asked.index(edge[2]) :], edge[2]]
            elif edge[2] in out and edge[2] not in done:
                way.append((edge[2], iter(out[edge[2]])))


# -- from models to the script ----------------------------------------------------------------------


def _script(file: PrehandlingFile, text: str) -> Script:
    symptoms = {name: _symptom(name, model) for name, model in file.symptoms.items()}
    return Script(version=version_of(text), symptoms=symptoms)


def _symptom(name: str, model: SymptomModel) -> Symptom:
    questions = {each: _question(each, question) for each, question in model.questions.items()}
    return Symptom(name, _title(model.title), model.category, model.start, questions)


def _question(name: str, model: QuestionModel) -> Question:
    answers = {each: _answer(each, answer) for each, answer in model.answers.items()}
    books = next((FromBooks(*each) for each in (model.from_books or {}).items()), None)
    return Question(name, _title(model.ask), answers, books)


def _answer(name: str, model: AnswerModel) -> Answer:
    say = _title(model.say) if model.say else None
    return Answer(name, _title(model.title), next=model.next, say=say, category=model.category)


def _title(model: TitleModel | SentenceModel | SpeechModel) -> Title:
    return Title(model.zh, model.en)
