"""佐证 Whether a report's evidence is as the rules require (`requires` in the rules file), and who may override that.

What the system knows by itself is read in the report's own transaction. Only the line test is made before it, by
`measure`: the system outside may be slow, and a transaction must not wait for it. Where no test was possible, a report
passes and is marked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from dispatch.domain.effect import lane_of
from dispatch.domain.finding import TESTED_AT, UNAVAILABLE, Finding, Value
from dispatch.domain.kind import Kind
from dispatch.domain.line_state import LineState, is_test, line_state, measured
from dispatch.domain.requirement import (
    ACCOUNT,
    CONFIRMED,
    EFFECTS,
    FAILED,
    FREE,
    FULL,
    LINE_TEST,
    NEWEST_TEST,
    NO_TEST,
    PASSED,
    PHOTOS,
    PORT,
    UNCONFIRMED,
    Circumstances,
    Requirement,
    Unmet,
    judge,
    stated,
)
from dispatch.domain.text import REASON, clean
from dispatch.domain.ticket import IN_HAND
from dispatch.domain.title import Wording
from dispatch.errors import BadEvidence, BadInput, EvidenceUnmet, UnknownFinding
from dispatch.ports.line_test import LineTester
from dispatch.routing.checks import OWN_FACTS
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.wording import Words
from dispatch.storage import account_moves, accounts, effects, hops, uploads
from dispatch.storage.database import Database, Tx
from dispatch.storage.rows import LockedHop
from dispatch.tickets import devices
from dispatch.tickets.devices import Fittings
from dispatch.tickets.next_hop import known_facts

log = structlog.get_logger()

LEAST_REASON = 10
"""Characters of the reason for which a supervisor overrides what is required."""

Measured = Mapping[str, Any]
"""A result of `ports.line_test`."""


class Reported(NamedTuple):
    """A hop, the finding reported on it, and what its line's test showed; None: no test was possible."""

    row: LockedHop
    finding: str
    line_test: Measured | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A report's evidence, taken. `unverified`: what could not be judged, or isn't, and passes with a mark.
    `overridden`: what isn't as required, and passes by a supervisor's override."""

    evidence: Mapping[str, Value]
    unverified: tuple[str, ...] = ()
    overridden: tuple[Unmet, ...] = ()


def read(rulebook: Rulebook, row: LockedHop, finding: str, given: Mapping[str, Value]) -> dict[str, Value]:
    """The evidence, if it has the form that the finding asks for. Raises UnknownFinding, BadEvidence."""
    good, faults = finding_of(rulebook, row, finding).read(given)
    if faults:
        raise BadEvidence(finding=finding, faults=faults)
    return good


def accept(
    rulebook: Rulebook,
    row: LockedHop,
    finding: str,
    given: Mapping[str, Value],
    circumstances: Circumstances,
    override: str | None,
    fittings: Fittings,
) -> Judged:
    """Judge a report. With `override`, a supervisor's reason, what isn't as required passes, except for devices.

    Raises UnknownFinding, BadEvidence, EvidenceUnmet; BadInput for an override of nothing, or one without a reason.
    """
    evidence = read(rulebook, row, finding, given)
    found = judge(rulebook.requirements(row.kind, row.team, finding), evidence, circumstances, known_facts(row))
    of_devices = fittings.unmet(row, finding_of(rulebook, row, finding), evidence)
    if override is not None:
        clean(override, REASON, LEAST_REASON)
        if of_devices:
            raise EvidenceUnmet(unmet=of_devices)
        if not found.unmet:
            raise BadInput(
                what=Wording(
                    "佐证均符合要求，无须特批：请由持单人回单", "nothing is to be overridden: the holder can report"
                )
            )
    elif unmet := (*found.unmet, *of_devices):
        raise EvidenceUnmet(unmet=unmet)
    marked = ("finding",) if finding_of(rulebook, row, finding).unverified else ()
    return Judged(evidence, (*found.unverified, *marked), found.unmet)


class Beforehand(NamedTuple):
    """A requirement as it is shown before a report. `when`: the cases in which it holds; None: always. `met`: whether
    the circumstance is as required now; None: that is seen at the report. `now`: how it is now; None: not known."""

    name: str
    said: Wording
    when: Wording | None
    met: bool | None
    now: Wording | None


def shown_beforehand(tx: Tx, words: Words, row: LockedHop) -> dict[str, list[Beforehand]]:
    """All that each finding of the hop's team requires here, by finding; findings that require nothing are left out."""
    known = known_facts(row)
    of = _all_required(words.rulebook, row)
    circumstances = look_around(tx, words.rulebook, row)
    told = {
        finding: [
            _told(words, each, circumstances)
            for each in asked
            if all(case.holds(known) for case in each.cases if case.fact in OWN_FACTS)
        ]
        + [
            Beforehand(name, said, None, None, None)
            for name, said in devices.stated(finding_of(words.rulebook, row, finding))
        ]
        for finding, asked in of.items()
    }
    return {finding: said for finding, said in told.items() if said}


def _devices_beforehand(finding: Finding) -> list[Beforehand]:
    return [Beforehand(name, said, None, None, None) for name, said in devices.stated(finding)]


def _told(words: Words, each: Requirement, circumstances: Circumstances) -> Beforehand:
    said = stated(each, circumstances.speed)
    cases = [words.case(case) for case in each.cases if case.fact not in OWN_FACTS]
    when = Wording("且".join(c.zh for c in cases), " and ".join(c.en for c in cases)) if cases else None
    value = circumstances.values.get(each.name)
    if each.evidence is not None or each.name == LINE_TEST or value in (None, NO_TEST):
        return Beforehand(each.name, said, when, None, None)
    now = each.shown(value)
    return Beforehand(
        each.name,
        said,
        when,
        each.met(value, circumstances.speed),
        circumstances.told.get(each.name, Wording(now.zh, now.en)),
    )


def look_around(tx: Tx, rulebook: Rulebook, row: LockedHop, line_test: Measured | None = None) -> Circumstances:
    """The circumstances of a hop on which nothing is reported yet: whatever any finding of its team may ask for."""
    names = {name for asked in _all_required(rulebook, row).values() for name in _looked_up(asked)}
    return _look(tx, [Reported(row, "", line_test)], {row.id: names})[row.id]


def look(tx: Tx, rulebook: Rulebook, reports: Sequence[Reported]) -> dict[int, Circumstances]:
    """The circumstances of these reports, by hop id. Only what some requirement asks for is read."""
    asked = {
        each.row.id: _looked_up(rulebook.requirements(each.row.kind, each.row.team, each.finding)) for each in reports
    }
    return _look(tx, reports, asked)


def _look(tx: Tx, reports: Sequence[Reported], asked: Mapping[int, Collection[str]]) -> dict[int, Circumstances]:
    """`asked`: the names of what to read, by hop id."""
    ids_of = defaultdict[str, set[int]](set)
    for report in reports:
        for name in asked[report.row.id]:
            ids_of[name].add(report.row.id)
    rows = {report.row.id: report.row for report in reports}

    def accounts_asked(*names: str) -> list[int]:
        return sorted({rows[id_].account_id for name in names for id_ in ids_of[name]})

    photos = uploads.counts_of_hops(tx, sorted(ids_of[PHOTOS])) if ids_of[PHOTOS] else {}
    states = accounts.states(tx, ids) if (ids := accounts_asked(ACCOUNT)) else {}
    open_effects = effects.keys_in_lanes(tx, [lane_of(id_) for id_ in ids]) if (ids := accounts_asked(EFFECTS)) else {}
    speeds = accounts.line_data(tx, ids) if (ids := accounts_asked(_SPEED)) else {}
    ports = accounts.full_ports(tx, ids) if (ids := accounts_asked(PORT)) else {}
    new_ports = account_moves.new_ports(tx, ids) if ids else {}
    tested = {rows[id_].ticket_id for name in (LINE_TEST, NEWEST_TEST) for id_ in ids_of[name]}
    notes = hops.notes(tx, sorted(tested)) if tested else {}
    found = {}
    for report in reports:
        row, values, told = report.row, dict[str, Value](), dict[str, Wording]()
        values[PHOTOS] = photos.get(row.id, 0)
        if row.account_id in states:
            values[ACCOUNT] = states[row.account_id][0]
        values[EFFECTS] = UNCONFIRMED if open_effects.get(lane_of(row.account_id)) else CONFIRMED
        values[PORT] = {True: FULL, False: FREE, None: NO_TEST}[ports.get(row.account_id)]
        if row.kind == Kind.MOVE and row.account_id in new_ports:
            values[PORT] = FULL if new_ports[row.account_id].full else FREE
        _note_tests(report, notes.get(row.ticket_id, ()), values, told)
        line = speeds.get(row.account_id)
        found[row.id] = Circumstances(values, told, None if line is None else line.speed)
    return found


def _note_tests(
    report: Reported, notes: Sequence[tuple[int, Mapping[str, Any]]], values: dict[str, Value], told: dict[str, Wording]
) -> None:
    """The line's tests: the one made for this report, or after the claim; and the newest of all."""
    row, mine = report.row, report.line_test
    newest: Mapping[str, Any] | None = mine
    for hop_id, found in notes:
        if mine is None and hop_id == row.id and _is_after_claim(row, found):
            mine = found
    if newest is None:
        tests = [found for _, found in notes if is_test(found) or found.get("line_test") == UNAVAILABLE]
        newest = tests[-1] if tests and is_test(tests[-1]) else None
    values[LINE_TEST] = NO_TEST if mine is None else PASSED if line_state(mine) is LineState.NORMAL else FAILED
    values[NEWEST_TEST] = NO_TEST if newest is None else line_state(newest).value
    for name, test in ((LINE_TEST, mine), (NEWEST_TEST, newest)):
        if test is not None:
            told[name] = measured(test)


def _is_after_claim(row: LockedHop, found: Mapping[str, Any]) -> bool:
    if not is_test(found) or TESTED_AT not in found or row.claimed_at is None:
        return False
    return datetime.fromisoformat(found[TESTED_AT]) >= row.claimed_at.replace(microsecond=0)


def measure(
    database: Database, rulebook: Rulebook, tester: LineTester, reports: Mapping[int, str]
) -> dict[int, Measured]:
    """Test the lines of the reports that ask for it; `reports` has the finding by hop id. Call it outside of a
    transaction. A line that couldn't be tested is missing."""
    with database.autocommit_read() as tx:
        rows = [row for row in hops.read(tx, sorted(reports)) if row.state in IN_HAND]
    wanted = defaultdict[str, list[LockedHop]](list)
    for row in rows:
        if asks_test(rulebook, row.kind, row.team, reports[row.id]):
            wanted[row.team].append(row)
    results = dict[int, Measured]()
    for team, lines in wanted.items():
        try:
            tested = tester.test([row.account for row in lines], mended_by=team)
        except OSError as away:
            log.warning("line test out of reach, reports pass with a mark", error=type(away).__name__, lines=len(lines))
            continue
        results |= {row.id: dict(tested[row.account]) for row in lines if row.account in tested}
    return results


def asks_photos(rulebook: Rulebook, row: LockedHop, finding: str, evidence: Mapping[str, Value]) -> bool:
    """Return whether the finding is taken with this evidence only with a photo."""
    facts = {**known_facts(row), **evidence}
    asked = rulebook.requirements(row.kind, row.team, finding)
    return any(each.name == PHOTOS and each.evidence is None and each.asked(facts) for each in asked)


def asks_test(rulebook: Rulebook, flow: str, team: str, finding: str) -> bool:
    """Return whether the finding is taken only with a passed test of the line."""
    return any(each.name == LINE_TEST and each.evidence is None for each in rulebook.requirements(flow, team, finding))


_SPEED = "speed of the plan"


def _looked_up(asked: Sequence[Requirement]) -> set[str]:
    """What must be looked up to judge by these requirements."""
    named = {each.name for each in asked if each.evidence is None}
    return named | {_SPEED for each in asked if each.share}


def finding_of(rulebook: Rulebook, row: LockedHop, name: str) -> Finding:
    """The finding of this name, if the hop's team may report it. Raises UnknownFinding."""
    allowed = {finding.name: finding for finding in _findings(rulebook, row)}
    if name not in allowed:
        raise UnknownFinding(team=row.team, finding=name, allowed=list(allowed))
    return allowed[name]


def _all_required(rulebook: Rulebook, row: LockedHop) -> dict[str, tuple[Requirement, ...]]:
    return {each.name: rulebook.requirements(row.kind, row.team, each.name) for each in _findings(rulebook, row)}


def _findings(rulebook: Rulebook, row: LockedHop) -> Sequence[Finding]:
    return rulebook.findings_of(row.kind, row.team)
