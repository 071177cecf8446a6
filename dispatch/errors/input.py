"""Errors of what was asked for: input, files and requests that can't be read, and things that don't exist."""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.errors.base import INDENTED, LINES, SENTENCES, DispatchError, Language, Worded


class BadInput(DispatchError):
    """{what}
    {what}"""

    code = "bad-input"
    heading = "输入有误"


class BadRequest(DispatchError):
    """请求有误，未办理：{faults}
    The request is wrong, nothing was done:{faults}"""

    code = "bad-request"
    heading = "请求有误"
    between = INDENTED

    def __init__(self, faults: Sequence[Worded]) -> None:
        super().__init__(faults=("", *faults))


class BadFile(DispatchError):
    """{file} 有 {count} 处错误：{faults}
    {count} fault(s) in {file}:{faults}"""

    code = "bad-file"
    heading = "文件有误"
    between = LINES

    def __init__(self, *, file: str, faults: Sequence[Worded]) -> None:
        self.faults = tuple(faults)
        self.lines = self.lines_in("en")
        super().__init__(file=file, faults=("", *faults), count=len(faults))

    def lines_in(self, language: Language) -> tuple[str, ...]:
        """Every fault, `FILE:LINE:COLUMN: message`."""
        return tuple(fault.text(language) for fault in self.faults)


class BadRules(BadFile):
    """{file} 有 {count} 处错误：{faults}
    {count} fault(s) in {file}:{faults}"""

    code = "bad-rules"
    heading = "规则有误"


class BadReplayFile(BadFile):
    """{file} 有 {count} 处错误，未回放任何数据；请改正后重新回放：{faults}
    {count} fault(s) in {file}; nothing was fed. Mend them, then replay again:{faults}"""

    code = "bad-replay-file"
    heading = "回放文件有误"


class BadReplayMapping(BadReplayFile):
    """{file} 与班组的对应有 {count} 处错误，未回放任何数据；请改正后重新回放：{faults}
    {count} fault(s) in how {file} is mapped to teams; nothing was fed. Mend them, then replay again:{faults}"""

    code = "bad-replay-mapping"
    heading = "回放对应表有误"


class BadAddressFile(BadFile):
    """{file} 有 {count} 处错误，未导入任何地址；请改正后重新导入：{faults}
    {count} fault(s) in {file}; nothing was entered. Mend them, then load again:{faults}"""

    code = "bad-address-file"
    heading = "地址文件有误"


class BadDeviceFile(BadFile):
    """{file} 有 {count} 处错误，未导入任何终端；请改正后重新导入：{faults}
    {count} fault(s) in {file}; no device was entered. Mend them, then load again:{faults}"""

    code = "bad-device-file"
    heading = "终端文件有误"


class KeyReused(DispatchError):
    """请求号 {key} 已用于另一请求：新请求须用新的请求号。
    Request key {key} was used for another request: a new request needs a key of its own."""

    code = "key-reused"
    heading = "请求号已用过"


class NotFound(DispatchError):
    """没有{what} {which}。
    There is no {what} {which}."""

    code = "not-found"
    heading = "没有找到"


class UnknownAccount(DispatchError):
    """没有宽带账号 {account}：请核对账号，或用 `dispatch account add` 登记。
    There is no broadband account {account}: check the number, or enter it with `dispatch account add`."""

    code = "unknown-account"
    heading = "没有这个账号"


class DuplicateFault(DispatchError):
    """账号 {account} 已有未办结的故障 {ticket}：请催该单；如确为另一故障，请确认（--despite-duplicate）。
    Account {account} already has an open fault {ticket}: urge that one, or confirm that this is another fault
    (--despite-duplicate)."""

    # The duplicate warning 重复报障提示: the taker of the report decides; `tickets.intake` raises it before it inserts.
    code = "duplicate-fault"
    heading = "重复报障"


class UnknownFinding(DispatchError):
    """班组 {team} 不能回 {finding}；可回：{allowed}。
    Team {team} can't report {finding}; it may report: {allowed}."""

    code = "unknown-finding"
    heading = "没有这种结论"


class UnknownSymptom(DispatchError):
    """没有故障现象 {symptom}；可选：{known}。
    There is no symptom {symptom}; known are: {known}."""

    code = "unknown-symptom"
    heading = "没有这种现象"


class BadAnswer(DispatchError):
    """预处理 {symptom} 问的是 {asked}，答的是 {given}；可答：{allowed}。
    Pre-handling of {symptom} asks {asked}; {given} was given. Allowed: {allowed}."""

    code = "bad-answer"
    heading = "答案有误"


class BadEvidence(DispatchError):
    """{finding} 的佐证不全或有误：{faults}
    The evidence for {finding} isn't complete or right: {faults}"""

    code = "bad-evidence"
    heading = "佐证不全或有误"
    between = SENTENCES


class EvidenceUnmet(DispatchError):
    """佐证不符：{unmet}
    The evidence isn't as required. {unmet}"""

    # The rules' `requires` refuses a report; each item says what is required, what is there, and what to do.
    code = "evidence-unmet"
    heading = "佐证不符"
    between = {"zh": "", "en": " "}  # noqa: RUF012 — declared as a ClassVar by the base
