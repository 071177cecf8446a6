"""Teams, their findings and their boards, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from dispatch.domain.ticket import HopState
from dispatch.web.api.schemas import (
    ResponseBody,
    TitleBody,
)

OnBoardState = Literal["waiting", "claimed", "held"]


class EvidenceBody(ResponseBody):
    """One piece of evidence that a report's form asks for."""

    name: str
    """Name by which requests and the rules know it."""
    title: TitleBody
    """Name for people."""
    kind: str
    """Kind of value: text, choice, number, yes-no, new-device or old-device."""
    optional: bool
    """True when a report may leave it out."""
    choices: dict[str, TitleBody]
    """Choices by name; empty unless the kind is choice."""
    unit: str
    """Unit of a number; empty without one."""
    least: float | None
    """Smallest allowed number; null: no bound."""
    most: float | None
    """Largest allowed number; null: no bound."""
    devices: list[str]
    """Kinds of device that it may be; empty: any, or it is no device."""


class FindingLead(ResponseBody):
    """A team to which a finding leads on certain conditions. The first lead whose conditions hold counts."""

    to: str
    """Team, `sender` or `end`."""
    when: list[str]
    """Conditions, all of which must hold; empty for the default."""


class RequirementBody(ResponseBody):
    """Something that a finding requires before a report of it is taken."""

    name: str
    """Evidence, or circumstance that the system knows by itself."""
    said: TitleBody
    """Requirement in words."""
    when: list[TitleBody]
    """Cases, all of which must hold for it to be required; empty: always."""
    do: TitleBody
    """Remedy where it isn't met."""


class FindingBody(ResponseBody):
    """A finding that the team may report."""

    name: str
    """Name by which requests and the rules know it."""
    title: TitleBody
    """Name for people."""
    evidence: list[EvidenceBody]
    """Evidence that the finding needs."""
    requires: list[RequirementBody]
    """Requirements for the evidence and for the circumstances."""
    leads: list[FindingLead]
    """Teams to which it leads, in the order of the rules."""


class LoadBody(ResponseBody):
    """A team's live hops, counted by state."""

    due: int
    """Hops that the team's worker still has to process."""
    waiting: int
    """Hops on the board that nobody has claimed."""
    claimed: int
    """Hops in somebody's hands."""
    held: int
    """Hops on hold."""
    quarantined: int
    """Hops in quarantine."""
    late: int
    """Hops that have exceeded their service level."""
    oldest: datetime | None
    """Time at which the oldest hop came onto the board; null when the board is empty."""
    crew: int
    """People who are proposed for the team's work."""


class TeamBody(ResponseBody):
    """A team, as the rules in force define it."""

    name: str
    """Name by which requests and the rules know it."""
    title: TitleBody
    """Name for people."""
    automatic: bool
    """True when a worker alone serves the team, without a board."""
    members: list[str]
    """Roles that claim and report."""
    filed_by: list[str]
    """Roles that may report on a member's behalf."""
    passes_on_to: list[str]
    """Teams to which the team may pass work on."""
    respond_within: float | None
    """Seconds within which a hop must be claimed; null for an automatic team."""
    finish_within: float | None
    """Seconds within which a hop must be finished; null for an automatic team."""
    load: LoadBody | None
    """The team's load; null for a caller who neither works in the team nor watches over it."""


class TeamDetails(TeamBody):
    """A team, with what it may report."""

    findings: dict[str, list[FindingBody]]
    """Findings by flow."""


class Teams(ResponseBody):
    """Every team of the rules in force."""

    items: list[TeamBody]
    """Teams in the order of the rules."""


class BoardHop(ResponseBody):
    """A hop on a board."""

    hop: str
    """Hop number, such as F00000042-3."""
    ticket: str
    """Ticket number, such as F00000042."""
    state: HopState
    """State of the hop."""
    account: str | None
    """Broadband account; null when it is not the caller's to see."""
    address: str | None
    """Standard address of the line; null where it is not known or not the caller's to see."""
    mobile: str | None
    """Mobile number of the account; null when it is not the caller's to see."""
    description: str | None
    """The customer's own words; null when the caller may not see them."""
    area: str
    """Service area 片区."""
    symptom: str
    """Symptom, by its name in the pre-handling script."""
    priority: int
    """Priority, 1 (most urgent) to 4."""
    urged: int
    """Number of times that the customer has urged."""
    reopened: int
    """Number of times that the ticket came back after its archive."""
    hops: int
    """Visits to people so far."""
    asked_by: str | None
    """Team that asked for this visit; null when none did."""
    assignee: str | None
    """Person whom the team's worker proposes; null when it proposes none."""
    holder: str | None
    """Person who has the hop in hand; null when nobody has."""
    left: bool
    """True when the holder is disabled or lost the role: a colleague may claim the hop."""
    found: dict[str, Any] | None
    """Results that the worker found by itself, such as a line test; null without any."""
    retest_at: datetime | None
    """Time at which its line is tested again, because the test was not possible; null: it isn't."""
    late: bool
    """True when the hop has exceeded its service level."""
    boarded_at: datetime | None
    """Time at which it came onto the board; null only for a hop that hasn't, which no board shows."""
    claimed_at: datetime | None
    """Time of the claim; null while nobody has it."""
    wake_at: datetime | None
    """Time at which the system acts on it next: it becomes overdue, or its hold ends; null: never."""
    may: list[str]
    """Operations that the caller may do with it now, by name."""
