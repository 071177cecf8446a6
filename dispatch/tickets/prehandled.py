"""预处理 What pre-handling came to: followed as far as the channel must, held against the line and the books."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dispatch.domain.channel import Channel
from dispatch.domain.request_key import LONGEST_KEY
from dispatch.domain.text import DESCRIPTION, clean
from dispatch.domain.title import Wording
from dispatch.errors import BadInput
from dispatch.routing.prehandling import Answers, Progress, Question, Script, Symptom, follow
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx
from dispatch.tickets import book_answers, suspended_lines
from dispatch.tickets.fault_report import FaultReport


def judge(report: FaultReport, rulebook: Rulebook, script: Script, channel: Channel) -> Progress:
    """What the answers of a report come to. Raises BadInput for what it says, UnknownSymptom, BadAnswer."""
    clean(report.description, DESCRIPTION)
    if report.priority not in (1, 2, 3, 4):
        raise BadInput(
            what=Wording(
                f"优先级 {report.priority} 有误：应为 1（最急）至 4",
                f"priority {report.priority}: it is 1 (most urgent) to 4",
            )
        )
    if report.category is not None and report.category not in rulebook.categories:
        listed = ", ".join(rulebook.categories)
        raise BadInput(
            what=Wording(
                f"没有故障类别“{report.category:.40}”；可选：{listed}",
                f"category {report.category!r:.40} is none of {listed}",
            )
        )
    if len(report.request_key or "") > LONGEST_KEY:
        length = len(report.request_key or "")
        raise BadInput(
            what=Wording(
                f"请求号有 {length} 个字符，最多 {LONGEST_KEY} 个",
                f"the request key has {length} characters, at most {LONGEST_KEY}",
            )
        )
    return follow_whole(script.symptom(report.symptom), report.answers, channel)


def follow_whole(symptom: Symptom, answers: Answers, channel: Channel) -> Progress:
    """Follow the symptom's script by these answers.

    A 10086 agent must reach its end. Face to face it may be skipped, but not broken off. At 10050 it may be broken off.
    Raises BadAnswer; BadInput when a question is left.
    """
    progress = follow(symptom, answers)
    if progress.next is not None and (
        channel == Channel.HOTLINE_10086 or (answers and channel != Channel.HOTLINE_10050)
    ):
        raise _unfinished(progress.next)
    return progress


def _unfinished(question: Question) -> BadInput:
    options = f"--answer {question.name}={'|'.join(question.answers)}"
    return BadInput(
        what=Wording(
            f"预处理没有做完：还要问 {question.name}（{question.ask.zh}），请加 {options}",
            f"pre-handling isn't finished: answer {question.name} ({question.ask.en}) with {options}",
        )
    )


def require_ticket(account: AccountRow, progress: Progress, category: str) -> None:
    """Check that a report which wasn't solved may become a ticket; on a suspended line pre-handling must have ended so.

    Raises AccountSuspended; BadInput when a question is left.
    """
    suspended_lines.require_system_fault(account, progress, category)
    if progress.next is not None and suspended_lines.kind_of(account) is not None:
        raise _unfinished(progress.next)


def overruled(tx: Tx, account: AccountRow, report: FaultReport, symptom: Symptom, now: datetime) -> Mapping[str, str]:
    """The notes on what the books say otherwise. Raises BadInput."""
    if report.books is None:
        return {}
    notes, billing = report.books
    return book_answers.overruled(tx, account, report.account, symptom, report.answers, notes, now, billing)


def noted(overruled: Mapping[str, str]) -> dict[str, object]:
    """What the history keeps of answers that differ from the books."""
    return {"overruled": dict(overruled)} if overruled else {}
