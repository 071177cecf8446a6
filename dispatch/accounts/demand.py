"""1.2 需求登记: record that somebody wants a line where none can be had yet. It needs no document and no slip.

Source: 家庭宽带业务流程 V1.0, section 1, step 2; 个人信息保护法, article 13 (consent).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from dispatch.accounts import waiting_list
from dispatch.accounts.operation import (
    Act,
    Counter,
    OperationOutcome,
    OperationRequest,
    OperationResult,
    Text,
    carry_out,
)
from dispatch.domain.naming import read_address, read_mobile, read_name
from dispatch.domain.roles import Actor
from dispatch.domain.text import NOTE, clean
from dispatch.domain.title import Wording
from dispatch.errors import BadInput
from dispatch.storage import demands, resources
from dispatch.storage.database import Tx
from dispatch.storage.demands import Wanted
from dispatch.storage.place_rows import AddressRow

REGISTER = "register-demand"


class DemandRegistration(OperationRequest):
    """Records that a customer wants a line where none can be had yet. Who asks again for the same address is counted,
    not listed twice."""

    address: Annotated[str, Field(description="想装的地址 · address where a line is wanted")]
    name: Annotated[str, Field(description="联系人 · whom to call")]
    mobile: Annotated[str, Field(description="手机号码 · mobile number")]
    speed: Annotated[int, Field(description="想要的速率 Mbit/s · wanted speed, Mbit/s")]
    consent: Annotated[
        bool, Field(description="客户同意留存以上信息，以便通知 · the customer agrees that this is kept, to tell them")
    ]
    area: Annotated[
        str | None,
        Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="片区，不清楚不填 · area; leave out if it isn't known"),
    ] = None
    note: Annotated[Text, Field(description="备注 · note")] = ""


def register(tx: Tx, counter: Counter, request: DemandRegistration, actor: Actor, now: datetime) -> OperationOutcome:
    """Record a demand. `result`: demand, `asked` (times), and `state`: reachable when a line can be had at once.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, REGISTER, request, actor, now, lambda act: _register(act, request))


def _register(act: Act, request: DemandRegistration) -> OperationResult:
    text = read_address(request.address)
    found = resources.find_address(act.tx, text)
    contact, mobile, note = read_name(request.name), read_mobile(request.mobile), clean(request.note, NOTE, least=0)
    speeds = act.counter.plans.speeds
    if request.speed not in speeds:
        listed = ", ".join(map(str, speeds))
        raise BadInput(what=Wording(f"没有这种速率；可选：{listed}", f"no plan has that speed; there are: {listed}"))
    if not request.consent:
        raise BadInput(
            what=Wording("须征得客户同意，才能留存其联系方式", "the customer must agree that their contact is kept")
        )
    wanted = Wanted(act.operation_id, request.area or "", text, contact, mobile, request.speed, note)
    kept = demands.record(act.tx, _at(wanted, found), act.now)
    port_id = demands.port_of(act.tx, kept.address_id) if kept.address_id is not None else None
    if port_id is not None:
        waiting_list.tell(act.tx, port_id, act.now, act.counter.demand_turn)
    kept = demands.get(act.tx, kept.id)
    return OperationResult(None, None, {"demand": kept.id, "asked": kept.asked, "state": kept.state})


def record_refused(act: Act, found: AddressRow | None, text: str, contact: str, mobile: str, speed: int) -> None:
    """Record the demand of a customer for whom no line could be opened. If they were told of a place, they wait again.

    The relay looks whether it is their turn: where a refusal is recorded, nobody is told of anything.
    """
    wanted = Wanted(act.operation_id, "", text, contact, mobile, speed)
    kept = demands.record(act.tx, _at(wanted, found), act.now)
    demands.refused(act.tx, kept.id, act.now)


def _at(wanted: Wanted, found: AddressRow | None) -> Wanted:
    return wanted if found is None else wanted._replace(area=found.area, address_id=found.id)
