"""The old name finds the account, for a year, and whoever uses it hears of the new one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from dispatch.accounts import binding, lookup, password, profile, query, renaming, resumption, suspension, transfer
from dispatch.accounts.operation import Counter
from dispatch.accounts.renaming import Renaming
from dispatch.domain.roles import Actor, Role
from dispatch.domain.title import sentences
from dispatch.errors import UnknownAccount
from dispatch.routing.prehandling import Script
from dispatch.storage import accounts, aliases, retention
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.tickets import intake
from dispatch.tickets.intake import AcceptedReport, FaultReport
from tests import factories as f
from tests.accounts import factories as c

NEW = "13900139000"
SAID = {"zh": f"该账号{f.NOW:%Y-%m-%d}已改为{NEW}。", "en": f"The account was renamed on {f.NOW:%Y-%m-%d}: now {NEW}."}
YEAR = timedelta(days=365)
JUST_BEFORE, OVER = f.NOW + YEAR - timedelta(seconds=1), f.NOW + YEAR


def renamed(database: Database, counter: Counter, n: int = 1, new: str = NEW) -> str:
    """An account that was renamed; its old name."""
    number = c.in_service(database, counter, n)
    request = Renaming(account=number, document_number=c.document(n), new_account=new)
    c.accepted(database, renaming.rename, counter, request)
    return number


def name_refused(database: Database, counter: Counter, number: str, n: int, new: str, **how: Any) -> str:
    request = Renaming(account=number, document_number=c.document(n), new_account=new)
    return c.refused(database, renaming.rename, counter, request, **how).code


def report(
    database: Database, counter: Counter, script: Script, number: str, by: Actor, now: datetime = f.NOW
) -> AcceptedReport:
    asked = FaultReport(number, "no-internet", "断网", despite_duplicate=True)
    with database.write() as tx:
        return intake.submit(tx, counter.rulebook, script, asked, by, now)


def suspending(number: str) -> suspension.Suspension:
    return suspension.Suspension(account=number, document_number=c.document(), reason="lost-password")


def test_the_old_name_finds_the_account(database: Database, counter: Counter, script: Script) -> None:
    old = renamed(database, counter)
    shown = c.accepted(database, query.view, counter, query.View(account=old)).result
    assert shown["renamed"] == SAID
    assert [each["account"] for each in cast(Any, shown["accounts"])] == [NEW]
    done = c.accepted(database, suspension.suspend, counter, suspending(old))
    assert (done.result["account"], done.result["renamed"]) == (NEW, SAID)
    assert c.slip(database, done).account == NEW, "papers bear the present name"
    c.accepted(database, resumption.resume, counter, c.found_again(old))
    for role in (f.AGENT_10050, f.CLERK):
        made = report(database, counter, script, old.upper(), role)
        assert made.renamed is not None
        said = sentences(made.renamed.said(counter.zone))
        assert {"zh": said.zh, "en": said.en} == SAID
        assert f.ticket(database, made.ticket_id).account == NEW


def test_who_uses_the_present_name_hears_nothing(database: Database, counter: Counter, script: Script) -> None:
    renamed(database, counter)
    assert c.accepted(database, query.view, counter, query.View(account=NEW)).result["renamed"] is None
    assert "renamed" not in c.accepted(database, suspension.suspend, counter, suspending(NEW)).result


def test_search_bindings_and_other_operations_find_the_account_by_its_old_name(
    database: Database, counter: Counter
) -> None:
    old = renamed(database, counter)
    with database.read() as tx:
        found = lookup.by_account(tx, old, None, f.NOW, counter.zone)
        assert [(each.account, each.renamed) for each in found] == [(NEW, SAID)]
        assert lookup.by_account(tx, old, None, OVER, counter.zone) == []
        assert lookup.by_account(tx, old, {"yuexiu"}, f.NOW, counter.zone) == []
    binds = binding.Binding(account=old, document_number=c.document(), mobile=c.mobile(7))
    assert c.accepted(database, binding.bind, counter, binds).result["account"] == NEW
    asked = binding.BindingsQuery(account=old)
    bound = cast(Any, c.accepted(database, binding.bindings, counter, asked).result["bindings"])
    assert [each["account"] for each in bound] == [NEW]
    modified = profile.Modification(account=old, document_number=c.document(), mobile=c.mobile(8))
    assert c.accepted(database, profile.modify, counter, modified).result["renamed"] == SAID
    changed = password.PasswordChange(
        account=old,
        document_number=c.document(),
        old_password=SecretStr(c.PASSWORD),
        new_password=SecretStr("Zk4!wuRt"),
    )
    assert c.accepted(database, password.change, counter, changed).result["renamed"] == SAID


def test_somebody_without_proof_does_not_hear_the_new_name(database: Database, counter: Counter) -> None:
    old = renamed(database, counter)
    wrong = suspending(old).model_copy(update={"document_number": c.document(5)})
    refused = c.refused(database, suspension.suspend, counter, wrong)
    assert refused.code == "authentication-failed"
    assert NEW not in f"{refused.reason} {refused.result}"


def test_after_a_year_the_old_name_is_nobodys_and_is_forgotten(
    database: Database, counter: Counter, script: Script
) -> None:
    old = renamed(database, counter)
    view = query.View(account=old)
    c.accepted(database, query.view, counter, view, now=JUST_BEFORE)
    assert c.refused(database, query.view, counter, view, now=OVER).code == "no-such-customer"
    with pytest.raises(UnknownAccount):
        report(database, counter, script, old, f.CLERK, OVER)
    with database.write() as tx:
        assert retention.forget_aliases(tx, JUST_BEFORE, 10) == 0
        assert retention.forget_aliases(tx, OVER, 10) == 1


def test_a_number_bound_to_anothers_account_is_no_name(database: Database, counter: Counter) -> None:
    first, second = (c.in_service(database, counter, n) for n in (1, 2))
    bound = binding.Binding(account=first, document_number=c.document(), mobile=NEW)
    c.accepted(database, binding.bind, counter, bound)
    assert name_refused(database, counter, second, 2, NEW) == "mobile-taken"
    own = Renaming(account=first, document_number=c.document(), new_account=NEW)
    assert c.accepted(database, renaming.rename, counter, own).result["account"] == NEW


def test_anothers_name_and_former_name_are_no_name_for_a_year(database: Database, counter: Counter) -> None:
    renamed(database, counter)
    again = Renaming(account=NEW, document_number=c.document(), new_account=c.mobile(7))
    c.accepted(database, renaming.rename, counter, again)
    other = c.in_service(database, counter, 2)
    assert name_refused(database, counter, other, 2, c.mobile(7)) == "account-name-taken"
    assert name_refused(database, counter, other, 2, NEW) == "account-name-taken"
    with database.write() as tx:
        assert accounts.enter_existing(tx, [(NEW, "tianhe", "13800138000")], f.CLERK, f.NOW) == 0
    request = Renaming(account=other, document_number=c.document(2), new_account=NEW)
    assert c.accepted(database, renaming.rename, counter, request, now=OVER).result["account"] == NEW


def test_an_account_may_have_its_old_name_again(database: Database, counter: Counter) -> None:
    old = renamed(database, counter)
    for new in (c.mobile(7), NEW):
        name = NEW if new != NEW else c.mobile(7)
        request = Renaming(account=name, document_number=c.document(), new_account=new)
        c.accepted(database, renaming.rename, counter, request)
    with database.read() as tx:
        names = set(tx.execute(select(b.account_alias.c.name)).scalars())
        assert names == {old, c.mobile(7)}
        found = aliases.called(tx, [old, c.mobile(7), NEW], f.NOW)
    assert {row.number for row in found.values()} == {NEW}


def test_an_old_name_leads_to_no_other_owner(database: Database, counter: Counter) -> None:
    old = renamed(database, counter)
    given = transfer.Transfer(
        account=old,
        document_number=c.document(),
        new_owner=c.person(3),
        password=SecretStr("Zk4!wuRt"),
        scans=tuple(map(c.scan, transfer.REQUIRED)),
    )
    done = c.accepted(database, transfer.transfer, counter, given)
    assert (done.result["account"], done.result["renamed"]) == (NEW, SAID)
    view = query.View(account=old)
    assert c.refused(database, query.view, counter, view).code == "no-such-customer"


def test_an_account_that_has_ended_has_no_former_names(database: Database, counter: Counter) -> None:
    old = renamed(database, counter)
    c.closed(database, counter, old)
    assert c.rows(database, b.account_alias) == []


def test_an_account_elsewhere_is_unknown_by_its_old_name_too(database: Database, counter: Counter) -> None:
    old = renamed(database, counter)
    elsewhere = Actor("far", Role.CLERK, frozenset({"yuexiu"}))
    refused = c.refused(database, query.view, counter, query.View(account=old), actor=elsewhere)
    assert refused.code == "no-such-customer"
