"""The customers of a replay: who reports a logged case, in which words, and what they answer when asked. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence

from dispatch.replay.case_state import SATISFIED
from dispatch.replay.log import LoggedCase
from dispatch.replay.plan import CasePlan
from dispatch.routing.prehandling import Script, Symptom, follow
from dispatch.tickets.intake import Answers, FaultReport

AREAS = 10

_LINK = re.compile(r"F0*(\d+)\D.*/([\w-]+)$")


class Customers:
    """Everybody who calls, by one script; `categories` are those that a plan may ask for.

    They are the holders of `lines`, accounts that are in service; without any, one new customer for each incident.
    """

    def __init__(self, script: Script, categories: Iterable[str], lines: Sequence[str] = ()) -> None:
        self._said = {category: _to_a_ticket(script, category) for category in categories}
        self._lines = lines

    def account(self, case: LoggedCase) -> str:
        """The number of the one who reports this case."""
        if self._lines:
            return self._lines[zlib.crc32(case.number.encode()) % len(self._lines)]
        return f"R{case.number}"

    def strangers(self, cases: Iterable[LoggedCase]) -> list[tuple[str, str, str]]:
        """(number, area, mobile) of the customers that must be entered before they can report these cases."""
        if self._lines:
            return []
        areas = ((case, zlib.crc32(case.number.encode()) % AREAS) for case in cases)
        return [(self.account(case), f"area-{area}", _mobile(case.number)) for case, area in areas]

    def report(self, case: LoggedCase, plan: CasePlan, key: str) -> FaultReport:
        """The call with which the case begins; it ends in a ticket of the plan's category."""
        symptom, answers = self._said[plan.category]
        return FaultReport(
            account=self.account(case),
            symptom=symptom,
            description=f"重放 replayed incident {case.number}",
            priority=plan.priority,
            answers=answers,
            category=plan.category,
            request_key=key,
            despite_duplicate=True,  # one customer may have two faults in a log
        )

    def answer(self, plan: CasePlan, reopened: int) -> str:
        """What the plan has the customer answer to the survey after so many reopenings."""
        return (plan.rounds[reopened].answer if reopened < len(plan.rounds) else None) or SATISFIED


def asked(message: str) -> tuple[str, int] | None:
    """(token, ticket id) of the survey that a short message asks for; None where it is no such message."""
    found = _LINK.search(message)
    return (found[2], int(found[1])) if found else None


def _to_a_ticket(script: Script, category: str) -> tuple[str, Answers]:
    """A symptom, and the shortest way through its questions to a ticket of this category; or to any ticket at all."""
    ways = [(symptom.name, way) for symptom in script.symptoms.values() for way in _ways_to_a_ticket(symptom)]
    fitting = [way for way in ways if follow(script.symptom(way[0]), way[1]).category == category]
    return min(fitting or ways, key=lambda way: len(way[1]))


def _ways_to_a_ticket(symptom: Symptom) -> Iterator[Answers]:
    """Every way, the shortest first. A script has no loops."""
    todo: list[Answers] = [()]
    for answers in todo:
        progress = follow(symptom, answers)
        if progress.outcome == "ticket":
            yield answers
        if progress.next is not None:
            todo += [(*answers, (progress.next.name, answer)) for answer in progress.next.answers]


def _mobile(number: str) -> str:
    """A number of the right form that belongs to nobody we know of."""
    return f"199{int(re.sub(r'[^0-9]', '', number) or 0) % 10**8:08d}"
