"""班组: the teams, their findings and where these lead, their load, and their boards 看板."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path, Query

from dispatch.access.people import People
from dispatch.domain.finding import Evidence
from dispatch.domain.requirement import Requirement, stated
from dispatch.domain.ticket import ON_ITS_WAY, HopState, TicketState
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotFound
from dispatch.reports import lists
from dispatch.routing.rulebook import Team
from dispatch.routing.wording import Words
from dispatch.storage import crew, rulebooks
from dispatch.storage.rows import BoardLine, HopLine
from dispatch.tickets import crew as crew_of
from dispatch.tickets.holders import is_left
from dispatch.web.api.crew import Crew, CrewPlace
from dispatch.web.api.schemas import (
    Cursor,
    Limit,
    Page,
    TeamName,
    TitleBody,
    Word,
    page,
    read_cursor,
    title,
)
from dispatch.web.api.team_schemas import (
    BoardHop,
    EvidenceBody,
    FindingBody,
    FindingLead,
    LoadBody,
    OnBoardState,
    RequirementBody,
    TeamBody,
    TeamDetails,
    Teams,
)
from dispatch.web.api.ticket_views import hop_name, hop_thing, may_with_hop
from dispatch.web.policy import NOTHING, GuardedField, Target
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api
from dispatch.web.server_events import EventStream

api = Api("/teams", "teams")


@api.read("", "see teams")
def list_teams(context: RequestContext) -> Teams:
    """Lists every team, with its load where the caller may see it. Teams that the rules don't know any more come last,
    while tickets are with them and the caller may see their load."""
    listed = [*context.rulebook.teams.values(), *_forgotten(context)]
    loads = _loads(context, listed)
    return Teams(items=[TeamBody(**_told(team), load=loads[team.name]) for team in listed])


@api.read("/{team}", "see teams", raises=[NotFound])
def see_team(context: RequestContext, team: TeamName) -> TeamDetails:
    """Shows what a team may report in each flow, with which evidence, and where that leads. Report forms are made
    of this."""
    known = _known(context, team)
    symptoms = {name: each.title for name, each in context.installation.known_symptoms().items()}
    words = Words(context.rulebook, symptoms)
    flows = {flow: findings for flow in context.rulebook.flows if (findings := _findings(words, flow, team))}
    return TeamDetails(**_told(known), load=_loads(context, [known])[team], findings=flows)


@api.read("/{team}/board", "see a board", raises=[BadInput])
def see_board(
    context: RequestContext,
    team: TeamName,
    state: Annotated[OnBoardState | None, Query(description="State of the hops; absent: any.")] = None,
    holder: Annotated[Word | None, Query(description="Holder of the hops; absent: any or none.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[BoardHop]:
    """Lists the hops on a team's board in the caller's areas: the urged and the urgent first, then the oldest."""
    thing = Target(team=team_with_work(context, team))
    context.authorize(thing)
    areas, asked = context.areas("see a board", thing), None if state is None else HopState(state)
    rows = lists.board(context.tx, team, limit + 1, areas, read_cursor(cursor, int), asked, holder)
    return page(on_board(context, rows), limit, rows[limit - 1].id if len(rows) > limit else None)


@api.read("/{team}/changes", "see a board", summary="Follow board changes")
def follow_board(context: RequestContext, team: TeamName) -> EventStream:
    """Sends an event `changed` (server-sent events) whenever the board may show something else. The stream ends now and
    then; browsers connect again by themselves."""
    context.authorize(Target(team=team_with_work(context, team)))
    return EventStream(context.installation.live.changes(team))


@api.read("/{team}/crew", "see a crew", raises=[NotFound])
def see_team_crew(context: RequestContext, team: TeamName) -> Crew:
    """Lists the crew of a team in the areas in which the caller works or over which they watch."""
    known = _known(context, team)
    context.authorize(Target(team=known))
    rows = crew.of_team(context.tx, team)
    seen = [row for row in rows if context.may("see a crew", Target(row.area, known))]
    return Crew(items=[CrewPlace(team=row.team, area=row.area, person=row.person) for row in seen])


@api.change("/{team}/crew/{name:path}", "add to a crew", method="DELETE", status=204, raises=[NotFound])
def remove_from_team_crew(
    context: RequestContext,
    team: TeamName,
    name: Annotated[str, Path(min_length=1, max_length=80, description="Name of the person.")],
    area: Annotated[str, Query(max_length=40, description="Area; absent: all areas of the caller.")] = "",
) -> None:
    """Removes a person from a team's crew. Their work in hand stays with them."""
    known = _known(context, team)
    missing = NotFound(what=Wording("区域", "area"), which=area)
    actor = context.authorize(Target(area or None, known), missing, "add to a crew")
    crew_of.remove(context.tx, known.name, name, actor, area)


def _known(context: RequestContext, name: str) -> Team:
    if name not in context.rulebook.teams:
        raise NotFound(what=Wording("班组", "team"), which=name)
    return context.rulebook.teams[name]


def team_with_work(context: RequestContext, name: str) -> Team:
    """A team of the rules, or one that they don't know any more, of which the caller is a supervisor, while tickets are
    with it. Raises NotFound."""
    if name not in context.rulebook.teams and not any(team.name == name for team in _forgotten(context)):
        raise NotFound(what=Wording("班组", "team"), which=name)
    return context.rulebook.team(name)


def _forgotten(context: RequestContext) -> list[Team]:
    """Teams that tickets are with, and that the rules don't know any more, for those who may see their load."""
    known = context.rulebook.teams
    if not context.shows(GuardedField.LOAD, NOTHING):
        return []
    return [context.rulebook.team(name) for name in rulebooks.teams_at_work(context.tx) if name not in known]


def _told(team: Team) -> dict[str, Any]:
    return {
        "name": team.name,
        "title": title(team.title),
        "automatic": team.automatic,
        "members": list(team.members),
        "filed_by": list(team.filed_by),
        "passes_on_to": list(team.passes_on_to),
        "respond_within": None if team.level is None else team.level.respond_within.total_seconds(),
        "finish_within": None if team.level is None else team.level.finish_within.total_seconds(),
    }


def _loads(context: RequestContext, teams: Sequence[Team]) -> dict[str, LoadBody | None]:
    """The load of each team, counted over the areas in which the caller may see it; None where there is none."""
    asked: dict[frozenset[str] | None, dict[str, lists.TeamLoad]] = {}
    loads: dict[str, LoadBody | None] = {}
    one = teams[0].name if len(teams) == 1 else None
    for team in teams:
        if not context.shows(GuardedField.LOAD, Target(team=team)):
            loads[team.name] = None
            continue
        areas = context.areas_shown(GuardedField.LOAD, Target(team=team))
        if areas not in asked:
            asked[areas] = lists.team_loads(context.tx, areas, one)
        loads[team.name] = _load(asked[areas].get(team.name, lists.NO_LOAD))
    return loads


def _load(load: lists.TeamLoad) -> LoadBody:
    return LoadBody(
        due=load.hops(*ON_ITS_WAY),
        waiting=load.hops(HopState.WAITING),
        claimed=load.hops(HopState.CLAIMED),
        held=load.hops(HopState.HELD),
        quarantined=load.hops(HopState.QUARANTINED),
        late=load.late,
        oldest=load.oldest,
        crew=load.crew,
    )


def _findings(words: Words, flow: str, team: str) -> list[FindingBody]:
    rulebook = words.rulebook
    return [
        FindingBody(
            name=finding.name,
            title=title(finding.title),
            evidence=[_evidence(each) for each in finding.evidence],
            requires=[_requirement(words, each) for each in rulebook.requirements(flow, team, finding.name)],
            leads=[
                FindingLead(to=rule.to, when=[str(condition) for condition in rule.when])
                for rule in rulebook.flows[flow][team][finding.name]
            ],
        )
        for finding in rulebook.findings_of(flow, team)
    ]


def _requirement(words: Words, of: Requirement) -> RequirementBody:
    said, cases = stated(of), [words.case(case) for case in of.cases]
    return RequirementBody(
        name=of.name,
        said=TitleBody(zh=said.zh, en=said.en),
        when=[TitleBody(zh=case.zh, en=case.en) for case in cases],
        do=TitleBody(zh=of.do.zh, en=of.do.en),
    )


def _evidence(of: Evidence) -> EvidenceBody:
    bounded = of.kind == "number"
    return EvidenceBody(
        name=of.name,
        title=title(of.title),
        kind=of.kind,
        optional=of.optional,
        choices={name: title(each) for name, each in of.choices.items()},
        unit=of.unit,
        least=of.least if bounded and of.least > float("-inf") else None,
        most=of.most if bounded and of.most < float("inf") else None,
        devices=list(of.devices),
    )


def on_board(context: RequestContext, rows: Sequence[BoardLine | HopLine]) -> list[BoardHop]:
    """`rows` are of `reports.lists.board`, or of `board_line`."""
    people = People(context.tx, {row.holder for row in rows if row.holder is not None}, locks=False)
    return [_on_board(context, row, people) for row in rows]


def _on_board(context: RequestContext, row: BoardLine | HopLine, people: People) -> BoardHop:
    thing = hop_thing(context, row.team, row.state, row.area, [row.team])
    shown = context.shows(
        GuardedField.CUSTOMER, Target(row.area, thing.team, thing.teams, TicketState(row.ticket_state))
    )
    name = hop_name(row.kind, row.ticket_id, row.seq)
    left = thing.team is not None and is_left(people, thing.team, row.holder, row.state, row.area)
    return BoardHop(
        hop=name,
        ticket=name.rpartition("-")[0],
        account=row.account if shown else None,
        address=row.address if shown else None,
        mobile=row.mobile if shown else None,
        description=row.description if shown else None,
        asked_by=row.asker_team,
        may=may_with_hop(context, thing, row.holder, left=left),
        left=left,
        state=row.state,
        area=row.area,
        symptom=row.symptom,
        priority=row.priority,
        urged=row.urged,
        reopened=row.reopened,
        hops=row.hops,
        assignee=row.assignee,
        holder=row.holder,
        found=row.found,
        retest_at=row.retest_at,
        late=row.late,
        boarded_at=row.boarded_at,
        claimed_at=row.claimed_at,
        wake_at=row.wake_at,
    )
