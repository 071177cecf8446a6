"""装维请求: what installers have asked of transmission and data through network service support, who pass it on.

An installer finds a fault of the line or of the data network and reports it; the ticket goes to the team that mends it,
and comes back. Network service support, who file for installers, see here what was asked and who hasn't answered yet.
"""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.domain.roles import Actor, Role, require
from dispatch.domain.title import Wording
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import requests
from dispatch.storage.database import Tx
from dispatch.storage.request_rows import OpenRequest

_REQUESTS = Wording("装维请求", "requests of installers")


def unanswered(tx: Tx, rulebook: Rulebook, actor: Actor, limit: int) -> Sequence[OpenRequest]:
    """What the teams for which network service support files have asked of others in the actor's areas, and has not
    come back; the longest waiting first. Raises NotAllowed."""
    require(actor, "see requests", _REQUESTS)
    asking = [team.name for team in rulebook.teams.values() if Role.NETWORK_SERVICE_SUPPORT in team.filed_by]
    asked = [team.name for team in rulebook.teams.values() if not team.automatic and team.name not in asking]
    return requests.open_of(tx, asked, asking, actor.areas, limit)
