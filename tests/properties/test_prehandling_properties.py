"""Whatever is answered, and whatever script is accepted, a dialogue ends, at the latest with its last question."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.errors import BadRules
from dispatch.routing.prehandling import OUTCOMES, Progress, Symptom, follow
from dispatch.routing.prehandling_file import load, parse

CATEGORIES = ("network", "system")
SHIPPED = load(Path(__file__).parents[2] / "prehandling.yaml", CATEGORIES)
NAMES = ("q0", "q1", "q2", "q3")

targets = st.sampled_from((*NAMES, "solved", "ticket"))
onward_graphs = st.tuples(
    *(st.lists(st.sampled_from((*NAMES[i + 1 :], *OUTCOMES)), min_size=1, max_size=3) for i in range(len(NAMES)))
)
any_graphs = st.lists(st.lists(targets, max_size=3), min_size=1, max_size=4)


def a_script(graph: Sequence[list[str]]) -> str:
    """Return the text of a script whose question `qN` has an answer for each name in `graph[N]`."""
    title = "{zh: 问, en: ask}"
    lines = ["version: 1", "symptoms:", "  slow:", f"    title: {title}", "    category: network", "    start: q0"]
    lines.append("    questions:")
    for name, answers in zip(NAMES, graph, strict=False):
        shown = ", ".join(f"a{i}: {{title: {title}, next: {target}}}" for i, target in enumerate(answers))
        lines.append(f"      {name}: {{ask: {title}, answers: {{{shown}}}}}")
    return "\n".join(lines)


def walked(symptom: Symptom, draw: st.DataObject) -> Progress:
    """Walk at random to an end; fails after more answers than questions."""
    answers: list[tuple[str, str]] = []
    for _ in symptom.questions:
        question = follow(symptom, answers).next
        if question is None:
            break
        answers.append((question.name, draw.draw(st.sampled_from(sorted(question.answers)))))
    progress = follow(symptom, answers)
    assert [(step.question.name, step.answer.name) for step in progress.asked] == answers
    return progress


def ends(symptom: Symptom, answers: list[tuple[str, str]]) -> list[Progress]:
    """Return every end that the script can reach from here."""
    progress = follow(symptom, answers)
    if progress.next is None:
        return [progress]
    return [end for name in progress.next.answers for end in ends(symptom, [*answers, (progress.next.name, name)])]


def test_every_walk_through_the_shipped_script_ends_within_six_questions() -> None:
    for symptom in SHIPPED.symptoms.values():
        for end in ends(symptom, []):
            assert end.outcome in OUTCOMES
            assert end.category in CATEGORIES
            assert 1 <= len(end.asked) <= min(6, len(symptom.questions))


def let_in(graph: Sequence[list[str]]) -> tuple[Symptom | None, tuple[str, ...]]:
    """Return the one symptom of the graph's script, or the faults for which it is refused."""
    try:
        return parse(a_script(graph), "p.yaml", CATEGORIES).symptom("slow"), ()
    except BadRules as refused:
        return None, refused.lines


@settings(max_examples=60)
@given(graph=any_graphs, draw=st.data())
def test_every_accepted_script_ends_within_the_number_of_its_questions(
    graph: list[list[str]], draw: st.DataObject
) -> None:
    symptom, faults = let_in(graph)
    assert (symptom is None) == bool(faults)
    if symptom is not None:
        assert walked(symptom, draw).outcome in OUTCOMES


@settings(max_examples=60)
@given(graph=onward_graphs, draw=st.data())
def test_a_script_without_circles_is_refused_only_for_unreached_questions(
    graph: tuple[list[str], ...], draw: st.DataObject
) -> None:
    symptom, faults = let_in(graph)
    assert all("no way leads to question" in fault for fault in faults)
    if symptom is not None:
        assert walked(symptom, draw).outcome in OUTCOMES
