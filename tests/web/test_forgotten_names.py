"""Rows with names that the rules and the script in force don't know any more: a team, a finding, evidence, a symptom.

Such rules aren't taken up while tickets need the names. But tickets that have ended keep them, and a process may use
the old rules for a moment longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from dispatch.domain.roles import Grant, Role
from dispatch.domain.ticket import TicketState
from dispatch.errors import BadRules
from dispatch.routing import loader
from dispatch.storage import crew
from dispatch.storage.tables.tickets import hop, rulebook
from dispatch.tickets import intake
from tests import factories as f
from tests.faulty_lines import faulty
from tests.rules_texts import without_data_network
from tests.web.conftest import API, Web
from tests.web.every_route import PATHS, QUERIES, ROUTES

WAITS, CLAIMED, COMES_BACK, ENDED, TRANSFERRED = range(1, 6)
"""Tickets: waiting for the forgotten team, claimed from it, asked for by it, long past it, not yet with any team."""


def number(ticket: int) -> str:
    return f"F{ticket:08}"


@pytest.fixture
def forgetful(small_web: Web) -> Web:
    """The rules without the team `data-network`, other names for `fixed` and `segment`, and a script without
    `no-internet`, while tickets are with that team, or were."""
    web = small_web
    for ticket in (WAITS, CLAIMED, COMES_BACK, ENDED):
        with_data_network(web, ticket)
    f.claimed(web.database, web.rulebook, CLAIMED, f.DATA_NETWORK)
    for ticket in (COMES_BACK, ENDED):
        f.reported(web.database, web.rulebook, ticket, f.DATA_NETWORK, "not-ours", test_result="查不出原因")
    f.claimed(web.database, web.rulebook, COMES_BACK, f.NOC)
    f.archived(web.database, web.rulebook, ENDED)
    f.account(web.database, "GZ9")
    with web.database.write() as tx:
        report = intake.FaultReport("GZ9", "no-internet", "断网", answers=f.NOT_SOLVED[:1])
        made = intake.submit(tx, web.rulebook, web.script, report, f.AGENT_10050, f.NOW)
        intake.transfer(tx, made.ticket_id, "", f.AGENT_10050, f.NOW)
        crew.add(tx, "data-network", "wu", "tianhe")
    assert made.number == number(TRANSFERRED)
    forget(web)
    return web


def with_data_network(web: Web, ticket: int) -> None:
    assert web.fault(f"GZ{ticket}").ticket_id == ticket
    f.reported(web.database, web.rulebook, ticket, f.NOC, "inside-plant", test_result="查不出原因", segment="data")
    f.on_board(web.database, web.rulebook, ticket)


def forget(web: Web) -> None:
    text = without_data_network(web.rulebook.text).replace("fixed", "mended").replace("segment", "section")
    web.rulebook = rules = loader.parse(text, "rules.yaml")
    known = {name: each for name, each in web.script.symptoms.items() if name != "no-internet"}
    web.script = script = replace(web.script, symptoms=known)
    f.put_in_force(web.database, rules)
    vars(web.installation).update(rulebook=lambda: rules, script=lambda: script)


def addresses() -> Iterator[str]:
    """The address of each page and each answer, about each of the tickets, hops and teams."""
    for route in ROUTES:
        if route.method != "GET" or route.path.endswith(("/changes", "/metrics")):
            continue
        for ticket in range(1, TRANSFERRED + 1) if {"{ticket}", "{hop}"} & set(route.path.split("/")) else (1,):
            for team in ("noc", "data-network") if "{team}" in route.path else ("noc",):
                for seq in (1, 2) if "{hop}" in route.path else (1,):
                    names = {"ticket": number(ticket), "hop": f"{number(ticket)}-{seq}", "team": team}
                    yield route.path.format(**PATHS | names) + QUERIES.get(route.operation_id, "")
    yield from (f"/teams/{team}?state={state}" for team in ("data-network", "no-such") for state in ("waiting", "held"))


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AGENT_10086])
def test_no_page_and_no_answer_fails_for_a_name_that_is_forgotten(forgetful: Web, role: Role) -> None:
    client = forgetful.browser("gao", Grant(role, None))
    answers = {url: client.get(url, follow_redirects=False).status_code for url in addresses()}
    assert {url: status for url, status in answers.items() if status >= 500} == {}
    assert answers[f"/tickets/{number(ENDED)}"] == 200


def test_pages_show_the_forgotten_names_as_they_are(forgetful: Web) -> None:
    supervisor = forgetful.browser("gao", Grant(Role.SUPERVISOR, None))
    journey = supervisor.get(f"/tickets/{number(ENDED)}").text
    assert "data-network" in journey or "网络维护·数据" in journey, "the words of the rules that decided it"
    assert "no-internet" in journey
    listed = supervisor.get("/tickets").text
    assert "data-network" in listed
    assert "data-network" in supervisor.get("/wall").text


def test_a_forgotten_teams_tickets_are_the_supervisors_who_see_its_board_and_pass_them_on(forgetful: Web) -> None:
    supervisor = forgetful.browser("gao", Grant(Role.SUPERVISOR, None))
    assert '<a href="/teams/data-network">' in supervisor.get("/admin/teams").text
    for ticket, to in ((WAITS, "noc"), (CLAIMED, "transmission")):
        hop = f"{number(ticket)}-2"
        assert hop in supervisor.get("/teams/data-network").text
        assert f'value="{to}"' in supervisor.get(f"/teams/data-network/hops/{hop}").text
        passed = supervisor.post(f"{API}/hops/{hop}/pass-on", json={"to": to, "reason": "班组已撤销"})
        assert passed.status_code == 200, passed.text
        live = f.live(forgetful.database, ticket)
        assert live is not None
        assert live.team == to
    assert supervisor.get("/teams/data-network").status_code == 404, "nothing is with it any more"


def test_a_forgotten_teams_board_is_nobody_elses(forgetful: Web) -> None:
    clerk = forgetful.program("sun", Role.TRANSMISSION)
    assert clerk.get(f"{API}/teams/data-network/board").status_code == 404
    assert "data-network" not in [each["name"] for each in clerk.get(f"{API}/teams").json()["items"]]


@pytest.mark.parametrize("act", ["claim", "report"])
def test_one_forgotten_hop_among_twenty_is_refused_by_itself_and_in_words(small_web: Web, act: str) -> None:
    web = small_web
    with_data_network(web, 1)
    others = list(range(2, 21))
    for _, account in zip(others, faulty(), strict=False):
        web.on_board(account)
    if act == "report":
        f.claimed(web.database, web.rulebook, 1, f.DATA_NETWORK)
        for ticket in others:
            f.claimed(web.database, web.rulebook, ticket, f.NOC)
    forget(web)
    hops = [number(ticket) for ticket in (1, *others)]
    report = {"finding": "mended", "evidence": {"cause": "fibre"}}
    asked = {f"{act}s": [{"hop": hop} | (report if act == "report" else {}) for hop in hops]}
    done = web.program("zhao", Role.NOC).post(f"{API}/hops/{act}", json=asked).json()
    assert [each["hop"] for each in done["refused"]] == [number(1)]
    assert done["refused"][0]["problem"]["detail"]
    assert len(done["done"]) == len(others)


def test_the_team_that_asked_is_forgotten_and_its_visit_goes_back_to_the_supervisor(forgetful: Web) -> None:
    noc = forgetful.program("zhao", Role.NOC)
    done = noc.post(f"{API}/hops/{number(COMES_BACK)}/hand-back", json={"reason": "请再看"})
    assert done.status_code == 200, done.text
    live = f.live(forgetful.database, COMES_BACK)
    assert live is not None
    assert live.team == forgetful.rulebook.limits.then


def test_a_transferred_report_whose_symptom_left_the_script_is_dispatched(forgetful: Web) -> None:
    agent = forgetful.browser("he", Grant(Role.AGENT_10086, None))
    page = agent.get(f"/tickets/{number(TRANSFERRED)}/take-over")
    assert page.status_code == 200
    assert "需要派单" in page.text
    done = agent.post(f"{API}/tickets/{number(TRANSFERRED)}/take-over", json={"answers": []})
    assert done.status_code == 200, done.text
    row = f.ticket(forgetful.database, TRANSFERRED)
    assert row.state == TicketState.OPEN
    assert [tuple(each) for each in row.script] == list(f.NOT_SOLVED[:1]), "what was said at 10050 stays"
    assert row.category == "network"


def test_a_ticket_whose_rules_this_release_cannot_read_is_shown_and_explained_without_them(small_web: Web) -> None:
    """An earlier release took an area that YAML reads as a number; this one refuses such a file."""
    small_web.on_board()
    odd = "{when: {area: 0755}, to: noc}\n      - {name: otherwise, to: noc}"
    text = small_web.rulebook.text.replace("{name: otherwise, to: noc}", odd, 1)
    with pytest.raises(BadRules):
        loader.parse(text, "rules.yaml")
    with small_web.database.write() as tx:
        tx.execute(insert(rulebook).values(version="0" * 12, text=text, in_force_from=f.NOW, place=0))
        tx.execute(update(hop).values(rulebook="0" * 12))
    small_web.installation.rules.get()
    supervisor = small_web.browser("gao", Grant(Role.SUPERVISOR, None))
    page = supervisor.get(f"/tickets/{number(1)}")
    assert page.status_code == 200
    assert "这一版规则由早先的程序采用，本程序读不出" in page.text
    told = supervisor.get(f"{API}/tickets/{number(1)}/explanation").json()["hops"]
    assert [(each["to"], each["rules_version"]) for each in told] == [("noc", "0" * 12)]
    assert supervisor.get(f"{API}/rules/{'0' * 12}").json()["text"] == text
    assert told[0]["because"] == "an earlier release took these rules, this one can't read them"


def test_boards_and_tickets_are_shown_when_there_was_never_a_good_script(forgetful: Web) -> None:
    def script() -> None:
        raise BadRules(file="prehandling.yaml", faults=[])

    vars(forgetful.installation).update(script=script)
    supervisor = forgetful.browser("gao", Grant(Role.SUPERVISOR, None))
    for page in ("/teams/noc", "/tickets", f"/tickets/{number(COMES_BACK)}"):
        assert supervisor.get(page).status_code == 200
