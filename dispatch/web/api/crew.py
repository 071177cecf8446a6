"""班组人员: who works where, and is therefore proposed for work there."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

from dispatch.errors import BadInput, NotFound
from dispatch.storage import crew
from dispatch.web.api.schemas import RequestBody, ResponseBody, Word
from dispatch.web.policy import Target
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/crew", "crew")


class CrewPlace(ResponseBody):
    """One person's work in one area."""

    team: str
    area: str
    person: str


class Crew(ResponseBody):
    items: list[CrewPlace]


class CrewPlaceRequest(RequestBody):
    team: Word
    area: Annotated[Word, StringConstraints(max_length=40)]
    person: Word


@api.look("", "see a crew")
def see_crew(call: Call) -> Crew:
    """Of the teams and areas in which the caller works or over which he watches."""
    rows, items = crew.everybody(call.tx), []
    for row in rows:
        team = call.rulebook.teams.get(row.team)
        if team is not None and call.may("see a crew", Target(row.area, team)):
            items.append(CrewPlace(team=row.team, area=row.area, person=row.person))
    call.asked = True
    return Crew(items=items)


@api.act("", "add to a crew", status=201, raises=[BadInput])
def add_to_crew(call: Call, asked: CrewPlaceRequest) -> CrewPlace:
    """From now on the person is proposed for the team's work in that area."""
    team, missing = call.rulebook.teams.get(asked.team), NotFound(what="team", which=asked.team)
    if team is None:
        raise missing
    call.act(Target(asked.area.strip(), team), NotFound(what="area", which=asked.area))
    place = CrewPlace(team=team.name, area=asked.area.strip(), person=asked.person.strip())
    if not place.area or not place.person:
        raise BadInput(what="the area or the person's name is empty")
    crew.add(call.tx, place.team, place.person, place.area)
    return place


@api.act("", "add to a crew", method="DELETE", status=204, raises=[NotFound])
def remove_from_crew(
    call: Call,
    team: Annotated[str, Query(max_length=40)],
    area: Annotated[str, Query(max_length=40)],
    person: Annotated[str, Query(max_length=80)],
) -> None:
    """The person isn't proposed there any more; what he has in hand stays with him."""
    known = call.rulebook.teams.get(team)
    if known is None:
        raise NotFound(what="team", which=team)
    call.act(Target(area, known), NotFound(what="area", which=area))
    if not crew.remove(call.tx, team, person, area):
        raise NotFound(what="person", which=f"{person} on that crew")
