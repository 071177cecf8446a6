"""佐证 What a finding must show before its report is taken, by rows; who may override; where no test was possible."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from dispatch.domain.account import AccountState
from dispatch.domain.effect import lane_of
from dispatch.domain.finding import Value
from dispatch.domain.roles import Actor, Role
from dispatch.domain.ticket import HopState
from dispatch.errors import BadEvidence, BadInput, DispatchError, EvidenceUnmet, IllegalMove, NotAllowed, NotYours
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.wording import Words
from dispatch.storage import archive, effects, hops
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.tickets import closing, evidence_check, handling
from dispatch.tickets.handling import Report
from dispatch.tickets.line_tests import note
from tests import factories as f
from tests.factories import NOW, refused

GOOD = {"optical_power": -19.5, "online": True, "suspect": "none"}
DARK = {"optical_power": -39.0, "online": False, "suspect": "outside-plant"}
OFFLINE = {"optical_power": -19.0, "online": False, "suspect": "inside-plant"}
CHIEF = Actor("gao", Role.SUPERVISOR)
REASON = "测试仪在检修，已电话核实"
LATER = NOW + timedelta(hours=1)


class Case:
    """A fault or a construction order on its way through the teams."""

    def __init__(self, database: Database, rulebook: Rulebook, ticket: int) -> None:
        self.database, self.rulebook, self.ticket = database, rulebook, ticket

    def at(self, actor: Actor, tested: Mapping[str, Any] | None = None) -> int:
        """Put the live hop on its board, tested as given, and into the actor's hands; its id."""
        hop_id = f.on_board(self.database, self.rulebook, self.ticket, LATER)
        if tested is not None:
            with self.database.write() as tx:
                row = hops.lock(tx, [hop_id])[hop_id]
                note(tx, [row], {row.account: tested}, LATER)
        return f.claimed(self.database, self.rulebook, self.ticket, actor, LATER)

    def report(self, finding: str, actor: Actor, test: Mapping[str, Any] | None = None, **evidence: Any) -> None:
        hop_id = f.live_id(self.database, self.ticket)
        given = {name.replace("_", "-"): value for name, value in evidence.items()}
        with self.database.write() as tx:
            handling.end(tx, self.rulebook, Report(hop_id, actor, finding, given, line_test=test), LATER)

    def refusal(self, finding: str, actor: Actor, test: Mapping[str, Any] | None = None, **evidence: Any) -> str:
        """What a refused report is told, in Chinese. Nothing is done."""
        before = f.dump(self.database)
        with pytest.raises(EvidenceUnmet) as wrong:
            self.report(finding, actor, test, **evidence)
        assert wrong.value.code == "evidence-unmet"
        assert f.dump(self.database) == before
        return wrong.value.sentence("zh")

    def to(self, *steps: tuple[Actor, str, Mapping[str, Value]]) -> Case:
        """Take the case on by these reports."""
        for actor, finding, evidence in steps:
            f.reported(self.database, self.rulebook, self.ticket, actor, finding, LATER, **evidence)
        return self

    @property
    def team(self) -> str | None:
        row = f.live(self.database, self.ticket)
        return None if row is None else row.team

    def last(self, act: str) -> Mapping[str, Any]:
        """The detail of the ticket's last act of this name."""
        return [row for row in f.acts(self.database, self.ticket) if row.act == act][-1].detail


@pytest.fixture
def fault(database: Database, in_force: Rulebook, script: Script) -> Case:
    return Case(database, in_force, f.fault(database, in_force, script).ticket_id)


@pytest.fixture
def order(database: Database, in_force: Rulebook) -> Case:
    return Case(database, in_force, f.order(database, in_force))


OUTSIDE = (f.NOC, "outside-plant", {"test_result": "收光持续偏低"})
INSIDE = (f.NOC, "inside-plant", {"test_result": "光路丢包严重", "segment": "optical-path"})
DATA = (f.NOC, "inside-plant", {"test_result": "网关不通已复测", "segment": "data"})
CONFIRMED: dict[str, Any] = {"customer_confirmed": True}


def test_a_report_with_minus_39_dbm_is_refused_with_the_bound_and_what_to_do(fault: Case) -> None:
    fault.to(OUTSIDE).at(f.INSTALLER)
    told = fault.refusal("fixed-on-site", f.INSTALLER, GOOD, cause="power", optical_power=-39, **CONFIRMED)
    assert told == "佐证不符：收光功率应在 −27 … −8 dBm 之间，实为 −39 dBm。请复核，或回其他结论。"


def test_a_report_that_the_customer_does_not_confirm_is_refused(fault: Case) -> None:
    fault.to(OUTSIDE).at(f.INSTALLER)
    told = fault.refusal("fixed-on-site", f.INSTALLER, GOOD, cause="power", optical_power=-19, customer_confirmed=False)
    assert told == "佐证不符：客户当面确认应为“是”，实为 否。请先办到，或回其他结论。"


def test_everything_that_is_unmet_is_told_at_once_in_both_languages(fault: Case) -> None:
    fault.to(OUTSIDE).at(f.INSTALLER)
    with pytest.raises(EvidenceUnmet) as wrong:
        fault.report("fixed-on-site", f.INSTALLER, DARK, cause="fibre", optical_power=-39, customer_confirmed=False)
    english = wrong.value.sentence("en")
    for each in ("−27 … −8 dBm, is −39 dBm", "must be yes, is no", "is −39.0 dBm, offline", "Photos: at least 1, is 0"):
        assert each in english, english


@pytest.mark.parametrize("test", [DARK, OFFLINE])
def test_fixed_by_noc_needs_a_passed_test_after_the_claim(fault: Case, test: Mapping[str, Any]) -> None:
    fault.at(f.NOC, GOOD)  # the test before the claim passed
    assert "回单时的线路测试应为“通过”" in fault.refusal("fixed", f.NOC, test, cause="configuration")
    fault.report("fixed", f.NOC, GOOD, cause="configuration")
    assert fault.team == "archive"
    assert fault.last("line test")["found"] == GOOD
    assert "unverified" not in fault.last("report")


def test_a_second_blind_fixed_is_refused_too(database: Database, in_force: Rulebook, fault: Case) -> None:
    fault.at(f.NOC)
    fault.report("fixed", f.NOC, GOOD, cause="configuration")
    f.on_board(database, in_force, fault.ticket, LATER)
    with database.write() as tx:
        closing.answer_by_phone(tx, in_force, fault.ticket, "not-fixed", f.AGENT_10086, LATER)
    fault.at(f.NOC)
    assert "线路测试应为“通过”" in fault.refusal("fixed", f.NOC, DARK, cause="configuration")


def test_a_line_tested_again_after_the_claim_counts_without_a_test_of_the_report(
    database: Database, in_force: Rulebook, fault: Case
) -> None:
    f.untested(database, in_force, fault.ticket)
    hop_id = f.claimed(database, in_force, fault.ticket, f.NOC)
    f.tested_again(database, hop_id, LATER)
    fault.report("fixed", f.NOC, None, cause="configuration")
    assert "unverified" not in fault.last("report")


def test_where_no_test_is_possible_the_report_passes_and_is_marked(
    database: Database, in_force: Rulebook, fault: Case
) -> None:
    fault.at(f.NOC)
    fault.report("fixed", f.NOC, None, cause="configuration")
    assert fault.last("report")["unverified"] == ["line-test"]
    f.on_board(database, in_force, fault.ticket, LATER)
    assert [
        entry["detail"].get("unverified") for entry in record(database, fault.ticket) if entry["act"] == "report"
    ] == [["line-test"]]


def record(database: Database, ticket: int) -> list[dict[str, Any]]:
    """The history in the ticket's archive record."""
    with database.read() as tx:
        history: list[dict[str, Any]] = json.loads(archive.records(tx, ticket)[-1].content)["history"]
    return history


def test_fixed_by_system_support_needs_a_line_in_service_or_suspended_and_confirmed_effects(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    case = Case(database, in_force, f.fault(database, in_force, script, category="system").ticket_id)
    case.at(f.SYSTEM_SUPPORT)
    with database.write() as tx:
        account_id = tx.execute(select(b.account.c.id)).scalar_one()
        effects.insert_effects(tx, [order_for(account_id)])
    told = case.refusal("fixed", f.SYSTEM_SUPPORT, cause="account")
    assert told.startswith("佐证不符：账号的外部动作应为“已确认”，实为 未确认。")
    with database.write() as tx:
        tx.execute(update(b.effect).values(confirmed_at=NOW, state="confirmed", wake_at=None))
        tx.execute(update(b.account).values(state=AccountState.SUSPENDED, suspended_for="arrears"))
    case.report("fixed", f.SYSTEM_SUPPORT, cause="account")
    assert case.team == "archive"


def order_for(account_id: int) -> dict[str, Any]:
    """An order to the provisioning system that it hasn't confirmed."""
    return {"port": "provisioning", "key": "resume/1", "lane": lane_of(account_id), "payload": {}, "made_at": NOW}


@pytest.mark.parametrize(("located", "actor"), [(INSIDE, f.TRANSMISSION), (DATA, f.DATA_NETWORK)])
@pytest.mark.parametrize("cause", ["customer-premises", "account"])
def test_transmission_and_data_mend_nothing_at_the_customer_or_in_the_account(
    fault: Case, located: Any, actor: Actor, cause: str
) -> None:
    fault.to(located).at(actor)
    assert "故障原因应不为“用户端设备”或“账号资料”" in fault.refusal("fixed", actor, cause=cause)
    fault.report("fixed", actor, cause="equipment")
    assert fault.team == "noc"


@pytest.mark.parametrize("cause", ["fibre", "connector", "equipment"])
def test_a_mended_fibre_connector_or_equipment_needs_a_photo(database: Database, fault: Case, cause: str) -> None:
    hop_id = fault.to(OUTSIDE).at(f.INSTALLER)
    told = fault.refusal("fixed-on-site", f.INSTALLER, GOOD, cause=cause, optical_power=-19, **CONFIRMED)
    assert told == "佐证不符：照片应不小于 1 张，实为 0 张。请先上传照片。"
    f.photo(database, hop_id)
    fault.report("fixed-on-site", f.INSTALLER, GOOD, cause=cause, optical_power=-19, **CONFIRMED)


@pytest.mark.parametrize("power", [-27, -8])
def test_the_bounds_belong_to_what_is_taken(fault: Case, power: float) -> None:
    fault.to(OUTSIDE).at(f.INSTALLER)
    fault.report("fixed-on-site", f.INSTALLER, GOOD, cause="power", optical_power=power, **CONFIRMED)
    assert fault.team == "archive"


def test_nothing_found_needs_a_remark(fault: Case) -> None:
    fault.at(f.NOC)
    assert fault.refusal("fixed", f.NOC, GOOD, cause="none-found").startswith("佐证不符：说明应不少于 1 个字，未填")
    fault.report("fixed", f.NOC, GOOD, cause="none-found", remark="复测正常")


@pytest.mark.parametrize("finding", ["inside-plant", "outside-plant"])
def test_a_plant_fault_needs_five_characters_and_a_line_that_is_not_normal(fault: Case, finding: str) -> None:
    more: dict[str, Any] = {"segment": "data"} if finding == "inside-plant" else {}
    fault.at(f.NOC, GOOD)
    told = fault.refusal(finding, f.NOC, test_result="没有光", **more)
    assert "测试情况应不少于 5 个字，实为 没有光" in told
    assert "最近一次线路测试应不为“正常”，实为 −19.5 dBm，在线" in told


@pytest.mark.parametrize("symptom", ["slow", "drops"])
def test_a_slow_or_dropping_line_may_be_normal_when_it_is_tested(
    database: Database, in_force: Rulebook, script: Script, symptom: str
) -> None:
    case = Case(database, in_force, f.fault(database, in_force, script, symptom=symptom).ticket_id)
    case.at(f.NOC, GOOD)
    case.report("outside-plant", f.NOC, test_result="收光持续偏低")
    assert case.team == "installer"


def test_a_dark_line_is_no_system_fault(fault: Case) -> None:
    fault.at(f.NOC, DARK)
    told = fault.refusal("system-fault", f.NOC, test_result="认证失败")
    assert told.endswith("线路无光或光弱：请先查线路。")


def test_a_line_fault_needs_its_place_and_a_photo_and_no_light(database: Database, fault: Case) -> None:
    hop_id = fault.to(OUTSIDE).at(f.INSTALLER)
    told = fault.refusal("line-fault", f.INSTALLER, location="楼下")
    assert "障碍地点应不少于 4 个字" in told
    assert "照片应不小于 1 张" in told
    f.photo(database, hop_id)
    fault.report("line-fault", f.INSTALLER, location="3号交接箱")
    assert fault.team == "transmission"


def test_without_light_a_routing_fault_is_a_line_fault(fault: Case) -> None:
    fault.to(OUTSIDE).at(f.INSTALLER)
    told = fault.refusal("routing-fault", f.INSTALLER, test_result="网关不通", optical_power=-28)
    assert told.endswith("收光不正常的请回“管线故障”。")


def test_not_ours_needs_five_characters_and_the_second_time_the_supervisor_decides(fault: Case) -> None:
    fault.to(OUTSIDE).at(f.INSTALLER)
    assert "不少于 5 个字" in fault.refusal("not-ours", f.INSTALLER, test_result="正常")
    fault.report("not-ours", f.INSTALLER, test_result="皮线收光正常")
    assert fault.team == "noc"
    fault.to(OUTSIDE).at(f.INSTALLER)
    fault.report("not-ours", f.INSTALLER, test_result="皮线收光正常")
    assert fault.team == "supervisor"


def test_what_the_supervisor_settles_needs_ten_characters_and_is_marked(fault: Case) -> None:
    fault.to(OUTSIDE, (f.INSTALLER, "not-ours", {"test_result": "皮线收光正常"}))
    fault.to(OUTSIDE, (f.INSTALLER, "not-ours", {"test_result": "皮线收光正常"})).at(f.SUPERVISOR)
    assert "不少于 10 个字" in fault.refusal("settled", f.SUPERVISOR, cause="equipment", remark="已处理")
    fault.report("settled", f.SUPERVISOR, cause="equipment", remark="更换局端板卡后客户恢复")
    assert fault.last("report")["unverified"] == ["finding"]


def test_an_installation_needs_2_db_to_spare_a_photo_and_nine_tenths_of_the_speed(
    database: Database, order: Case
) -> None:
    hop_id = order.at(f.BUILDER)
    ont = f.carried(database, f.BUILDER.name)
    given: dict[str, Any] = {"device_serial": ont, "customer_confirmed": False}
    told = order.refusal("installed", f.BUILDER, optical_power=-25.1, speed_test=269, **given)
    for each in (
        "收光功率应在 −25 … −8 dBm 之间",
        "照片应不小于 1 张",
        "应为“是”",
        "网线测速应不小于 270 Mbit/s（签约速率 300 Mbit/s），实为 269 Mbit/s",
    ):
        assert each in told, told
    f.photo(database, hop_id)
    order.report("installed", f.BUILDER, optical_power=-25, speed_test=270, device_serial=ont, **CONFIRMED)
    assert order.team == "activation"


def test_a_share_of_a_speed_that_is_not_known_passes_with_a_mark(database: Database, order: Case) -> None:
    f.photo(database, order.at(f.BUILDER))
    with database.write() as tx:
        tx.execute(update(b.enrolment).values(terms={}))
    ont = f.carried(database, f.BUILDER.name)
    order.report("installed", f.BUILDER, optical_power=-20, speed_test=1, device_serial=ont, **CONFIRMED)
    assert order.last("report")["unverified"] == ["speed-test"]


@pytest.mark.parametrize("cause", ["no-way-for-cable", "no-entry", "wrong-address"])
def test_what_cannot_be_built_at_the_place_needs_a_photo(database: Database, order: Case, cause: str) -> None:
    hop_id = order.at(f.BUILDER)
    assert "照片应不小于 1 张" in order.refusal("construction-failed", f.BUILDER, failure_cause=cause)
    f.photo(database, hop_id)
    order.report("construction-failed", f.BUILDER, failure_cause=cause)
    assert order.team == "refund-desk"


def test_a_customer_is_unreachable_after_two_calls_two_hours_apart(order: Case) -> None:
    order.at(f.BUILDER)
    unreachable: dict[str, Any] = {"failure_cause": "customer-unreachable"}
    assert "联系客户次数应不小于 2，未填" in order.refusal("construction-failed", f.BUILDER, **unreachable)
    told = order.refusal("construction-failed", f.BUILDER, calls=2, hours_between_calls=1.9, **unreachable)
    assert "首末次联系相隔应不小于 2 h" in told
    order.report("construction-failed", f.BUILDER, calls=2, hours_between_calls=2, **unreachable)


def test_no_port_is_taken_only_of_a_full_port(database: Database, order: Case) -> None:
    order.at(f.BUILDER)
    told = order.refusal("construction-failed", f.BUILDER, failure_cause="no-port")
    assert told.startswith("佐证不符：账号的端口应为“已满”，实为 有空位。")
    with database.write() as tx:
        tx.execute(update(b.pon_port).values(used=64))
    order.report("construction-failed", f.BUILDER, failure_cause="no-port")


def test_another_reason_not_to_build_needs_a_remark(order: Case) -> None:
    order.at(f.BUILDER)
    assert "说明应不少于 1 个字，未填" in order.refusal("construction-failed", f.BUILDER, failure_cause="other")
    order.report("construction-failed", f.BUILDER, failure_cause="other", remark="整栋楼停电检修")


# -- the supervisor's override -------------------------------------------------------------------------


def overriding(case: Case, actor: Actor = CHIEF, reason: str = REASON, **evidence: Value) -> Report:
    bad: dict[str, Value] = {"cause": "power", "optical-power": -39.0, "customer-confirmed": True}
    given = bad | evidence
    return Report(f.live_id(case.database, case.ticket), actor, "fixed-on-site", given, line_test=GOOD, override=reason)


def test_a_supervisor_overrides_with_a_reason_that_stands_in_the_history_and_the_archive(
    database: Database, in_force: Rulebook, fault: Case
) -> None:
    fault.to(OUTSIDE).at(f.INSTALLER)
    with database.write() as tx:
        handling.end(tx, in_force, overriding(fault), LATER)
    assert fault.team == "archive"
    f.on_board(database, in_force, fault.ticket, LATER)
    for entries in (
        [(row.act, row.actor, row.on_behalf_of, row.detail) for row in f.acts(database, fault.ticket)],
        [(e["act"], e["actor"], e["on_behalf_of"], e["detail"]) for e in record(database, fault.ticket)],
    ):
        (overridden,) = [entry for entry in entries if entry[0] == "override"]
        assert overridden[1:3] == ("gao", "li.wei")
        assert (overridden[3]["reason"], overridden[3]["finding"]) == (REASON, "fixed-on-site")
        assert [each["name"] for each in overridden[3]["unmet"]] == ["optical-power"]
        (reported,) = [entry for entry in entries if entry[0] == "report" and entry[3]["finding"] == "fixed-on-site"]
        assert reported[1:3] == ("gao", "li.wei")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"actor": f.INSTALLER}, NotAllowed),
        ({"actor": f.NOC}, NotAllowed),
        ({"actor": f.SUPPORT}, NotAllowed),
        ({"actor": Actor("li.wei", Role.SUPERVISOR)}, NotAllowed),  # the holder in another role
        ({"actor": Actor("LI.Wei", Role.SUPERVISOR)}, NotAllowed),
        ({"reason": "已核实"}, BadInput),
        ({"reason": " 一二三四五六七八九 "}, BadInput),
        ({"optical-power": -19.0}, BadInput),  # nothing to override
        ({"optical-power": -41.0}, BadEvidence),  # the form stands
        ({"cause": "witchcraft"}, BadEvidence),
    ],
)
def test_an_override_is_a_supervisors_of_another_with_ten_characters_and_not_for_the_form(
    database: Database, in_force: Rulebook, fault: Case, change: dict[str, Any], error: type[DispatchError]
) -> None:
    fault.to(OUTSIDE).at(f.INSTALLER)
    evidence = {name: value for name, value in change.items() if name not in ("actor", "reason")}
    report = overriding(fault, change.get("actor", CHIEF), change.get("reason", REASON), **evidence)
    with refused(database, error) as tx:
        handling.end(tx, in_force, report, LATER)


def test_nobodys_hop_is_not_reported_by_an_override_nor_another_holders(
    database: Database, in_force: Rulebook, fault: Case
) -> None:
    fault.to(OUTSIDE)
    f.on_board(database, in_force, fault.ticket)
    with refused(database, IllegalMove) as tx:
        handling.end(tx, in_force, overriding(fault), LATER)
    fault.at(f.INSTALLER)
    with refused(database, NotYours) as tx:
        handling.end(tx, in_force, replace(overriding(fault), on_behalf_of="ma.jun"), LATER)


# -- the test before the report ------------------------------------------------------------------------


class LineTests:
    def __init__(self, result: Mapping[str, Any] | OSError) -> None:
        self.result = result
        self.asked: list[tuple[tuple[str, ...], str | None]] = []

    def test(self, accounts: Any, *, mended_by: str | None = None) -> Any:
        self.asked.append((tuple(accounts), mended_by))
        if isinstance(self.result, OSError):
            raise self.result
        return dict.fromkeys(accounts, self.result)


def test_only_lines_whose_finding_asks_for_it_are_tested_before_a_report(
    database: Database, in_force: Rulebook, fault: Case
) -> None:
    hop_id = fault.at(f.NOC)
    tester: Any = LineTests(GOOD)
    assert evidence_check.measure(database, in_force, tester, {hop_id: "outside-plant"}) == {}
    assert tester.asked == []
    assert evidence_check.measure(database, in_force, tester, {hop_id: "fixed"}) == {hop_id: GOOD}
    assert tester.asked == [(("GZ1",), "noc")]
    away: Any = LineTests(TimeoutError())
    assert evidence_check.measure(database, in_force, away, {hop_id: "fixed"}) == {}


def test_a_hop_in_nobodys_hands_is_not_tested(database: Database, in_force: Rulebook, fault: Case) -> None:
    hop_id = f.on_board(database, in_force, fault.ticket)
    tester: Any = LineTests(GOOD)
    assert evidence_check.measure(database, in_force, tester, {hop_id: "fixed"}) == {}
    assert f.hop(database, hop_id).state == HopState.WAITING


def test_what_is_required_is_shown_beforehand_with_how_it_is_now(
    database: Database, in_force: Rulebook, order: Case
) -> None:
    order.at(f.BUILDER)
    with database.read() as tx:
        [row] = hops.read(tx, [f.live_id(database, order.ticket)])
        shown = evidence_check.shown_beforehand(tx, Words(in_force), row)
    said = {each.name: each for each in shown["installed"]}
    assert said["speed-test"].said.zh == "网线测速应不小于 270 Mbit/s（签约速率 300 Mbit/s）"
    assert (said["photos"].met, said["photos"].now and said["photos"].now.zh) == (False, "0 张")
    port = next(each for each in shown["construction-failed"] if each.name == "port")
    assert (port.when and port.when.zh, port.met) == ("未能施工的原因为“无可用端口”时", False)
