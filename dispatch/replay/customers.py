"""The customers of a replay: their accounts, their fault reports and their answers to the survey. Pure."""

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
    """All customers of a run. `categories` are those that a plan may ask for.

    The customers are the holders of `lines`, numbers of accounts in service; without `lines` each incident gets a new
    customer.
    """

    def __init__(self, script: Script, categories: Iterable[str], lines: Sequence[str] = ()) -> None:
        self._said = {category: _to_a_ticket(script, category) for category in categories}
        self._lines = lines

    def account(self, case: LoggedCase) -> str:
        """Return the account number of the customer who reports this case."""
        if self._lines:
            return self._lines[zlib.crc32(case.number.encode()) % len(self._lines)]
        return f"R{case.number}"

    def strangers(self, cases: Iterable[LoggedCase]) -> list[tuple[str, str, str]]:
        """Return (number, area, mobile) of the new customers, who must be entered before they report these cases."""
        if self._lines:
            return []
        areas = ((case, zlib.crc32(case.number.encode()) % AREAS) for case in cases)
        return [(self.account(case), f"area-{area}", _mobile(case.number)) for case, area in areas]

    def report(self, case: LoggedCase, plan: CasePlan, key: str) -> FaultReport:
        """Return the report that begins the case and leads to a ticket of the plan's category."""
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
        """Return the customer's planned answer to the survey after so many reopenings."""
        return (plan.rounds[reopened].answer if reopened < len(plan.rounds) else None) or SATISFIED


def read_survey_message(message: str) -> tuple[str, int] | None:
    """Read (token, ticket id) from a survey's short message; None when the message is something else."""
    found = _LINK.search(message)
    return (found[2], int(found[1])) if found else None


def _to_a_ticket(script: Script, category: str) -> tuple[str, Answers]:
    """Find the symptom with the fewest answers that lead to a ticket of this category; otherwise to any ticket."""
    ways = [(symptom.name, way) for symptom in script.symptoms.values() for way in _ways_to_a_ticket(symptom)]
    fitting = [way for way in ways if follow(script.symptom(way[0]), way[1]).category == category]
    return min(fitting or ways, key=lambda way: len(way[1]))


def _ways_to_a_ticket(symptom: Symptom) -> Iterator[Answers]:
    """Yield every sequence of answers that ends in a ticket, the shortest first. A script has no loops."""
    todo: list[Answers] = [()]
    for answers in todo:
        progress = follow(symptom, answers)
        if progress.outcome == "ticket":
            yield answers
        if progress.next is not None:
            todo += [(*answers, (progress.next.name, answer)) for answer in progress.next.answers]


def _mobile(number: str) -> str:
    """Make up a mobile number of the right form."""
    return f"199{int(re.sub(r'[^0-9]', '', number) or 0) % 10**8:08d}"
