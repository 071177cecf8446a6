"""The permission matrix: role × operation × team × area × state × field, every cell of it, and every route in it.

The expected values are written here by hand from the source document, not taken from the tables under test.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from dispatch.domain.roles import HELD_BY_PEOPLE, Grant, Role
from dispatch.domain.ticket import HopState, TicketState
from dispatch.routing.rulebook import Rulebook
from dispatch.web import server_events
from dispatch.web.api import health
from dispatch.web.app import PAGES, RESOURCES
from dispatch.web.pages.routes import Pages
from dispatch.web.policy import POLICIES, Audience, GuardedField, Permission, Subject, Target, decide, shows
from dispatch.web.routes import Api
from tests.web.conftest import Web
from tests.web.every_route import ROUTES, ask, nothing_written

LETTERS = {
    "C": Role.CLERK,
    "M": Role.COMMUNITY_MANAGER,
    "5": Role.AGENT_10050,
    "8": Role.AGENT_10086,
    "N": Role.NOC,
    "S": Role.SYSTEM_SUPPORT,
    "T": Role.TRANSMISSION,
    "D": Role.DATA_NETWORK,
    "I": Role.INSTALLER,
    "W": Role.NETWORK_SERVICE_SUPPORT,
    "B": Role.CONSTRUCTION,
    "V": Role.SUPERVISOR,
    "O": Role.OPS,
    "A": Role.ADMINISTRATOR,
}
EVERYBODY = "CM58NSTDIWBVOA"
NONE = ""
ANYBODY = "anybody"
MACHINE = "machine"
SIGNED = "signed"

BY_ROLE = {
    "ask for health": ANYBODY,
    "see the schema": ANYBODY,
    "sign in": ANYBODY,
    "see a survey": ANYBODY,
    "answer a survey": ANYBODY,
    "take an answer back": ANYBODY,
    "read metrics": MACHINE,
    "tell of billing": SIGNED,
    "see one's session": ANYBODY,
    "sign out": ANYBODY,
    "change one's password": ANYBODY,
    "have tokens": ANYBODY,
    "follow the script": "CM58",
    "see warnings": "CM58",
    "submit": "CM58",
    "transfer": "5",
    "refer": "58",
    "take over": "8",
    "see transfers": "8V",
    "take next call": "8",
    "take call": "8",
    "hang up": "8",
    "refer callers": "58",
    "see referrals": "58V",
    "urge": "CM58V",
    "withdraw": "CM8V",
    "answer by phone": NONE,
    "see callbacks": "8",
    "call a customer": NONE,
    "see requests": "WV",
    "see opinions": "V",
    "complain": "CM8",
    "compensate": "CM8V",
    "see complaints": "CM8V",
    "call about a complaint": "CM8V",
    "see who is listed": "V",
    "list tickets": "CM58NSTDIWBVO",
    "see a ticket": "CM58NSTDIWBVO",
    "see a hop": "CM58NSTDIWBVO",
    "claim": NONE,
    "report": NONE,
    "override": "V",
    "pass on": "V",
    "hand back": NONE,
    "give back": NONE,
    "hold": NONE,
    "resume": NONE,
    "agree on visit": NONE,
    "set out": NONE,
    "release": "VO",
    "see the quarantine": "VO",
    "account register-demand": "CM8",
    "account open": "C",
    "account transfer": "C",
    "account settle-preview": "C",
    "account close": "C",
    "account suspend": "C8V",
    "account resume": "CV",
    "account change-password": "C",
    "account reset-password": "C",
    "account view": "CM8",
    "account modify": "C",
    "account bind": "C",
    "account unbind": "C",
    "account bindings": "C",
    "account contact": "CM",
    "account appoint": "CM",
    "account refund": "CM",
    "account rename": "C",
    "account change-plan": "C",
    "account devices": "C",
    "account return-device": "C",
    "account lose-device": "C",
    "account send-code": "C",
    "account move": "C",
    "find customers": "CM58V",
    "list operations": "CMV",
    "see slips": "CMV",
    "sign slips": "CMV",
    "see failed orders": "CM",
    "list accounts": "CMVO",
    "add accounts": "CO",
    "search": "CM58NSTDIWBVO",
    "search addresses": "CM8V",
    "see addresses": "CMVOW",
    "see demands": "CMVOW",
    "see who asked": "MVOW",
    "notify": "MVOW",
    "end": "MVOW",
    "export who asked": "O",
    "ask for approval": "CM8V",
    "see approvals": "CM8V",
    "decide approvals": "V",
    "see devices": "VOW",
    "hand out": "W",
    "take in": "W",
    "lose": "OW",
    "scrap": "OW",
    "see plans": "CM58VO",
    "see effects": "VO",
    "release effects": "VO",
    "add a photo": NONE,
    "see photos": "CM58NSTDIWBV",
    "add a scan": "CMV",
    "see teams": EVERYBODY,
    "see a board": "VO",
    "see a crew": "VO",
    "add to a crew": "V",
    "see rules": EVERYBODY,
    "try rules": EVERYBODY,
    "see figures": "VO",
    "manage users": "A",
    "see the audit trail": "A",
}
"""The roles that may do the operation for any team."""

MEMBERS = {
    "noc": "N",
    "system-support": "S",
    "installer": "I",
    "transmission": "T",
    "data-network": "D",
    "construction": "BI",
    "supervisor": "V",
    "complaints": "V",
    "complaint-review": "V",
    "provisioning": NONE,
    "activation": NONE,
    "refund-desk": "CM",
    "archive": NONE,
    "callback-survey": "8",
}
FILERS = {"installer": "W", "construction": "W"}
AUTOMATIC = {"provisioning", "activation", "refund-desk", "archive", "callback-survey"}

BY_MEMBERS = {
    "claim",
    "report",
    "pass on",
    "hand back",
    "give back",
    "hold",
    "resume",
    "agree on visit",
    "set out",
    "add a photo",
    "answer by phone",
    "call a customer",
    "see a board",
    "see a crew",
}
BY_FILERS = {"claim", "report", "pass on", "hand back", "give back", "add a photo", "see a board", "see a crew"}
ONLY_BY_PEOPLE = {
    "claim",
    "report",
    "pass on",
    "hand back",
    "give back",
    "hold",
    "resume",
    "add a photo",
    "agree on visit",
    "set out",
}
"""Operations that nobody may do on an automatic team's work."""

SEES_EVERY_TICKET = "CM58VO"

STATES = {
    "claim": {"waiting"},
    "report": {"claimed"},
    "override": {"claimed"},
    "pass on": {"waiting", "claimed", "held"},
    "hand back": {"claimed"},
    "give back": {"claimed"},
    "hold": {"claimed"},
    "agree on visit": {"claimed"},
    "set out": {"claimed"},
    "resume": {"held"},
    "add a photo": {"claimed", "held"},
    "release": {"quarantined"},
    "transfer": {"reported"},
    "refer": {"reported", "transferred"},
    "take over": {"reported", "transferred"},
    "take call": {"transferred"},
    "hang up": {"transferred"},
    "urge": {"open", "transferred"},
    "withdraw": {"reported", "transferred", "open"},
    "answer by phone": {"archived"},
    "call a customer": {"archived"},
    "call about a complaint": {"open"},
}


def held(role: Role, letters: str) -> bool:
    return role in (LETTERS[letter] for letter in letters)


def expected(operation: str, role: Role, in_area: bool, thing: Target) -> Permission:
    """Return the expected decision of one cell."""
    on = POLICIES[operation].on
    if BY_ROLE[operation] == ANYBODY:
        return Permission.ALLOWED
    if BY_ROLE[operation] in (MACHINE, SIGNED):
        return Permission.HIDDEN
    if on is not Subject.NOTHING and not in_area:
        return Permission.HIDDEN
    has_had_it = any(held(role, MEMBERS[team.name] + FILERS.get(team.name, "")) for team in thing.teams)
    if on in (Subject.TICKET, Subject.HOP) and not held(role, SEES_EVERY_TICKET) and not has_had_it:
        return Permission.HIDDEN
    team = thing.team.name if thing.team else None
    may = held(role, BY_ROLE[operation])
    if team is not None:
        may |= operation in BY_MEMBERS and not thing.on_behalf and held(role, MEMBERS[team])
        if on is Subject.TEAM:
            may |= operation in BY_FILERS and held(role, FILERS.get(team, ""))
        if on is Subject.HOP and thing.on_behalf:
            may |= operation in BY_FILERS and held(role, FILERS.get(team, ""))
        may &= not (operation in ONLY_BY_PEOPLE and team in AUTOMATIC)
    if not may:
        return Permission.FORBIDDEN
    return Permission.ALLOWED if thing.state in STATES.get(operation, {thing.state}) else Permission.UNTIMELY


def things(operation: str, rulebook: Rulebook) -> Iterator[Target]:
    """Yield every kind of target of the operation: its team, the other teams that had it, its state, on whose
    behalf."""
    policy = POLICIES[operation]
    teams = list(rulebook.teams.values())
    others = [rulebook.teams[name] for name in ("noc", "installer", "archive")]  # one of these had it before
    match policy.on:
        case Subject.NOTHING | Subject.ACCOUNT:
            yield Target("tianhe")
        case Subject.TEAM:
            yield from (Target("tianhe", team) for team in teams)
        case Subject.TICKET:
            for team, earlier, ticket in itertools.product(teams, others, TicketState):
                yield Target("tianhe", team, (team, earlier), ticket)
        case Subject.HOP:
            for team, earlier, hop, behalf in itertools.product(teams, others, HopState, (False, True)):
                yield Target("tianhe", team, (team, earlier), hop, behalf)


def test_the_tables_here_name_every_operation_every_team_and_every_role(rulebook: Rulebook) -> None:
    assert set(BY_ROLE) == set(POLICIES)
    assert set(MEMBERS) == set(rulebook.teams)
    assert {team.name for team in rulebook.teams.values() if team.automatic} == AUTOMATIC
    assert set(LETTERS.values()) == set(HELD_BY_PEOPLE)
    assert {name for name, policy in POLICIES.items() if policy.states is not None} == set(STATES)


def test_every_cell_of_the_matrix_decides_as_written_here(rulebook: Rulebook) -> None:
    """Roles that no user can hold are in the matrix too, without any right."""
    wrong, cells = [], 0
    for operation in POLICIES:
        for thing in things(operation, rulebook):
            for role, in_area in itertools.product(Role, (True, False)):
                cells += 1
                verdict = decide(operation, role, in_area, thing)
                if verdict is not expected(operation, role, in_area, thing):
                    wrong.append((operation, role, in_area, thing, verdict))
    assert not wrong, f"{len(wrong)} of {cells} cells: {wrong[:5]}"


FIELDS = {
    GuardedField.CUSTOMER: ("CM58V", "NSTDIWB"),  # the second only while the ticket is open
    GuardedField.FAILURE: ("VO", NONE),
    GuardedField.LOAD: ("VO", NONE),
    GuardedField.REFUSED: ("VOA", NONE),
}


def test_every_field_is_shown_or_hidden_in_every_state_as_written_here(rulebook: Rulebook) -> None:
    assert set(FIELDS) == set(GuardedField)
    for which, (always, living) in FIELDS.items():
        for team, role, state in itertools.product(rulebook.teams.values(), Role, TicketState):
            teams = team.name, MEMBERS[team.name] + FILERS.get(team.name, "")
            seen = held(role, SEES_EVERY_TICKET) or held(role, teams[1])
            want = held(role, always) or (
                held(role, living) and state not in ("closed", "solved", "referred", "withdrawn")
            )
            if which in (GuardedField.CUSTOMER, GuardedField.FAILURE):
                want = want and seen
            if which is GuardedField.LOAD:
                want = want or held(role, teams[1])
            assert shows(which, role, Target("tianhe", team, (team,), state)) == want, (which, role, team.name, state)


def test_an_operation_without_a_policy_is_denied() -> None:
    assert {decide("something new", role, in_area=True) for role in Role} == {Permission.HIDDEN}


def test_every_route_names_a_policy_and_there_is_no_other_way_in(application: FastAPI) -> None:
    apis: list[Api | Pages] = [*RESOURCES, *PAGES, health.api]
    ours = {id(api.router) for api in apis}
    files = [each for each in application.routes if isinstance(each, Mount)]
    assert [each.path for each in files] == ["/static/{build}"], "what anybody may see, and no more"
    for included in [each for each in application.routes if each not in files]:
        assert id(getattr(included, "original_router", None)) in ours, f"{included}: put it there by an `Api`"
    named = set()
    for api in apis:
        for route in api.router.routes:
            operation = (getattr(route, "openapi_extra", None) or {}).get("x-policy")
            assert operation in POLICIES, f"{route}: it names no policy"
            named.add(operation)
    assert named == set(POLICIES), "a policy without a route"


# -- the same over HTTP ------------------------------------------------------------------------------

MISSING = {
    "complaints-note-call",
    "crew-remove-from-crew",
    "teams-remove-from-team-crew",
    "devices-hand-out-devices",
    "devices-report-devices-lost",
    "devices-scrap-devices",
    "devices-see-device",
    "devices-take-devices-in",
    "effects-release-effect",
    "page-devices-see-device",
    "page-tickets-find-ticket",
    "rules-see-version",
    "uploads-see-photo",
    "users-revoke-token",
}
"""Routes that find nothing here, whoever asks."""
LISTS = {"crew-see-crew"}
"""Lists of several teams; they leave out those that aren't the caller's to see."""
HIDES_BY_ROW = {Subject.ACCOUNT, Subject.TEAM}
"""Lists and boards leave out the rows of other areas, and an account of another area is an unknown one: their own tests
say so. A role that could never do it is refused before that."""
BULK = {"hops-claim-many", "hops-report-many"}  # these tell the refusal item by item, with status 200


@pytest.mark.parametrize("role", HELD_BY_PEOPLE)
def test_every_route_asks_the_matrix(
    small_web: Web, rulebook: Rulebook, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of tianhe waits on NOC's board; the role is held there, or in another area."""
    small_web.on_board()
    here = small_web.program("here", Grant(role, frozenset({"tianhe"})))
    elsewhere = small_web.program("elsewhere", Grant(role, frozenset({"yuexiu"})))
    small_web.program("other", Role.NOC)
    database = small_web.database
    monkeypatch.setattr(database, "write", lambda: nothing_written(database))
    monkeypatch.setattr(server_events, "LONGEST_STREAM", 0.0)
    team = rulebook.teams["noc"]
    possible: dict[str, bool] = {}
    for in_area, client in ((True, here), (False, elsewhere)):
        for route in (each for each in ROUTES if each.policy.who is Audience.ROLES):
            operation, on = route.operation, route.policy.on
            state = HopState.WAITING if on is Subject.HOP else TicketState.OPEN
            verdict = decide(operation, role, in_area, Target("tianhe", team, (team,), state))
            answer = ask(client, route)
            if operation not in possible:
                found = {expected(operation, role, True, thing) for thing in things(operation, rulebook)}
                possible[operation] = bool(found & {Permission.ALLOWED, Permission.UNTIMELY})
            if route.operation_id in BULK and answer.status_code == 200:
                told = [each["problem"]["status"] for each in answer.json()["refused"]]
            else:
                told = [answer.status_code]
            place = (str(route), in_area, told)
            if not possible[operation]:
                assert told == [403], place
            elif route.operation_id in LISTS:
                assert told == [200], place
            elif on in HIDES_BY_ROW and not in_area:
                assert told != [403] or on is Subject.TEAM, place
            elif verdict is Permission.FORBIDDEN:
                assert told == [403], place
            elif verdict is Permission.HIDDEN:
                assert told == [404], place
            else:
                may_be: tuple[list[int], ...] = ([], [200], [201], [204], [303], [404], [409], [422], [428])
                assert told in may_be, place
                assert told != [404] or route.operation_id in MISSING or on is Subject.ACCOUNT, place
