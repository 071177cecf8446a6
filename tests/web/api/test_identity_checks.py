"""Who is on the list of fraudsters: supervisors of the area see it, by the API and on their page; clerks don't."""

from __future__ import annotations

from sqlalchemy import insert

from dispatch.domain.agency import CheckedPerson
from dispatch.domain.roles import Grant, Role
from dispatch.ports.identity_check import FraudAnswer, IdentityAnswer, RegistryAnswer
from dispatch.storage import identity_checks
from dispatch.storage.clock import database_time
from dispatch.storage.tables.accounts import operation
from tests.web.conftest import API, Web

HTML = {"Accept": "text/html"}


def refused_in_tianhe(web: Web) -> int:
    """A clerk of Tianhe was told to send somebody to a shop."""
    with web.database.write() as tx:
        now = database_time(tx)
        row = {"kind": "open", "fingerprint": "", "at": now, "actor": "li", "role": "clerk", "outlet": "天河营业厅"}
        refused = {"outcome": "refused", "code": "to-be-verified", "reason": "x", "result": {}}
        made = int(tx.execute(insert(operation).values(**row, **refused).returning(operation.c.id)).scalar_one())
        answer = IdentityAnswer(RegistryAnswer.MATCH, FraudAnswer.LISTED, "SIM-1")
        identity_checks.add(tx, made, CheckedPerson.AGENT, "tianhe", answer, now)
    return made


def test_supervisors_of_the_area_see_who_must_be_verified_and_clerks_do_not(small_web: Web) -> None:
    number = refused_in_tianhe(small_web)
    here = small_web.browser("zhou", Grant(Role.SUPERVISOR, frozenset({"tianhe"})))
    elsewhere = small_web.browser("gao", Grant(Role.SUPERVISOR, frozenset({"haizhu"})))
    clerk = small_web.browser("li", Grant(Role.CLERK, frozenset({"tianhe"})))

    (shown,) = here.get(f"{API}/identity-checks/listed").json()["items"]

    assert (shown["operation"], shown["checked"], shown["clerk"], shown["reference"]) == (
        number,
        "agent",
        "li",
        "SIM-1",
    )
    assert elsewhere.get(f"{API}/identity-checks/listed").json() == {"items": []}
    assert clerk.get(f"{API}/identity-checks/listed").status_code == 403
    assert "SIM-1" in here.get("/approvals", headers=HTML).text
    assert "SIM-1" not in clerk.get("/approvals", headers=HTML).text
