"""谁来办理: who is at the counter: the customer, a unit's handler 经办人, a guardian 监护人 or an agent 代办人. Pure.

Sources: 民法典 art. 17, 19, 20, 23 (who is under 18 acts through a guardian), 165 (what an authorisation says);
《电话用户真实身份信息登记规定》 art. 6, 8 (a unit shows its licence, its handler's document and an authorisation).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from dispatch.domain.identity import is_under_age
from dispatch.domain.title import Title, TitledEnum


class AgentBasis(TitledEnum):
    """By what right somebody acts for a customer."""

    UNIT_HANDLER = "unit-handler", Title("单位经办人", "Handler of the unit")
    GUARDIAN = "guardian", Title("监护人", "Guardian")
    AUTHORISED = "authorised", Title("受托代办", "Authorised by the holder")


class Party(TitledEnum):
    """For whom an agent acts. A transfer has two parties, every other operation one."""

    HOLDER = "holder", Title("机主", "Holder")
    NEW_OWNER = "new-owner", Title("新机主", "New owner")


class CheckedPerson(TitledEnum):
    """Whom an operation has checked with the registry and the list of fraudsters."""

    HOLDER = "holder", Title("机主", "Holder")
    NEW_OWNER = "new-owner", Title("新机主", "New owner")
    AGENT = "agent", Title("经办人", "Agent")
    NEW_OWNER_AGENT = "new-owner-agent", Title("新机主经办人", "New owner's agent")


AGENT_OF: Mapping[Party, CheckedPerson] = {
    Party.HOLDER: CheckedPerson.AGENT,
    Party.NEW_OWNER: CheckedPerson.NEW_OWNER_AGENT,
}

AGENT_SCANS: Mapping[AgentBasis, tuple[str, ...]] = {
    AgentBasis.UNIT_HANDLER: ("licence", "agent-document", "authorisation"),
    AgentBasis.GUARDIAN: ("agent-document", "guardianship-proof"),
    AgentBasis.AUTHORISED: ("agent-document", "authorisation"),
}
"""The scans that are kept of an agent."""

MUST: frozenset[AgentBasis] = frozenset({AgentBasis.UNIT_HANDLER, AgentBasis.GUARDIAN})
"""The customers of these agents can't act alone."""


def basis_for(birth: date | None, today: date, *, is_unit: bool) -> AgentBasis:
    """By what right somebody would act for this customer. `birth` None: nobody has asked it, as of customers who were
    registered before it was asked; they count as of age."""
    if is_unit:
        return AgentBasis.UNIT_HANDLER
    if birth is not None and is_under_age(birth, today):
        return AgentBasis.GUARDIAN
    return AgentBasis.AUTHORISED
