"""Every page of the web: its reader, and its address in a running demonstration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dispatch.ports.sms import SimulatedSmsGateway
from tests.browser.people import report_to_noc
from tests.demonstration import Demo

TEAMS = ("noc", "system-support", "installer", "transmission", "data-network", "construction", "supervisor")


@dataclass(frozen=True)
class Place:
    """A page, named as its picture. `role` is None where nobody is signed in."""

    name: str
    role: str | None
    path: str


def places(demo: Demo) -> Iterator[Place]:
    yield Place("sign-in", None, "/sign-in")
    yield Place("password", "clerk", "/password")
    yield Place("account", "clerk", "/account")
    yield Place("counter", "clerk", "/counter")
    yield Place("refunds", "clerk", "/refunds")
    for team in TEAMS:
        yield Place(f"board-{team}", team, f"/teams/{team}")
    yield Place("board-callback-survey", "agent-10086", "/teams/callback-survey")
    yield Place("callbacks", "agent-10086", "/callbacks")
    yield Place("transfers", "agent-10086", "/transfers")
    yield Place("referrals", "agent-10050", "/referrals")
    yield Place("dissatisfied", "supervisor", "/dissatisfied")
    yield Place("complaints", "agent-10086", "/complaints")
    report_to_noc(demo, 1)
    yield Place("hop", "noc", f"/teams/noc/hops/{_waiting(demo, 'noc')}")
    yield Place("tickets", "supervisor", "/tickets")
    yield Place("ticket", "supervisor", f"/tickets/{_travelled(demo)}")
    yield Place("search", "clerk", "/search?q=体育西路")
    yield Place("demands", "ops", "/demands")
    yield Place("approvals", "supervisor", "/approvals")
    yield Place("devices", "network-service-support", "/devices")
    yield Place("requests", "network-service-support", "/requests")
    yield Place("wall", "supervisor", "/wall")
    yield Place("survey", None, f"/s/{_asked(demo)}")
    yield Place("users", "administrator", "/admin/users")
    yield Place("leave", "administrator", f"/admin/users/{_busiest(demo)}/leave")
    yield Place("teams", "administrator", "/admin/teams")
    yield Place("rules", "administrator", "/admin/rules")
    yield Place("tokens", "administrator", "/admin/tokens")
    yield Place("access", "administrator", "/admin/access")
    yield Place("audit", "administrator", "/admin/audit")
    yield Place("quarantine", "ops", "/admin/quarantine")


def _waiting(demo: Demo, team: str) -> str:
    """Return a hop that anybody of the team may claim."""
    hops = demo.get("supervisor", f"/teams/{team}/board?limit=200")["items"]
    return str(next(each["hop"] for each in hops if each["state"] == "waiting"))


def _busiest(demo: Demo) -> str:
    """Return the user who has most hops in hand."""
    with demo.signed_in("administrator") as client:
        names = [each["name"] for each in client.get("/api/v1/users?limit=200").json()["items"]]
        return max(map(str, names), key=lambda name: len(client.get(f"/api/v1/users/{name}/work").json()["items"]))


def _travelled(demo: Demo) -> str:
    """Return the open ticket that has visited most teams."""
    tickets = demo.get("supervisor", "/tickets?unfinished=true&limit=200")["items"]
    best: dict[str, Any] = max(tickets, key=lambda each: (each["kind"] == "fault", each["hops"]))
    return str(best["number"])


def _asked(demo: Demo) -> str:
    """Return the token of an unanswered survey."""
    inbox = SimulatedSmsGateway(demo.home.folder / "sms.db").inbox(limit=100_000)
    tokens = [found[1] for _, text in reversed(inbox) if (found := re.search(r"/s/([\w-]+)$", text))]
    with demo.signed_in("supervisor") as client:
        return next(each for each in tokens if client.get(f"/api/v1/surveys/{each}").json()["open"])
