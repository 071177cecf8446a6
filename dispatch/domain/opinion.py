"""满意度 What a customer says in the callback survey: is it fixed, how satisfied are they, and why not more. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dispatch.domain.text import clean
from dispatch.domain.title import Title, TitledEnum, Wording
from dispatch.errors import BadInput

SATISFIED, DISSATISFIED, NOT_FIXED, UNREACHABLE = "satisfied", "dissatisfied", "not-fixed", "unreachable"
"""The findings of a callback survey, as the rules name them."""

GRADES = range(1, 6)
"""5: very satisfied."""
BAD = 2
"""Up to this grade a customer whose line works is dissatisfied."""
ASKED_WHY = 3
"""Up to this grade it is asked why."""

LONGEST_WORDS = 500
WORDS = Wording("留言", "words")

GRADE_TITLES = {
    5: Title("非常满意", "Very satisfied"),
    4: Title("满意", "Satisfied"),
    3: Title("一般", "So-so"),
    2: Title("不满意", "Dissatisfied"),
    1: Title("很不满意", "Very dissatisfied"),
}


class SurveyReason(TitledEnum):
    """Why a customer isn't more satisfied."""

    SLOW = "slow", Title("修得慢", "It took long")
    LATE = "late", Title("超过承诺时间", "Later than promised")
    MISSED_WINDOW = "missed-window", Title("没按约定时间上门", "Missed the agreed time")
    ATTITUDE = "attitude", Title("服务态度", "Attitude")
    UNTIDY = "untidy", Title("现场没收拾好", "Left untidy")
    CAME_BACK = "came-back", Title("又出故障", "The fault came back")
    NOT_EXPLAINED = "not-explained", Title("没解释清楚", "Not explained")
    OTHER = "other", Title("其他", "Other")


@dataclass(frozen=True, slots=True)
class Opinion:
    """A customer's answer. `grade`: 1 to 5, None where they gave none, and when it isn't fixed."""

    fixed: bool
    grade: int | None = None
    reasons: tuple[str, ...] = ()
    words: str = ""

    def finding(self, known: Collection[str]) -> str:
        """The finding that the answer is. Rules without `dissatisfied` have none for a bad grade."""
        if not self.fixed:
            return NOT_FIXED
        bad = self.grade is not None and self.grade <= BAD and DISSATISFIED in known
        return DISSATISFIED if bad else SATISFIED


def read_opinion(fixed: bool, grade: int | None = None, reasons: Sequence[str] = (), words: str = "") -> Opinion:
    """The answer, checked. Raises BadInput."""
    if grade is not None and not fixed:
        raise BadInput(what=Wording("没有修好时不打分", "a grade is for what is fixed"))
    if grade is not None and grade not in GRADES:
        raise BadInput(what=Wording(f"分数 {grade} 有误：应为 1 至 5", f"grade {grade}: it is 1 to 5, 5 is the best"))
    if reasons and (grade is None or grade > ASKED_WHY):
        raise BadInput(what=Wording("只有 3 分及以下才填原因", "reasons belong to grades of 3 and below"))
    if strange := [each for each in reasons if each not in tuple(SurveyReason)]:
        listed = ", ".join(SurveyReason)
        raise BadInput(
            what=Wording(
                f"没有原因“{strange[0]:.40}”；可选：{listed}", f"{strange[0]!r:.40} is no reason; choose from {listed}"
            )
        )
    said = clean(words, WORDS, least=0)
    if len(said) > LONGEST_WORDS:
        raise BadInput(
            what=Wording(
                f"留言有 {len(said)} 个字符，最多 {LONGEST_WORDS} 个",
                f"the words have {len(said)} characters, at most {LONGEST_WORDS} are kept",
            )
        )
    return Opinion(fixed, grade, tuple(dict.fromkeys(reasons)), said)


def spoken(answer: str, grade: int | None = None, reasons: Sequence[str] = (), words: str = "") -> Opinion | str:
    """What a customer told on the phone, given as a finding: the finding alone where they said no more.

    Raises BadInput.
    """
    if grade is None and not reasons and not words.strip():
        return answer
    if answer == UNREACHABLE:
        raise BadInput(what=Wording("联系不上的客户没有答复", "whoever answers is not unreachable"))
    opinion = read_opinion(answer != NOT_FIXED, grade, reasons, words)
    if grade is not None and (answer == DISSATISFIED) != (grade <= BAD):
        raise BadInput(
            what=Wording(f"{grade} 分与答复“{answer}”不符", f"grade {grade} doesn't go with the answer {answer!r}")
        )
    return opinion
