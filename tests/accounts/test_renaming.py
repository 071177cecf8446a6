"""11 修改账号 on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from dispatch.accounts import renaming
from dispatch.accounts.operation import Counter, OperationAccepted, OperationRefused
from dispatch.accounts.renaming import Renaming
from dispatch.domain.roles import Role
from dispatch.domain.title import Title, Wording
from dispatch.routing.prehandling import Script
from dispatch.slips.forms import Change
from dispatch.storage.database import Database
from dispatch.storage.rows import as_dict
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c

NEW = "13900139000"


def renaming_of(number: str, n: int = 1, **changes: Any) -> Renaming:
    told = {"account": number, "document_number": SecretStr(c.resident_id(n)), "new_account": NEW}
    return Renaming(**{**told, **changes})


def test_the_account_is_called_by_the_mobile_number_from_now_on_and_stays_the_same_account(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    before = c.line(database, number)
    done = c.accepted(database, renaming.rename, counter, renaming_of(number, new_account=" +86 139 0013 9000 "))
    assert done.result == {"account": NEW, "before": number}
    after = c.line(database, NEW)
    assert as_dict(after) == {**as_dict(before), "number": NEW}
    slip = c.slip(database, done)
    assert (slip.operation, slip.account) == ("rename", NEW)
    assert slip.changes == (Change(Title("宽带账号", "Account name"), number, NEW),)


def test_the_customer_is_told_both_names_and_the_network_gets_the_new_one_in_the_lines_lane(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    done = c.accepted(database, renaming.rename, counter, renaming_of(number))
    (port, order), (sms, message) = c.effects(database, done)
    account_id = c.line(database, NEW).id
    assert port == "provisioning"
    assert order == {"account_id": account_id, "number": NEW, "order": "rename", "before": number}
    assert (sms, message["mobile"]) == ("sms", c.mobile())
    assert number in message["text"]
    assert NEW in message["text"]
    assert c.printed(database, done) == [f"slip/{done.operation_id}"]


def test_a_suspended_account_may_be_renamed_and_a_renamed_one_renamed_again(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    c.suspended(database, number)
    c.accepted(database, renaming.rename, counter, renaming_of(number))
    done = c.accepted(database, renaming.rename, counter, renaming_of(NEW, new_account=c.mobile(2)))
    assert done.result == {"account": c.mobile(2), "before": NEW}


def test_an_account_name_that_is_not_a_mobile_number_is_refused(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    for wrong in ("myhome", "02085551234", "1390013900", "139001390000", "12345678901", ""):
        assert (
            c.refused(database, renaming.rename, counter, renaming_of(number, new_account=wrong)).code == "bad-mobile"
        )


def test_the_accounts_present_name_is_refused(database: Database, counter: Counter) -> None:
    c.accepted(database, renaming.rename, counter, renaming_of(c.in_service(database, counter)))
    assert c.refused(database, renaming.rename, counter, renaming_of(NEW)).code == "nothing-changed"


def test_a_living_accounts_name_is_refused_and_an_ended_ones_is_free(database: Database, counter: Counter) -> None:
    c.accepted(database, renaming.rename, counter, renaming_of(c.in_service(database, counter)))
    second = renaming_of(c.in_service(database, counter, 2), 2)
    assert c.refused(database, renaming.rename, counter, second).code == "account-name-taken"
    c.closed(database, counter, NEW)
    assert c.accepted(database, renaming.rename, counter, second).result["account"] == NEW, "also of former names"


def test_a_living_account_is_found_by_a_name_that_a_newer_closed_account_had_before(
    database: Database, counter: Counter, script: Script
) -> None:
    older, newer = (c.in_service(database, counter, n) for n in (1, 2))
    c.accepted(database, renaming.rename, counter, renaming_of(newer, 2))
    c.closed(database, counter, NEW, 2)
    c.accepted(database, renaming.rename, counter, renaming_of(older))
    made = f.fault(database, counter.rulebook, script, NEW)
    assert f.ticket(database, made.ticket_id).account_id == c.rows(database, b.account)[0].id


def test_somebody_elses_document_does_not_rename(database: Database, counter: Counter) -> None:
    wrong = renaming_of(c.in_service(database, counter), 2)
    assert c.refused(database, renaming.rename, counter, wrong).code == "authentication-failed"


def test_a_line_that_is_being_built_keeps_its_name_and_so_does_one_that_has_ended(
    database: Database, counter: Counter
) -> None:
    building = renaming_of(c.opened(database, counter))
    assert c.refused(database, renaming.rename, counter, building).code == "wrong-state"
    number = c.in_service(database, counter, 2)
    c.closed(database, counter, number, 2)
    refused = c.refused(database, renaming.rename, counter, renaming_of(number, 2))
    assert refused.code == "wrong-state"
    assert "已销户" in refused.reason


def test_an_open_fault_brings_a_warning_that_the_slip_records_once_confirmed(
    database: Database, counter: Counter, script: Script
) -> None:
    number = c.in_service(database, counter)
    made = f.fault(database, counter.rulebook, script, number)
    refused = c.refused(database, renaming.rename, counter, renaming_of(number))
    assert refused.code == "needs-confirmation"
    assert made.number in refused.reason
    confirmed = c.accepted(database, renaming.rename, counter, renaming_of(number, confirm=("open-fault",)))
    assert made.number in c.slip(database, confirmed).warnings[0]
    assert f.ticket(database, made.ticket_id).account == NEW


def test_a_repeated_request_renames_once(database: Database, counter: Counter) -> None:
    request = renaming_of(c.in_service(database, counter), request_key="k1")
    first = c.accepted(database, renaming.rename, counter, request)
    before = f.dump(database)
    again = c.accepted(database, renaming.rename, counter, request)
    assert again.repeated
    assert (again.slip, again.result) == (first.slip, first.result)
    assert f.dump(database) == before


def test_only_a_clerk_renames(database: Database, counter: Counter) -> None:
    request = renaming_of(c.in_service(database, counter))
    may_not = f.forbidden(database, lambda tx, actor: renaming.rename(tx, counter, request, actor, f.NOW))
    assert may_not == f.all_roles_but(Role.CLERK)


def test_one_name_taken_by_two_accounts_at_once_goes_to_one(database: Database, counter: Counter) -> None:
    requests = [renaming_of(c.in_service(database, counter, n), n) for n in (1, 2)]
    requests = [c.proved(database, renaming.rename, counter, each) for each in requests]
    first, second = (lambda tx, r=r: renaming.rename(tx, counter, r, f.CLERK, f.NOW) for r in requests)
    won, lost = c.overtaken(database, first, second)
    assert isinstance(won, OperationAccepted)
    assert isinstance(lost, OperationRefused)
    assert lost.code == "account-name-taken"
    assert c.line(database, NEW).id == c.rows(database, b.account)[0].id


def test_the_second_of_two_clerks_who_rename_one_account_at_once_hears_of_the_first(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    requests = [renaming_of(number), renaming_of(number, new_account=c.mobile(2))]
    requests = [c.proved(database, renaming.rename, counter, each) for each in requests]
    first, second = (lambda tx, r=r: renaming.rename(tx, counter, r, f.CLERK, f.NOW) for r in requests)
    won, lost = c.overtaken(database, first, second)
    assert (won.result, lost.code) == ({"account": NEW, "before": number}, "renamed")
    assert lost.said == Wording(
        "该账号2026-03-02已改为13900139000。", "The account was renamed on 2026-03-02: now 13900139000."
    )
