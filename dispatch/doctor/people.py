"""The checks of users: names that people can't tell apart, and work in the hands of those who can't do it."""

from __future__ import annotations

from collections import defaultdict

from dispatch.access.people import People
from dispatch.doctor.finding import MOST_NAMED, CheckResult, all_differ, doubtful, good, some
from dispatch.domain.numbers import hop_number
from dispatch.domain.title import Title, Wording
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops, users
from dispatch.storage.database import Tx

NAMES = Title("用户名", "names of users")
IN_HAND = Title("在手派单", "work in hand")


def names(tx: Tx) -> CheckResult:
    """Find enabled users whose names people can't tell apart; an earlier release let them be added."""
    return all_differ(
        NAMES,
        [list(map(ascii, group)) for group in users.twins(tx)],
        Wording("看不出区别", "look alike"),
        "每组只留一个：给另一人新建用户（dispatch user add），再用 dispatch user disable 旧名 --hand-over-to 新名 停用",
        "keep one of each: add a user for the other person (`dispatch user add`), then `dispatch user disable OLD "
        "--hand-over-to NEW`",
    )


def work_in_hand(tx: Tx, rulebook: Rulebook) -> CheckResult:
    """Find hops in the hands of users who are disabled, or don't hold the role, and of names that are no users."""
    rows = hops.in_hand(tx)
    people = People(tx, {row.holder for row in rows}, locks=False)
    left = defaultdict(list)
    for row in rows:
        if not people.able(row.holder, rulebook.team(row.team).members, row.area):
            left[row.holder].append(hop_number(row.kind, row.ticket_id, row.seq))
    if not left:
        return good(
            IN_HAND, Wording(f"{len(rows)} 个，持有人都能办", f"{len(rows)}, all with people who can work them")
        )
    told = {name: people.parting(name).label for name in sorted(left)[:MOST_NAMED]}
    count = sum(map(len, left.values()))
    zh = "；".join(f"{name}（{why.zh}）：{some(left[name])}" for name, why in told.items())
    en = "; ".join(f"{name} ({why.en}): {some(left[name])}" for name, why in told.items())
    return doubtful(
        IN_HAND,
        Wording(f"{count} 个的持有人不能办：{zh}", f"with people who can't work them: {count}, {en}"),
        "同事接单即可接手；已停用的，也可用 dispatch user disable 用户名 --release（或 --hand-over-to 同事）一并移走",
        "colleagues take them over by claiming them; `dispatch user disable NAME --release`, or --hand-over-to "
        "COLLEAGUE, moves all work of a disabled user",
    )
