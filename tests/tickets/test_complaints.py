"""投诉: complaints are taken, answered within their times, and go a level up when the answer isn't accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from dispatch.domain.complaint import Agreement, ComplaintKind, ComplaintSource, ComplaintTerms
from dispatch.domain.roles import Actor, Role
from dispatch.domain.ticket import TicketState
from dispatch.errors import (
    BadEvidence,
    BadInput,
    ComplaintsNotTaken,
    DuplicateComplaint,
    IllegalMove,
    NotAllowed,
    NotFound,
    UnknownAccount,
)
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import complaints as stored
from dispatch.storage import tickets
from dispatch.storage.complaint_rows import ComplaintRow
from dispatch.storage.database import Database
from dispatch.storage.rows import TicketRow
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables import tickets as t
from dispatch.tickets import complaints, followup, handling
from dispatch.tickets.complaints import AcceptedComplaint, NewComplaint
from dispatch.tickets.handling import Report
from tests import factories as f
from tests.factories import NOW

OTHER_SUPERVISOR = Actor("shen", Role.SUPERVISOR)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Stage:
    """A household that complains, and who deals with it."""

    def __init__(self, database: Database, rulebook: Rulebook) -> None:
        self.database, self.rulebook, self.terms = database, rulebook, f.complaint_terms()
        f.account(database)

    def take(self, kind: str = "attitude", actor: Actor = f.AGENT_10086, **asked: Any) -> AcceptedComplaint:
        new = NewComplaint(asked.pop("account", "GZ1"), kind, asked.pop("text", "装维师傅说话难听"), **asked)
        with self.database.write() as tx:
            return complaints.take(tx, self.rulebook, self.terms, new, actor, NOW)

    def report(self, ticket: int, actor: Actor, finding: str, **evidence: Any) -> Any:
        return f.reported(self.database, self.rulebook, ticket, actor, finding, **evidence)

    def reply(self, ticket: int, accepted: str, actor: Actor = f.SUPERVISOR) -> Any:
        return self.report(ticket, actor, "replied", reply="已向您致歉并安排再次培训", accepted=accepted)

    def row(self, ticket: int) -> TicketRow:
        with self.database.read() as tx:
            return tickets.get(tx, ticket)

    def complaint(self, ticket: int) -> ComplaintRow:
        with self.database.read() as tx:
            found = stored.of_ticket(tx, ticket)
        assert found is not None
        return found

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        with self.database.read() as tx:
            return [(row.event, row.facts) for row in tx.execute(select(b.message).order_by(b.message.c.id))]

    def contact(self, ticket: int, *, reached: bool, actor: Actor = f.SUPERVISOR) -> None:
        with self.database.write() as tx:
            complaints.contact(tx, ticket, reached=reached, note="已致电", actor=actor, now=NOW + HOUR)


@pytest.fixture
def stage(rulebook: Rulebook) -> Iterator[Stage]:
    made = Stage(f.in_memory(rulebook), rulebook)
    yield made
    made.database.dispose()


@pytest.mark.parametrize(
    ("kind", "source", "contact", "reply"),
    [
        ("attitude", "customer", 2 * HOUR, 3 * DAY),
        ("missed-visit", "customer", 2 * HOUR, 3 * DAY),
        ("real-name", "customer", 4 * HOUR, 3 * DAY),
        ("privacy", "customer", 4 * HOUR, 3 * DAY),
        ("quality", "customer", 4 * HOUR, 5 * DAY),
        ("charges", "customer", 24 * HOUR, 5 * DAY),
        ("marketing", "customer", 24 * HOUR, 5 * DAY),
        ("marketing", "12345", 2 * HOUR, 3 * DAY),
        ("quality", "regulator", 2 * HOUR, 3 * DAY),
    ],
)
def test_a_complaint_has_the_times_of_its_kind_or_its_source_whichever_is_sooner(
    kind: str, source: str, contact: timedelta, reply: timedelta
) -> None:
    terms: ComplaintTerms = f.complaint_terms()
    assert terms.limits(ComplaintKind(kind), ComplaintSource(source)) == (contact, reply)


def test_a_complaint_is_a_ticket_of_its_own_with_a_supervisor(stage: Stage) -> None:
    taken = stage.take(source="12345", wish="赔礼道歉")
    assert taken.number.startswith("K")
    row, kept = stage.row(taken.ticket_id), stage.complaint(taken.ticket_id)
    assert (row.kind, row.symptom, row.description) == ("complaint", "attitude", "装维师傅说话难听")
    assert (kept.source, kept.wish, kept.contact_by, kept.reply_by) == (
        "12345",
        "赔礼道歉",
        NOW + 2 * HOUR,
        NOW + 3 * DAY,
    )
    live = f.live(stage.database, taken.ticket_id)
    assert live is not None
    assert live.team == "complaints"
    assert stage.told() == [("complaint", {"no": taken.number, "due": (NOW + 3 * DAY).isoformat()})]


def test_the_supervisor_asks_any_team_and_replies_and_the_complaint_ends(
    database: Database, in_force: Rulebook
) -> None:
    stage = Stage(database, in_force)
    ticket = stage.take().ticket_id
    for team in ("noc", "system-support", "installer", "transmission", "data-network", "construction"):
        following = stage.report(
            ticket, f.SUPERVISOR, "to-clarify", asked_team=team, question="当天由谁上门，说了什么？"
        )
        assert following.team == team
        following = stage.report(ticket, f.MEMBER[team], "clarified", explanation="当天未派人上门")
        assert following.team == "complaints"
    stage.reply(ticket, "yes")
    f.work(stage.database, stage.rulebook)
    row, kept = stage.row(ticket), stage.complaint(ticket)
    assert (row.state, row.outcome) == (TicketState.CLOSED, "replied")
    assert (kept.replied_at, kept.contacted_at, kept.agreement) == (NOW, NOW, Agreement.YES)
    event, facts = stage.told()[-1]
    assert (event, facts["text"]) == ("reply", "已向您致歉并安排再次培训")


def test_a_reply_that_is_not_accepted_goes_a_level_up_once_more_and_to_somebody_else(stage: Stage) -> None:
    ticket = stage.take().ticket_id
    assert stage.reply(ticket, "no").team == "complaint-review"
    with pytest.raises(NotAllowed, match="another supervisor"):
        stage.reply(ticket, "yes")
    stage.reply(ticket, "no", OTHER_SUPERVISOR)
    f.work(stage.database, stage.rulebook)
    kept = stage.complaint(ticket)
    assert (stage.row(ticket).state, kept.replies, kept.agreement) == (TicketState.CLOSED, 2, Agreement.NO)
    assert kept.replied_at == NOW


def test_who_took_a_handed_over_review_does_not_reply_to_it_twice(stage: Stage) -> None:
    ticket = stage.take().ticket_id
    stage.reply(ticket, "no")
    hop_id = f.claimed(stage.database, stage.rulebook, ticket, OTHER_SUPERVISOR)
    with stage.database.write() as tx:
        tx.execute(update(t.hop).where(t.hop.c.id == hop_id).values(holder=f.SUPERVISOR.name))
    asked = Report(hop_id, f.SUPERVISOR, "replied", {"reply": "已向您致歉并安排再次培训", "accepted": "yes"})
    with stage.database.write() as tx, pytest.raises(NotAllowed, match="another supervisor"):
        handling.end(tx, stage.rulebook, asked, NOW)


def test_a_customer_who_is_not_reached_gets_the_reply_as_a_message(stage: Stage) -> None:
    ticket = stage.take().ticket_id
    stage.reply(ticket, "unreached")
    f.work(stage.database, stage.rulebook)
    assert stage.row(ticket).state == TicketState.CLOSED
    assert stage.told()[-1][0] == "reply"


def test_a_reply_says_what_the_customer_was_told_and_what_they_say_to_it(stage: Stage) -> None:
    ticket = stage.take().ticket_id
    hop_id = f.claimed(stage.database, stage.rulebook, ticket, f.SUPERVISOR)
    for evidence in ({"reply": "已向您致歉并安排再次培训"}, {"accepted": "yes"}, {"reply": "好", "accepted": "maybe"}):
        with stage.database.write() as tx, pytest.raises(BadEvidence):
            handling.end(tx, stage.rulebook, Report(hop_id, f.SUPERVISOR, "replied", evidence), NOW)
    assert stage.complaint(ticket).replied_at is None


def test_the_first_call_that_reaches_the_customer_counts(stage: Stage) -> None:
    ticket = stage.take().ticket_id
    stage.contact(ticket, reached=False)
    assert stage.complaint(ticket).contacted_at is None
    stage.contact(ticket, reached=True, actor=f.CLERK)
    assert stage.complaint(ticket).contacted_at == NOW + HOUR
    acts = [(act.act, act.detail.get("reached")) for act in f.acts(stage.database, ticket)]
    assert acts == [("complain", None), ("contact", False), ("contact", True)]


def test_nobody_calls_about_a_complaint_that_has_ended(stage: Stage) -> None:
    ticket = stage.take().ticket_id
    with stage.database.write() as tx:
        followup.withdraw(tx, ticket, "客户撤诉", f.AGENT_10086, NOW)
    with pytest.raises(IllegalMove):
        stage.contact(ticket, reached=True)


def test_only_the_desk_takes_complaints(stage: Stage) -> None:
    for actor in (f.AGENT_10050, f.INSTALLER, f.NOC, f.SUPERVISOR):
        with pytest.raises(NotAllowed):
            stage.take(actor=actor)
    for actor in (f.CLERK, f.MANAGER, f.AGENT_10086):
        stage.take(actor=actor, again=True)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "weather"}, {"source": "newspaper"}, {"text": "  "}, {"about": "F00000999"}, {"about": "none"}],
    ids=str,
)
def test_bad_input_is_refused_and_nothing_is_kept(stage: Stage, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        stage.take(**wrong)
    with stage.database.read() as tx:
        assert stored.listed(tx, 9) == []


def test_a_complaint_names_a_ticket_of_the_same_account_only(stage: Stage) -> None:
    first = stage.take()
    assert stage.complaint(stage.take("quality", about=first.number).ticket_id).about == first.ticket_id
    f.account(stage.database, "GZ2")
    with pytest.raises(BadInput, match="none of this account's"):
        stage.take(account="GZ2", about=first.number)


def test_an_account_of_another_area_is_unknown(stage: Stage) -> None:
    elsewhere = Actor("he", Role.AGENT_10086, frozenset({"yuexiu"}))
    with pytest.raises(UnknownAccount):
        stage.take(actor=elsewhere)
    ticket = stage.take().ticket_id
    with pytest.raises(NotFound):
        stage.contact(ticket, reached=True, actor=elsewhere)


def test_a_second_complaint_of_the_same_kind_is_refused_while_the_first_is_open(stage: Stage) -> None:
    first = stage.take()
    with pytest.raises(DuplicateComplaint, match=first.number):
        stage.take()
    stage.take("charges")
    assert stage.take(again=True).ticket_id != first.ticket_id


def test_rules_without_the_flow_take_no_complaints(stage: Stage) -> None:
    flows = {name: flow for name, flow in stage.rulebook.flows.items() if name != "complaint"}
    stage.rulebook = replace(stage.rulebook, flows=flows)
    with pytest.raises(ComplaintsNotTaken):
        stage.take()


def test_the_list_begins_with_the_complaint_whose_reply_is_due_first(stage: Stage) -> None:
    slow, quick = stage.take("charges"), stage.take("attitude")
    ended = stage.take("quality")
    stage.reply(ended.ticket_id, "yes")
    f.work(stage.database, stage.rulebook)
    with stage.database.read() as tx:
        assert [row.ticket_id for row in stored.listed(tx, 9)] == [quick.ticket_id, slow.ticket_id]
        everything = [row.ticket_id for row in stored.listed(tx, 9, unfinished=False)]
        assert everything == [ended.ticket_id, quick.ticket_id, slow.ticket_id]
        assert [row.ticket_id for row in stored.listed(tx, 9, unfinished=False, before=quick.ticket_id)] == [
            slow.ticket_id
        ]
        assert stored.listed(tx, 9, ["yuexiu"]) == []
