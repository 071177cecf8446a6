"""班组人员: the people whom a team's worker proposes for work in an area."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotFound, UnfitUser, UnknownUser
from dispatch.storage import crew
from dispatch.tickets import crew as crew_of
from dispatch.web.api.schemas import RequestBody, ResponseBody, Word
from dispatch.web.policy import Target
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/crew", "crew")


class CrewPlace(ResponseBody):
    """One person's place in a team, in one area."""

    team: str
    """Team, by its name in the rules."""
    area: str
    """Service area 片区."""
    person: str
    """Name of the person."""


class Crew(ResponseBody):
    """The people of the teams."""

    items: list[CrewPlace]
    """Places that the caller may see."""


class CrewPlaceRequest(RequestBody):
    """A person's new place in a team."""

    team: Word
    """Team, by its name in the rules."""
    area: Annotated[Word, StringConstraints(max_length=40)]
    """Service area 片区."""
    person: Word
    """Name of the person."""


@api.read("", "see a crew")
def see_crew(context: RequestContext) -> Crew:
    """Lists the people of the teams and areas in which the caller works or over which they watch."""
    rows, items = crew.everybody(context.tx), []
    for row in rows:
        team = context.rulebook.teams.get(row.team)
        if team is not None and context.may("see a crew", Target(row.area, team)):
            items.append(CrewPlace(team=row.team, area=row.area, person=row.person))
    context.policy_asked = True
    return Crew(items=items)


@api.change("", "add to a crew", status=201, raises=[BadInput, UnknownUser, UnfitUser])
def add_to_crew(context: RequestContext, asked: CrewPlaceRequest) -> CrewPlace:
    """Adds a user who holds the team's role to its crew in an area, to be proposed for its work there."""
    team, missing = context.rulebook.teams.get(asked.team), NotFound(what=Wording("班组", "team"), which=asked.team)
    if team is None:
        raise missing
    context.authorize(Target(asked.area.strip(), team), NotFound(what=Wording("区域", "area"), which=asked.area))
    area, person = asked.area.strip(), asked.person.strip()
    if not area or not person:
        raise BadInput(what=Wording("没有填区域或人员姓名", "the area or the person's name is empty"))
    return CrewPlace(team=team.name, area=area, person=crew_of.add(context.tx, team, person, area))


@api.change("", "add to a crew", method="DELETE", status=204, raises=[NotFound])
def remove_from_crew(
    context: RequestContext,
    team: Annotated[str, Query(max_length=40, description="Team, by its name.")],
    area: Annotated[str, Query(max_length=40, description="Area of the place.")],
    person: Annotated[str, Query(max_length=80, description="Name of the person.")],
) -> None:
    """Removes a person from a team in an area. Their work in hand stays with them."""
    known = context.rulebook.teams.get(team)
    if known is None:
        raise NotFound(what=Wording("班组", "team"), which=team)
    actor = context.authorize(Target(area, known), NotFound(what=Wording("区域", "area"), which=area))
    crew_of.remove(context.tx, known.name, person, actor, area)
