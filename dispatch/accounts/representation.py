"""谁来办理: who stands at the counter for the customer: they themselves, or an agent 经办人 who may act for them.

A unit acts through its handler alone, and who is under 18 through a guardian. A new name, a change of the password by
the old one and the end of a loss 挂失 are never done by an agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from dispatch.accounts import identity_check
from dispatch.accounts.operation import Act
from dispatch.accounts.registration import Bearer, Scan, read_bearer, scans_line, store_scans
from dispatch.accounts.typed_dates import LastDay
from dispatch.domain.agency import AGENT_OF, AGENT_SCANS, MUST, AgentBasis, Party, basis_for
from dispatch.domain.identity import DOCUMENT_KINDS, is_under_age
from dispatch.domain.naming import masked_mobile, read_mobile
from dispatch.domain.title import Title
from dispatch.errors import AgentTooYoung, AuthorisationOver, BadDocument, GuardianNeeded, HandlerNeeded, Refusal
from dispatch.ports.identity_check import CheckPurpose
from dispatch.slips.forms import Section, SlipLine
from dispatch.storage import agents, customers
from dispatch.storage.customer_rows import CustomerRow


class Agent(Bearer):
    """An agent: a handler of the unit, a guardian, or a person whom the holder has authorised."""

    valid_until: Annotated[LastDay, Field(description="授权书有效期至 · last day of the authorisation")] = None


AgentIfAny = Annotated[Agent | None, Field(description="经办人 · agent who acts for the holder")]


@dataclass(frozen=True)
class Standing:
    """Who stands there, as the slip's lines, and the scans that must be kept of them: none without an agent."""

    lines: tuple[SlipLine, ...] = ()
    scans: tuple[str, ...] = ()

    def keeping(self, scans: Sequence[Scan]) -> Standing:
        """The same, with the kinds of the scans that were brought as the last of the lines."""
        return replace(self, lines=(*self.lines, scans_line(scans))) if scans else self

    def sections(self) -> list[Section]:
        """The slip's section about the agent and what is kept, if there is any."""
        title = Title("经办", "Agent") if self.scans else Title("资料", "Documents")
        return [Section(title, self.lines)] if self.lines else []


def represented(
    act: Act,
    customer: CustomerRow,
    agent: Agent | None,
    *,
    party: Party = Party.HOLDER,
    shows_licence: bool = False,
    checked_for: tuple[CheckPurpose, str] | None = None,
) -> Standing:
    """Require that the customer may act alone, or that the agent may act for them, and keep who the agent is.

    `shows_licence`: the operation keeps a scan of the customer's document anyway. `checked_for`: the purpose and the
    area in which the agent is checked; None: the operation checks nobody. Raises HandlerNeeded, GuardianNeeded,
    AgentTooYoung, AuthorisationOver, BadMobile; what `read_bearer` and `identity_check.check` do.
    """
    basis = _basis(act, customer)
    if agent is None:
        if basis in MUST:
            act.want(_needed(basis))
        return Standing()
    name, document = read_bearer(agent, act.today)
    if document.of_unit:
        why = Title("经办人须为个人", "the agent must be a person")
        raise BadDocument(kind=DOCUMENT_KINDS[document.kind].title, why=why)
    if document.birth is not None and is_under_age(document.birth, act.today):
        raise GuardianNeeded() if basis is AgentBasis.GUARDIAN else AgentTooYoung()
    until = None if basis is AgentBasis.GUARDIAN else agent.valid_until
    if (until is None and basis is AgentBasis.AUTHORISED) or (until is not None and until < act.today):
        raise AuthorisationOver()
    mobile = read_mobile(agent.mobile)
    if checked_for is not None:
        identity_check.check(act, AGENT_OF[party], identity_check.of_document(name, document), *checked_for)
    agents.add(act.tx, act.counter.cipher, act.operation_id, party, name, document, mobile, basis, until)
    act.agents.add(party)
    shown = f"{DOCUMENT_KINDS[document.kind].title.zh} {document.masked}"
    lines = [
        SlipLine(_WHOSE[party], f"{name}（{basis.label}）"),
        SlipLine(Title("经办人证件", "Agent's document"), shown),
        SlipLine(Title("经办人手机", "Agent's mobile"), masked_mobile(mobile)),
    ]
    if until is not None:
        lines.append(SlipLine(Title("授权有效期", "Authorised until"), str(until)))
    scans = tuple(kind for kind in AGENT_SCANS[basis] if kind != "licence" or not shows_licence)
    return Standing(tuple(lines), scans)


def attended(
    act: Act,
    customer: CustomerRow,
    agent: Agent | None,
    scans: Sequence[Scan],
    required: Sequence[str] = (),
    *,
    checked_for: tuple[CheckPurpose, str] | None = None,
) -> Standing:
    """Require and keep as `represented`, and store the scans: those `required` and those of the agent must be there.
    They too stand on the slip. Raises as `represented` and `store_scans`."""
    shows_licence = "owner-document" in required
    standing = represented(act, customer, agent, shows_licence=shows_licence, checked_for=checked_for)
    store_scans(act, scans, (*required, *standing.scans))
    return standing.keeping(scans)


_WHOSE = {
    Party.HOLDER: Title("经办人", "Agent"),
    Party.NEW_OWNER: Title("新机主经办人", "New owner's agent"),
}


def _basis(act: Act, customer: CustomerRow) -> AgentBasis:
    """By what right somebody would act. A trial doesn't tell the age of a customer on file, which the clerk sees
    masked."""
    is_unit = DOCUMENT_KINDS[customer.document_kind].unit
    is_new = customer.made_at == act.now
    birth = None if is_unit or (act.trial and not is_new) else customers.birth(act.counter.cipher, customer)
    return basis_for(birth, act.today, is_unit=is_unit)


def _needed(basis: AgentBasis) -> Refusal:
    return HandlerNeeded() if basis is AgentBasis.UNIT_HANDLER else GuardianNeeded()
