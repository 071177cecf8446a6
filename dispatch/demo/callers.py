"""Made-up customers, who report faults, urge, withdraw and answer surveys, and the desk staff who serve them.

Like the colleagues, they never touch a ticket on which a visitor of the demonstration has acted.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import structlog

from dispatch.demo.colleagues import ALL_OF_US
from dispatch.demo.made_up_findings import REASONS_TO_URGE
from dispatch.demo.pace import Pace, dice
from dispatch.demo.staff import at_the_desk
from dispatch.domain.account import AccountState
from dispatch.domain.opinion import ASKED_WHY, Opinion, SurveyReason
from dispatch.domain.roles import Actor, Role
from dispatch.domain.ticket import HopState, TicketState
from dispatch.errors import DispatchError
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.replay.customers import read_survey_message
from dispatch.reports import lists
from dispatch.routing.prehandling import Script, Symptom, follow
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, replay_runs
from dispatch.storage.database import Database, Tx
from dispatch.storage.rows import TicketLine
from dispatch.tickets import closing, followup, intake
from dispatch.tickets.intake import Answers, FaultReport

log = structlog.get_logger()

TAKEN_BY = ((Role.AGENT_10086, 0.55), (Role.AGENT_10050, 0.2), (Role.COMMUNITY_MANAGER, 0.13), (Role.CLERK, 0.12))
PRIORITIES = ((1, 0.03), (2, 0.12), (3, 0.72), (4, 0.13))
SAID = (
    "从昨天晚上开始的，家里几台设备都一样。",
    "今天早上发现的，光猫重启过，没有用。",
    "邻居家正常，只有我家这样。",
    "晚上七点以后特别明显，白天好一些。",
    "在家办公，下午有视频会议，请尽快处理。",
    "前两天修过一次，又坏了。",
    "商铺收银要用网，很着急。",
    "楼下在施工，之后就不行了。",
    "老人在家，只会看指示灯。",
    "下雨之后开始的，时好时坏。",
    "刚搬的家具，可能碰到光纤了，自己不敢动。",
    "孩子上网课，总是断，今天一定要修好。",
    "打过一次电话，让等一天，还是没有恢复。",
)
WITHDRAWN = "客户来电：已自行恢复，不用上门"
REFERRED = "客户用的不是我方宽带，已告知其联系原运营商"

SILENT, STILL_BROKEN = 0.12, 0.06
"""The shares of customers who never answer the survey, and of those who answer that the fault isn't fixed."""
GRADED = {5: 55, 4: 25, 3: 10, 2: 6, 1: 4}
"""How often the others give each grade, of a hundred."""
NEVER_CONTENT = 60
"""The customer of one ticket in so many is never satisfied: the ticket is reopened until a limit ends it."""
LEFT_UNANSWERED, LEFT_TRANSFERRED = 6, 2
"""So many surveys stay unanswered, and so many transferred calls wait for a 10086 agent, for visitors to act on."""
URGED, TAKEN_BACK = 0.12, 0.012
"""The chances that somebody urges, or withdraws a report, in one round."""
ON_A_BOARD = (HopState.WAITING, HopState.CLAIMED, HopState.HELD)
MOST_ACCOUNTS, MOST_TICKETS = 2_000, 400


class Callers:
    """All made-up customers and the desk staff. They read survey links from `sms`; `zone` is that of their days."""

    def __init__(
        self, database: Database, rulebook: Rulebook, script: Script, sms: SimulatedSmsGateway, pace: Pace, zone: tzinfo
    ) -> None:
        self.database, self.rulebook, self.script, self.sms = database, rulebook, script, sms
        self.pace, self.zone = pace, zone
        self.chance = random.Random()  # noqa: S311 — nothing secret
        self._next_call: datetime | None = None
        self._read = 0
        self._to_answer: dict[str, tuple[int, datetime]] = {}

    def act(self, now: datetime) -> None:
        """Let customers and desk staff do everything that is due by now."""
        self._call(now)
        unfinished = self._unfinished()
        self._hand_over(unfinished, now)
        self._press(unfinished, now)
        self._answer(now)

    def _call(self, now: datetime) -> None:
        due = self._next_call or now + self.pace.until_called(now.astimezone(self.zone), self.chance)
        while due <= now:
            self._report(due)
            due += self.pace.until_called(due.astimezone(self.zone), self.chance)
        self._next_call = due

    def _report(self, now: datetime) -> None:
        role = self._drawn(TAKEN_BY)
        symptom = self.chance.choice(list(self.script.symptoms.values()))
        text = self.chance.choice(SAID)
        answers = () if role == Role.AGENT_10050 else self._answers(symptom)
        with self.database.write() as tx:
            if (number := self._somebody(tx)) is not None:
                asked_for = (number, symptom.name, text, self._drawn(PRIORITIES), answers)
                report = FaultReport(*asked_for, despite_duplicate=True)  # an earlier fault's survey may still be out
                intake.submit(tx, self.rulebook, self.script, report, self._at(role), now)

    def _somebody(self, tx: Tx) -> str | None:
        """Pick an account in service without an unfixed fault; None when only a third of the lines is still sound.

        Sound lines are left for visitors, who may want to report faults.
        """
        numbers = [
            row.number for row in accounts.first_by_number(tx, MOST_ACCOUNTS) if row.state == AccountState.IN_SERVICE
        ]
        unfinished = lists.latest_tickets(tx, MOST_TICKETS, unfinished=True)
        faulty = {row.account for row in unfinished if row.state != TicketState.ARCHIVED}
        sound = [number for number in numbers if number not in faulty]
        return self.chance.choice(sound) if len(sound) * 3 > len(numbers) else None

    def _answers(self, symptom: Symptom) -> Answers:
        """Answer the script's questions at random to an end, preferably to a ticket."""
        for _ in range(3):
            given: Answers = ()
            while (progress := follow(symptom, given)).next is not None:
                given = (*given, (progress.next.name, self.chance.choice(list(progress.next.answers))))
            if progress.outcome == "ticket":
                break
        return given

    def _hand_over(self, rows: Sequence[TicketLine], now: datetime) -> None:
        """Let 10050 agents transfer or refer their reports, and 10086 agents take over the transferred ones."""
        transferred = [row for row in rows if row.state == TicketState.TRANSFERRED]
        for row in rows:
            waited = now - row.made_at
            if row.state == TicketState.REPORTED and waited >= self.pace.until_claimed(row.id) / 2:
                self._judge(row, now)
            elif row in transferred[LEFT_TRANSFERRED:] and waited >= self.pace.until_claimed(row.id) * 1.5:
                answers = self._answers(self.script.continued(row.symptom, row.category))
                with self.database.write() as tx:
                    agent = self._at(Role.AGENT_10086)
                    intake.take_over(tx, self.rulebook, self.script, row.id, answers, agent, now)

    def _judge(self, row: TicketLine, now: datetime) -> None:
        agent = self._at(Role.AGENT_10050)
        with self.database.write() as tx:
            if dice(f"ours {row.id}").random() < 0.12:
                intake.refer(tx, row.id, REFERRED, agent, now)
            else:
                intake.transfer(tx, row.id, "已核对身份，客户急需恢复", agent, now)

    def _press(self, unfinished: Sequence[TicketLine], now: datetime) -> None:
        """Let a customer urge or withdraw a ticket; never one in the quarantine, where visitors should see it."""
        at_work = (row for row in unfinished if row.state == TicketState.OPEN and row.hop_state in ON_A_BOARD)
        rows = [row for row in at_work if now - row.made_at > self.pace.work]
        if not rows or self.chance.random() >= URGED + TAKEN_BACK:
            return
        row = self.chance.choice(rows)
        try:
            with self.database.write() as tx:
                if self.chance.random() < TAKEN_BACK / (URGED + TAKEN_BACK):
                    followup.withdraw(tx, row.id, WITHDRAWN, self._at(Role.AGENT_10086), now)
                else:
                    reason = self.chance.choice(REASONS_TO_URGE)
                    followup.urge(tx, self.rulebook, row.id, reason, self._at(Role.AGENT_10086), now)
        except DispatchError as refused:  # it was urged shortly before, or it is an order for a new line
            log.info("caller refused", ticket=row.id, code=refused.code)

    def _answer(self, now: datetime) -> None:
        """Read new short messages, and answer the surveys whose time has come."""
        for position, text in self.sms.inbox(self._read):
            self._read = position
            if (survey := read_survey_message(text)) is not None and not _is_silent(*survey):
                self._to_answer[survey[0]] = (survey[1], now + self._until_answered(*survey))
        due = {token: ticket_id for token, (ticket_id, at) in self._to_answer.items() if at <= now}
        if not due:
            return
        with self.database.read() as tx:
            strange = replay_runs.touched_by_others(tx, sorted(set(due.values())), ALL_OF_US)
            out = len(lists.board(tx, "callback-survey", MOST_TICKETS))
        mine = [(token, ticket_id) for token, ticket_id in due.items() if ticket_id not in strange]
        for token, ticket_id in mine[: min(max(out - LEFT_UNANSWERED, 0), self.pace.at_once)]:
            del self._to_answer[token]
            answer = self._opinion(token, ticket_id)
            with self.database.write() as tx:
                closing.answer_many(tx, self.rulebook, [(token, answer)], now)

    def _until_answered(self, token: str, ticket_id: int) -> timedelta:
        return self.pace.until_answered(token) / (8 if _is_never_content(ticket_id) else 1)

    def _opinion(self, token: str, ticket_id: int) -> Opinion:
        chance = dice(f"content {token}")
        if _is_never_content(ticket_id) or chance.random() < STILL_BROKEN:
            return Opinion(fixed=False)
        grade = chance.choices(list(GRADED), list(GRADED.values()))[0]
        why = (str(chance.choice(list(SurveyReason))),) if grade <= ASKED_WHY else ()
        return Opinion(True, grade, why)

    def _unfinished(self) -> Sequence[TicketLine]:
        """Return the unfinished tickets, the oldest first, without those on which a visitor has acted."""
        with self.database.read() as tx:
            rows = lists.latest_tickets(tx, MOST_TICKETS, unfinished=True)
            strange = replay_runs.touched_by_others(tx, [row.id for row in rows], ALL_OF_US)
        return [row for row in reversed(rows) if row.id not in strange]

    def _at(self, role: Role) -> Actor:
        return self.chance.choice(at_the_desk(role)).actor

    def _drawn(self, weighted: Sequence[tuple[Any, float]]) -> Any:
        return self.chance.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def _is_never_content(ticket_id: int) -> bool:
    return ticket_id % NEVER_CONTENT == 0


def _is_silent(token: str, ticket_id: int) -> bool:
    return not _is_never_content(ticket_id) and dice(f"silent {token}").random() < SILENT
