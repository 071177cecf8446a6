"""装维请求: network service support see what installers have asked of other teams, until it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatch.domain.roles import Actor, Role
from dispatch.errors import NotAllowed
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from dispatch.storage.request_rows import OpenRequest
from dispatch.tickets import requests
from tests import factories as f

HOUR = timedelta(hours=1)


def asked(database: Database, rulebook: Rulebook, actor: Actor = f.SUPPORT, limit: int = 50) -> list[OpenRequest]:
    with database.read() as tx:
        return list(requests.unanswered(tx, rulebook, actor, limit))


def at_the_customers(database: Database, rulebook: Rulebook, script: Script, number: str = "GZ1") -> int:
    """A fault that NOC has sent an installer for."""
    made = f.fault(database, rulebook, script, number).ticket_id
    f.reported(database, rulebook, made, f.NOC, "outside-plant", test_result="-31 dBm")
    return made


def test_what_an_installer_asks_of_transmission_is_listed_until_it_comes_back(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = at_the_customers(database, in_force, script)
    assert asked(database, in_force) == [], "NOC asked for the installer, which is no installer's request"
    f.reported(database, in_force, made, f.INSTALLER, "line-fault", location="12 号箱")
    (row,) = asked(database, in_force)
    assert (row.ticket_id, row.team, row.holder, row.state) == (made, "transmission", None, "due")
    assert (row.asker_team, row.asker, row.finding) == ("installer", f.INSTALLER.name, "line-fault")
    assert row.evidence is not None
    assert row.evidence["location"] == "12 号箱"
    f.on_board(database, in_force, made)
    assert [each.state for each in asked(database, in_force)] == ["waiting"]
    f.reported(database, in_force, made, f.TRANSMISSION, "fixed", cause="fibre")
    assert asked(database, in_force) == []


def test_the_longest_waiting_comes_first_and_what_is_late_is_marked(
    sqlite: Database, rulebook: Rulebook, script: Script
) -> None:
    f.put_in_force(sqlite, rulebook)
    later, first = (at_the_customers(sqlite, rulebook, script, number) for number in ("GZ1", "GZ2"))
    f.reported(sqlite, rulebook, first, f.INSTALLER, "line-fault", location="12 号箱")
    f.reported(sqlite, rulebook, later, f.INSTALLER, "line-fault", f.NOW + HOUR, location="13 号箱")
    assert [(row.ticket_id, row.late) for row in asked(sqlite, rulebook)] == [(first, False), (later, False)]
    assert [row.ticket_id for row in asked(sqlite, rulebook, limit=1)] == [first]


def test_each_sees_the_requests_of_their_areas_and_only_support_and_supervisors_see_them(
    sqlite: Database, rulebook: Rulebook, script: Script
) -> None:
    f.put_in_force(sqlite, rulebook)
    made = at_the_customers(sqlite, rulebook, script)
    f.reported(sqlite, rulebook, made, f.INSTALLER, "line-fault", location="12 号箱")
    for role in (Role.NETWORK_SERVICE_SUPPORT, Role.SUPERVISOR):
        assert asked(sqlite, rulebook, Actor("wang", role, frozenset({"tianhe"})))
        assert asked(sqlite, rulebook, Actor("wang", role, frozenset({"panyu"}))) == []
    for actor in (f.INSTALLER, f.TRANSMISSION, f.CLERK):
        with pytest.raises(NotAllowed):
            asked(sqlite, rulebook, actor)
