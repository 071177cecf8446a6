"""终端: the register of devices: find one, see where it has been, and what its store does with several at once."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query

from dispatch.access.people import fitting
from dispatch.accounts.device_register import CARRIERS
from dispatch.domain.device import LONGEST_SERIAL, DeviceState
from dispatch.errors import BadInput, NotFound
from dispatch.web.api import devices
from dispatch.web.api.schemas import Cursor
from dispatch.web.pages.routes import Pages
from dispatch.web.request_context import RequestContext

pages = Pages("devices")

AT_ONCE = 50
ACTS = ("hand out", "take in", "lose", "scrap")

_State = Annotated[DeviceState | str, Query(pattern=f"^({'|'.join(DeviceState)})?$")]
_Person = Annotated[str, Query(max_length=80)]
_Serial = Annotated[str, Query(max_length=LONGEST_SERIAL)]


@pages.show("/devices", "see devices", "devices.html", raises=[BadInput])
def see_devices(
    context: RequestContext, state: _State = "", person: _Person = "", serial: _Serial = "", cursor: Cursor = None
) -> dict[str, Any]:
    """The register, and the forms of what the caller may do with devices."""
    wanted = DeviceState(state) if state else None
    found = devices.list_devices(context, wanted, person or None, serial or None, cursor, AT_ONCE)
    asked = {name: value for name, value in (("state", state), ("person", person), ("serial", serial)) if value}
    return {
        "items": found.items,
        "next": found.next and urlencode({**asked, "cursor": found.next}),
        "first": cursor is None,
        "query": f"?{urlencode(asked)}" if asked else "",
        "asked": {"state": state, "person": person, "serial": serial},
        "states": list(DeviceState),
        "may": {act for act in ACTS if context.may(act)},
        "carriers": fitting(context.tx, CARRIERS) if context.may("hand out") else [],
    }


@pages.show("/devices/{device}", "see devices", "device.html", raises=[BadInput, NotFound])
def see_device(context: RequestContext, device: devices.DeviceSerial) -> dict[str, Any]:
    """A device, and where it has been."""
    found = devices.see_device(context, device)
    return {"device": found.device, "moves": found.moves}
