"""4 停机: every step of its row, and the kinds: who sets each, what it needs, and what can be done meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dispatch.accounts import binding, closure, password, profile, renaming, suspension, transfer
from dispatch.accounts.binding import Binding, Unbinding
from dispatch.accounts.closure import Closure
from dispatch.accounts.operation import Counter, OperationAccepted, OperationRefused
from dispatch.accounts.password import PasswordReset
from dispatch.accounts.profile import Modification
from dispatch.accounts.renaming import Renaming
from dispatch.accounts.suspension import Suspension
from dispatch.accounts.transfer import Transfer
from dispatch.domain.account import AccountState
from dispatch.domain.reasons import RESUMPTION_REASONS, SUSPENSION_REASONS
from dispatch.domain.roles import Role
from dispatch.domain.suspension import KNOWN_AS, MEANT_BY, SET_BY, SETTLES, SuspensionKind
from dispatch.errors import BadInput
from dispatch.routing.prehandling import Script
from dispatch.storage.database import Database
from dispatch.storage.rows import as_dict
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c

BOUND = c.mobile(7)


def by_phone(mobile: str = BOUND, reason: str = "lost-password", **changes: Any) -> Suspension:
    return Suspension(mobile=mobile, reason=reason, **changes)


def by_us(number: str, reason: str, **changes: Any) -> Suspension:
    """What the operator sets by itself, with all that its kind needs."""
    needed: dict[str, dict[str, Any]] = {
        "abuse": {"reference": "投诉 2026-118"},
        "official-order": {
            "authority": "广州市公安局",
            "reference": "穗公通〔2026〕77号",
            "scans": (c.scan("official-order"),),
        },
    }
    return Suspension(**{"account": number, "reason": reason, **needed.get(reason, {}), **changes})


def state(database: Database, number: str) -> tuple[str, str | None]:
    account = c.line(database, number)
    return account.state, account.suspended_for


def kinds(database: Database, number: str) -> list[str]:
    """The kinds of the account's open suspensions."""
    return [row.kind for row in c.rows(database, b.suspension, b.suspension.c.lifted_at.is_(None))]


@pytest.fixture
def number(database: Database, counter: Counter) -> str:
    return c.in_service(database, counter)


def test_a_suspension_stops_the_service_and_keeps_all_that_the_account_has(
    database: Database, counter: Counter, number: str
) -> None:
    before = f.dump(database)
    account = c.line(database, number)

    done = c.accepted(database, suspension.suspend, counter, c.lost(number, note="  手机同时被盗 "))

    assert done.result == {"account": number, "kind": "lost"}
    assert as_dict(c.line(database, number)) == {
        **as_dict(account), "state": AccountState.SUSPENDED, "suspended_for": "lost-password",
    }  # fmt: skip
    after = f.dump(database)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"account", "operation", "slip", "effect", "suspension"}
    assert c.effects(database, done) == [
        ("provisioning", {"account_id": account.id, "number": number, "order": "suspend"}),
        ("sms", {
            "mobile": c.mobile(),
            "text": f"您的宽带账号{number}已停机（账号密码丢失或被盗用）。如非本人办理，请到营业厅或拨打10086。",
        }),
    ]  # fmt: skip
    assert c.printed(database, done) == [f"slip/{done.operation_id}"]
    (section,) = c.slip(database, done).sections
    assert [(line.label.zh, line.value) for line in section.lines] == [
        ("停机种类", "挂失 Reported lost"),
        ("停机原因", "账号密码丢失或被盗用 Password lost or stolen"),
        ("说明", "手机同时被盗"),
    ]


def test_every_reason_means_one_kind_and_every_kind_has_reasons_that_set_and_lift_it() -> None:
    assert MEANT_BY.keys() == SUSPENSION_REASONS.keys()
    assert SETTLES.keys() | {"wrongly-suspended"} == RESUMPTION_REASONS.keys()
    assert set(MEANT_BY.values()) == set(SETTLES.values()) == set(SuspensionKind)
    assert all(MEANT_BY[word] == kind for kind, word in KNOWN_AS.items())


def test_kind_and_reason_are_apart(database: Database, counter: Counter, number: str) -> None:
    c.accepted(database, suspension.suspend, counter, c.lost(number, reason="lost-document", kind="lost"))

    (row,) = c.rows(database, b.suspension)
    assert (row.kind, row.reason, row.until, row.fee) == ("lost", "lost-document", None, 0)
    with f.refused(database, BadInput) as tx:
        suspension.suspend(tx, counter, c.lost(number, reason="lost-document", kind="keep"), f.CLERK, f.NOW)


@pytest.mark.parametrize("reason", ["official-order", "abuse", "real-name", "arrears"])
def test_what_the_operator_sets_needs_the_account_alone(
    database: Database, counter: Counter, number: str, reason: str
) -> None:
    done = c.accepted(database, suspension.suspend, counter, by_us(number, reason), actor=_setter(reason))

    assert done.result["kind"] == MEANT_BY[reason]
    assert state(database, number) == ("suspended", reason)
    proved = by_us(number, reason, document_number=c.document(2))
    outcome = c.refused(database, suspension.suspend, counter, proved, actor=_setter(reason))
    assert outcome.code == "authentication-failed", "a proof that is given must be right"
    without = Suspension(reason=reason)
    with f.refused(database, BadInput, match="give the broadband account$") as tx:
        suspension.suspend(tx, counter, without, _setter(reason), f.NOW)


def _setter(reason: str) -> Any:
    return f.CLERK if Role.CLERK in SET_BY[MEANT_BY[reason]] else f.SUPERVISOR


def test_an_official_suspension_keeps_authority_reference_and_the_orders_scan(
    database: Database, counter: Counter, number: str
) -> None:
    asked = by_us(number, "official-order")
    for missing in ({"authority": ""}, {"reference": " "}):
        with f.refused(database, BadInput) as tx:
            suspension.suspend(tx, counter, asked.model_copy(update=missing), f.SUPERVISOR, f.NOW)
    without = asked.model_copy(update={"scans": ()})
    assert c.refused(database, suspension.suspend, counter, without, actor=f.SUPERVISOR).code == "documents-missing"

    done = c.accepted(database, suspension.suspend, counter, asked, actor=f.SUPERVISOR)

    (row,) = c.rows(database, b.suspension)
    assert (row.authority, row.reference, row.set_by) == ("广州市公安局", "穗公通〔2026〕77号", done.operation_id)
    assert [scan.kind for scan in c.rows(database, b.kept_document)] == ["official-order"]
    (section,) = c.slip(database, done).sections
    assert "穗公通〔2026〕77号" in [line.value for line in section.lines]


def test_abuse_needs_a_reference_to_its_evidence(database: Database, counter: Counter, number: str) -> None:
    with f.refused(database, BadInput) as tx:
        suspension.suspend(tx, counter, by_us(number, "abuse", reference=""), f.SUPERVISOR, f.NOW)


def test_each_kind_is_set_by_its_roles_alone(database: Database, counter: Counter, number: str) -> None:
    """挂失 also at 10086; the clerk sets real-name; official, abuse and arrears are the supervisor's."""
    asked = {kind: by_us(number, word) for kind, word in KNOWN_AS.items()}
    asked |= {kind: c.lost(number, reason=KNOWN_AS[kind]) for kind in (SuspensionKind.LOST, SuspensionKind.KEEP)}
    for kind, request in asked.items():
        may = SET_BY[kind]
        for actor in (f.CLERK, f.SUPERVISOR, f.AGENT_10086):
            if actor.role not in may:
                outcome = c.refused(database, suspension.suspend, counter, request, actor=actor)
                assert (outcome.code, kind.label.zh in outcome.reason) == ("other-role", True)
    done = c.accepted(database, suspension.suspend, counter, c.lost(number), actor=f.AGENT_10086)
    assert done.result["kind"] == "lost"


def test_no_other_role_suspends(database: Database, counter: Counter, number: str) -> None:
    refused_roles = f.forbidden(
        database, lambda tx, actor: suspension.suspend(tx, counter, c.lost(number), actor, f.NOW)
    )

    assert refused_roles == f.all_roles_but(Role.CLERK, Role.AGENT_10086, Role.SUPERVISOR)


def test_kinds_overlap_and_the_service_stops_once(database: Database, counter: Counter, number: str) -> None:
    first = c.accepted(database, suspension.suspend, counter, c.lost(number))
    second = c.accepted(database, suspension.suspend, counter, by_us(number, "arrears"), actor=f.SUPERVISOR)
    third = c.accepted(database, suspension.suspend, counter, by_us(number, "abuse"), actor=f.SUPERVISOR)

    assert kinds(database, number) == ["lost", "arrears", "abuse"]
    assert state(database, number) == ("suspended", "abuse"), "the first of the table's order"
    orders = [[port for port, _ in c.effects(database, done)] for done in (first, second, third)]
    assert orders == [["provisioning", "sms"], ["sms"], ["sms"]]
    again = c.refused(database, suspension.suspend, counter, c.lost(number))
    assert (again.code, "挂失" in again.reason) == ("wrong-state", True)


def test_the_accounts_own_words_stay_those_that_the_release_before_reads(
    database: Database, counter: Counter, number: str
) -> None:
    for reason in ("arrears", "abuse", "official-order"):
        c.accepted(database, suspension.suspend, counter, by_us(number, reason), actor=f.SUPERVISOR)
    assert state(database, number) == ("suspended", "official-order")


def test_what_a_process_of_the_release_before_did_is_followed(database: Database, counter: Counter) -> None:
    """It suspends without a row, and resumes with rows left open."""
    one, two = c.in_service(database, counter), c.in_service(database, counter, 2)
    c.suspended(database, one, "lost-password")
    c.accepted(database, suspension.suspend, counter, by_us(one, "arrears"), actor=f.SUPERVISOR)
    assert kinds(database, one) == ["lost", "arrears"]

    c.accepted(database, suspension.suspend, counter, by_us(two, "arrears"), actor=f.SUPERVISOR)
    c.in_service_again(database, two)
    c.accepted(database, suspension.suspend, counter, c.lost(two, 2))
    mine = c.rows(database, b.suspension, b.suspension.c.account_id == c.line(database, two).id)
    assert [(row.kind, row.lifted_for) for row in mine] == [("arrears", "earlier-release"), ("lost", None)]


def test_a_bound_mobile_number_finds_the_account_without_a_document(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=BOUND)

    done = c.accepted(database, suspension.suspend, counter, by_phone(f"+86 {BOUND}"))

    assert done.result["account"] == number


def test_a_bound_number_may_come_with_the_name_of_its_own_account_and_of_no_other(
    database: Database, counter: Counter, number: str
) -> None:
    other = c.in_service(database, counter, 2, plan="family-500", mobile=BOUND)

    outcome = c.refused(database, suspension.suspend, counter, by_phone(account=number))

    assert outcome.code == "mobile-not-bound"
    assert len(c.rows(database, b.authentication_failure)) == 1
    done = c.accepted(database, suspension.suspend, counter, by_phone(account=other.upper()))
    assert done.result["account"] == other


def test_an_unbound_number_is_refused_and_counts_as_a_guess(database: Database, counter: Counter) -> None:
    outcome = c.refused(database, suspension.suspend, counter, by_phone(c.mobile(1)))
    assert outcome.code == "mobile-not-bound"
    assert [row.account_id for row in c.rows(database, b.authentication_failure)] == [None]

    assert c.refused(database, suspension.suspend, counter, by_phone("12345")).code == "bad-mobile"


def test_an_unbound_number_no_longer_finds_the_account(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=BOUND)
    request = Unbinding(account=number, document_number=c.document(), mobile=BOUND, confirm=("plan-voided",))
    c.accepted(database, binding.unbind, counter, request)

    assert c.refused(database, suspension.suspend, counter, by_phone()).code == "mobile-not-bound"


def test_a_number_unbound_at_the_same_moment_finds_nothing(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=BOUND)
    request = Unbinding(account=number, document_number=c.document(), mobile=BOUND, confirm=("plan-voided",))

    given_up, late = c.overtaken(
        database,
        lambda tx: binding.unbind(tx, counter, request, f.CLERK, f.NOW),
        lambda tx: suspension.suspend(tx, counter, by_phone(), f.CLERK, f.NOW),
    )

    assert isinstance(given_up, OperationAccepted)
    assert isinstance(late, OperationRefused)
    assert late.code == "mobile-not-bound"


def test_somebody_elses_document_finds_nothing(database: Database, counter: Counter, number: str) -> None:
    assert c.refused(database, suspension.suspend, counter, c.lost(number, 2)).code == "authentication-failed"


def test_neither_or_both_ways_to_find_the_account_are_bad_input(
    database: Database, counter: Counter, number: str
) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"account": number},
        {"document_number": c.document()},
        {"mobile": BOUND, "account": number, "document_number": c.document()},
    ]
    for told in wrong:
        with f.refused(database, BadInput) as tx:
            suspension.suspend(tx, counter, Suspension(reason="lost-password", **told), f.CLERK, f.NOW)


def test_an_account_that_is_not_there_is_refused_to_the_operator_too(database: Database, counter: Counter) -> None:
    outcome = c.refused(database, suspension.suspend, counter, by_us("KD99999999", "arrears"), actor=f.SUPERVISOR)
    assert outcome.code == "no-such-customer"


def test_a_reason_from_the_list_is_required(database: Database, counter: Counter, number: str) -> None:
    with pytest.raises(ValidationError, match="reason"):
        Suspension(account=number, document_number=c.document())  # type: ignore[call-arg]
    for wrong in (
        c.lost(number, reason="holiday"),
        c.lost(number, reason="arrears-paid"),
        c.lost(number, reason="other"),
        c.lost(number, reason="other", note="  "),
        c.lost(number, note="出差\x00"),
        c.lost(number, months=3),
    ):
        with f.refused(database, BadInput) as tx:
            suspension.suspend(tx, counter, wrong, f.CLERK, f.NOW)


def test_an_open_fault_brings_a_warning_before_the_service_stops(
    database: Database, counter: Counter, script: Script, number: str
) -> None:
    fault = f.fault(database, counter.rulebook, script, number)

    warned = c.refused(database, suspension.suspend, counter, c.lost(number))
    assert (warned.code, fault.number in warned.reason) == ("needs-confirmation", True)

    done = c.accepted(database, suspension.suspend, counter, c.lost(number, confirm=("open-fault",)))
    assert fault.number in c.slip(database, done).warnings[0]


def test_a_line_that_is_not_built_or_has_ended_is_not_suspended(database: Database, counter: Counter) -> None:
    building = c.opened(database, counter, 3)
    outcome = c.refused(database, suspension.suspend, counter, c.lost(building, 3))
    assert (outcome.code, "装机中" in outcome.reason) == ("wrong-state", True)

    number = c.in_service(database, counter)
    c.closed(database, counter, number)
    assert c.refused(database, suspension.suspend, counter, c.lost(number)).code == "wrong-state"


def test_two_clerks_who_report_a_loss_at_once_suspend_it_once(
    database: Database, counter: Counter, number: str
) -> None:
    one, other = c.overtaken(
        database,
        lambda tx: suspension.suspend(tx, counter, c.lost(number), f.CLERK, f.NOW),
        lambda tx: suspension.suspend(tx, counter, c.lost(number, reason="lost-document"), f.CLERK, f.NOW),
    )

    assert isinstance(one, OperationAccepted)
    assert isinstance(other, OperationRefused)
    assert other.code == "wrong-state"
    assert kinds(database, number) == ["lost"]


def test_an_operation_repeated_under_one_key_is_done_once(database: Database, counter: Counter, number: str) -> None:
    outcome = c.done_once(database, suspension.suspend, counter, c.lost(number), c.lost(number, note="另一回事"))

    assert isinstance(outcome, OperationAccepted)


# -- meanwhile -------------------------------------------------------------------------------------


def _meanwhile(database: Database, counter: Counter, number: str) -> dict[str, str | None]:
    """Try every operation on the account; return why each was refused, None: it was not for the suspension."""
    proved: dict[str, Any] = {"account": number, "document_number": c.document()}
    asked: dict[str, tuple[Any, Any]] = {
        "modify": (profile.modify, Modification(**proved, mobile=c.mobile(3))),
        "bind": (binding.bind, Binding(**proved, mobile=c.mobile(5))),
        "rename": (renaming.rename, Renaming(**proved, new_account=c.mobile(6))),
        "transfer": (
            transfer.transfer,
            Transfer(
                **proved,
                new_owner=c.person(2),
                password=c.NEW_PASSWORD,
                scans=tuple(c.scan(kind) for kind in transfer.REQUIRED),
            ),
        ),
        "reset-password": (
            password.reset,
            PasswordReset(**proved, new_password=c.NEW_PASSWORD, scans=(c.scan("owner-document"),)),
        ),
        "close": (closure.close, Closure(**proved, reason="moving")),
    }
    found: dict[str, str | None] = {}
    for name, (operation, request) in asked.items():
        outcome = c.do(database, operation, counter, request)
        found[name] = outcome.reason if isinstance(outcome, OperationRefused) else None
        if name == "rename" and found[name] is None:
            proved["account"] = c.mobile(6)
            asked["close"] = (closure.close, Closure(**proved, reason="moving"))
    return found


@pytest.mark.parametrize(
    ("reason", "impossible"),
    [
        ("official-order", {"bind", "rename", "transfer", "reset-password", "close"}),
        ("abuse", {"bind", "rename", "transfer", "reset-password", "close"}),
        ("real-name", {"bind", "rename", "transfer", "reset-password", "close"}),
        ("lost-password", {"bind", "rename", "transfer", "reset-password", "close"}),
        ("arrears", {"rename", "transfer"}),
        ("customer-request", {"transfer"}),
    ],
)
def test_meanwhile_only_so_much_can_be_done(
    database: Database, counter: Counter, number: str, reason: str, impossible: set[str]
) -> None:
    c.suspended(database, number, reason)
    kind = MEANT_BY[reason].label.zh

    found = _meanwhile(database, counter, number)

    assert {name for name, why in found.items() if why is not None} == impossible
    assert all(kind in why for why in found.values() if why is not None)


def test_closing_an_account_ends_its_suspensions(database: Database, counter: Counter, number: str) -> None:
    c.accepted(database, suspension.suspend, counter, by_us(number, "arrears"), actor=f.SUPERVISOR)

    c.closed(database, counter, number)

    (row,) = c.rows(database, b.suspension)
    assert (row.lifted_for, row.lifted_at) == ("closed", f.NOW)
