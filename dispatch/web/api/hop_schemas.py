"""Requests about hops, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field as Of

from dispatch.domain.finding import Value
from dispatch.web.api.schemas import HOP_PATTERN, LARGEST_BATCH, RequestBody, ResponseBody, Text, TitleBody, Word
from dispatch.web.api.ticket_schemas import Hop
from dispatch.web.problems import Problem

_HopText = Annotated[str, Of(pattern=HOP_PATTERN, description="Hop number, such as F00000042-3.")]


_Evidence = Annotated[dict[str, Value], Of(max_length=50)]


class ClaimRequest(RequestBody):
    """Request to claim a hop."""

    on_behalf_of: Word | None = None
    """User who will hold the hop; absent: the caller."""


class ReportRequest(RequestBody):
    """A finding, with the evidence that it needs."""

    finding: Word
    """Finding, by its name in the rules."""
    evidence: _Evidence = Of(default_factory=dict)
    """Evidence by name, as the finding asks for it."""
    on_behalf_of: Word | None = None
    """Holder for whom the caller files the report."""


class OverrideRequest(RequestBody):
    """A finding that the holder would report, and the reason to take it although its evidence isn't as required."""

    finding: Word
    """Finding, by its name in the rules."""
    evidence: _Evidence = Of(default_factory=dict)
    """Evidence by name, as the finding asks for it."""
    override: Text
    """Reason, of ten characters or more; it stands in the history and in the archive."""


class PassOnRequest(RequestBody):
    """Request to pass a hop on."""

    to: Word
    """Team that gets the work, by its name in the rules."""
    reason: Text
    """Reason why the work goes on to that team."""
    on_behalf_of: Word | None = None
    """Holder for whom the caller passes the hop on."""


class HandBackRequest(RequestBody):
    """Request to hand a hop back."""

    reason: Text
    """Reason why the work goes back."""
    on_behalf_of: Word | None = None
    """Holder for whom the caller hands the hop back."""


class GiveBackRequest(RequestBody):
    """Request to give a claim back."""

    reason: Text | None = None
    """Reason why somebody else is to claim it."""
    on_behalf_of: Word | None = None
    """Holder for whom the caller gives the claim back."""


class HoldRequest(RequestBody):
    """Request to put a hop on hold."""

    until: Annotated[datetime, Of(strict=False, description="End of the hold, with its time zone.")]
    reason: Text
    """Reason why the work has to wait."""


class NamedClaim(ClaimRequest):
    """One claim of many."""

    hop: _HopText


class NamedReport(ReportRequest):
    """One report of many."""

    hop: _HopText


class ClaimsRequest(RequestBody):
    """Many claims at once."""

    claims: Annotated[list[NamedClaim], Of(min_length=1, max_length=LARGEST_BATCH)]
    """Claims; each is accepted or refused by itself."""


class ReportsRequest(RequestBody):
    """Many reports at once."""

    reports: Annotated[list[NamedReport], Of(min_length=1, max_length=LARGEST_BATCH)]
    """Reports; each is accepted or refused by itself."""


class RequirementHere(ResponseBody):
    """Something that a finding requires of a report on this hop."""

    name: str
    """Evidence, or circumstance that the system knows by itself."""
    said: TitleBody
    """Requirement in words."""
    when: TitleBody | None
    """Case in which it is required; null: always."""
    met: bool | None
    """True when the circumstance is as required now; null: that shows when the report is sent."""
    now: TitleBody | None
    """Present state of the circumstance; null where it isn't known."""


class HopView(ResponseBody):
    """A hop, and the operations that the caller may do with it now."""

    hop: Hop
    """The hop."""
    may: list[str]
    """Operations that the caller may do with it now, by name."""
    requires: dict[str, list[RequirementHere]]
    """Requirements for a report here, by finding; empty for a caller who can't report now."""


class HopChange(ResponseBody):
    """The hop after the act, and the hop that follows it."""

    hop: Hop
    """The hop as it is now."""
    next: Hop | None
    """Hop that follows; null while the ticket has not gone on."""


class RefusedHop(ResponseBody):
    """One act of many that was refused."""

    hop: str
    """Hop number as the request wrote it."""
    problem: Problem
    """Reason for the refusal."""


class BatchOutcome(ResponseBody):
    """The accepted and the refused acts of many. The accepted ones are committed although others were refused."""

    done: list[str]
    """Numbers of the hops whose act was accepted."""
    refused: list[RefusedHop]
    """Refused acts, each with its reason."""
