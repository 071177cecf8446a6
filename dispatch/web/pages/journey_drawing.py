"""工单轨迹图: a ticket's journey on the drawing of its flow, and in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.domain.ticket import HOP_ENDS, TICKET_ENDS, TicketState
from dispatch.reports.lists import Journey
from dispatch.routing import drawing
from dispatch.routing.graph import ANYWHERE, START, Arrow, ArrowKind, JourneyStep, arrows, arrows_taken, boxes
from dispatch.routing.painting import Marks
from dispatch.routing.rulebook import END, Rulebook
from dispatch.routing.wording import Words
from dispatch.storage.rows import HopRow
from dispatch.web.pages import labels
from dispatch.web.pages.rendering import Translator


def draw(rulebook: Rulebook, journey: Journey, number: str, speak: Translator) -> str:
    """The journey as SVG, for a page."""
    flow = journey.ticket.kind
    drawn = {box.name for box in boxes(rulebook, flow)}
    steps = [step for step in journey_steps(journey) if {step.source, step.target} <= drawn]
    taken = arrows_taken(rulebook, arrows(rulebook, flow), steps)
    marks = Marks(
        speak(f"工单 {number} 的流转", f"The journey of ticket {number}"),
        journey_sentence(rulebook, journey, speak),
        _visits(steps, taken),
        tuple(taken),
        _here(journey),
    )
    return drawing.svg(rulebook, flow, marks, speak.language)


def journey_steps(journey: Journey) -> list[JourneyStep]:
    """The visits, and the last step to the end."""
    steps = [JourneyStep(hop.seq, hop.facts["team"] or START, hop.team, hop.rule) for hop in journey.hops]
    if steps and _has_ended(journey) and journey.ticket.state != TicketState.WITHDRAWN:
        steps.append(JourneyStep(len(steps) + 1, steps[-1].target, END))
    return steps


def journey_sentence(rulebook: Rulebook, journey: Journey, speak: Translator) -> str:
    """The journey in a sentence: `1 网管监控，2 装维；现在：装维，待接单`."""
    words = Words(rulebook)
    way = speak("，", ", ").join(f"{hop.seq} {speak(words.team(hop.team))}" for hop in journey.hops)
    state = speak(labels.ticket_state(journey.ticket.state))
    live = _live(journey.hops)
    if live is not None:
        state = f"{speak(words.team(live.team))}{speak('，', ', ')}{speak(labels.hop_state(live.state))}"
    now = speak(f"现在：{state}", f"now: {state}")
    return f"{way}{speak('；', '; ')}{now}" if way else now


def _visits(steps: Sequence[JourneyStep], taken: dict[Arrow, list[int]]) -> dict[str, list[int]]:
    visits: dict[str, list[int]] = {START: []}
    for step in steps:
        visits.setdefault(step.source, [])
        visits.setdefault(step.target, [])
        if step.target != END:
            visits[step.target].append(step.number)
    if any(arrow.kind == ArrowKind.LIMIT for arrow in taken):
        visits[ANYWHERE] = []
    return visits


def _here(journey: Journey) -> str | None:
    """The box where the ticket is now; None for a withdrawn ticket."""
    live = _live(journey.hops)
    if live is not None:
        return live.team
    if not journey.hops:
        return START
    return None if journey.ticket.state == TicketState.WITHDRAWN else END


def _live(hops: Sequence[HopRow]) -> HopRow | None:
    return next((hop for hop in hops if hop.state not in HOP_ENDS), None)


def _has_ended(journey: Journey) -> bool:
    return journey.ticket.state in TICKET_ENDS
