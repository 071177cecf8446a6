"""The checks of the books: names of accounts and addresses that are told apart only by how they are written."""

from __future__ import annotations

from dispatch.doctor.finding import CheckResult, doubtful, good
from dispatch.domain.title import Title, Wording
from dispatch.storage import accounts, resources
from dispatch.storage.database import Tx

ACCOUNT_NAMES = Title("账号名称", "names of accounts")
ADDRESSES = Title("标准地址", "addresses")

MOST_NAMED = 3
"""Groups that a result names."""


def account_names(tx: Tx) -> CheckResult:
    """Find living accounts whose names differ only in case; an earlier release let them be added."""
    groups = accounts.twins(tx)
    if not groups:
        return good(ACCOUNT_NAMES, Wording("各不相同", "all differ"))
    listed = _listed(groups)
    return doubtful(
        ACCOUNT_NAMES,
        Wording(f"仅大小写不同：{listed}", f"differ only in case: {listed}"),
        "逐字写对大小写才能找到；每组除一个外请办理修改账号（dispatch account rename）",
        "each is found by its exact name alone; rename all but one of each group (`dispatch account rename`)",
    )


def addresses(tx: Tx) -> CheckResult:
    """Find standard addresses that differ only in how they are written; an earlier release let them be entered."""
    groups = resources.address_twins(tx)
    if not groups:
        return good(ADDRESSES, Wording("各不相同", "all differ"))
    listed = _listed(groups)
    return doubtful(
        ADDRESSES,
        Wording(f"仅写法不同：{listed}", f"differ only in writing: {listed}"),
        "受理时以最早登记的为准；请在地址库中只留一条",
        "the counter takes the one entered first: keep one of each group in the library",
    )


def _listed(groups: list[list[str]]) -> str:
    shown = "; ".join(" = ".join(group) for group in groups[:MOST_NAMED])
    return shown + (" …" if len(groups) > MOST_NAMED else "")
