"""The checks of the books: names of accounts and addresses that are told apart only by how they are written."""

from __future__ import annotations

from dispatch.doctor.finding import CheckResult, all_differ
from dispatch.domain.title import Title, Wording
from dispatch.storage import accounts, resources
from dispatch.storage.database import Tx


def account_names(tx: Tx) -> CheckResult:
    """Find living accounts whose names differ only in case; an earlier release let them be added."""
    return all_differ(
        Title("账号名称", "names of accounts"),
        accounts.twins(tx),
        Wording("仅大小写不同", "differ only in case"),
        "逐字写对大小写才能找到；每组除一个外请办理修改账号（dispatch account rename）",
        "each is found by its exact name alone; rename all but one of each group (`dispatch account rename`)",
    )


def addresses(tx: Tx) -> CheckResult:
    """Find standard addresses that differ only in how they are written; an earlier release let them be entered."""
    return all_differ(
        Title("标准地址", "addresses"),
        resources.address_twins(tx),
        Wording("仅写法不同", "differ only in writing"),
        "受理时以最早登记的为准；请在地址库中只留一条",
        "the counter takes the one entered first: keep one of each group in the library",
    )
