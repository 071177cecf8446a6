"""受理单: the page to which the code on a slip leads, for the staff who check it. Others don't learn that it exists.

On it the customer reads the slip and signs it, by a finger, a pen or a mouse.
"""

from __future__ import annotations

from typing import Any

from dispatch.errors import NotFound
from dispatch.slips.forms import SlipData
from dispatch.web.api import signatures, slips
from dispatch.web.api.slips import Serial
from dispatch.web.pages.routes import Pages
from dispatch.web.policy import Target
from dispatch.web.request_context import RequestContext

pages = Pages("slips")


@pages.show("/slips/{serial}", "see slips", "slip.html", raises=[NotFound])
def see_slip(context: RequestContext, serial: Serial) -> dict[str, Any]:
    """The operation, its time and its place, to compare with the paper, the paper as PDF, and the signature."""
    row = slips.find_slip(context, serial)
    signature = signatures.shown(context, row)
    may_sign = bool(signature.signers) and signature.signed_at is None and context.may("sign slips", Target(row.area))
    return {
        "slip": SlipData.from_json(row.content),
        "signature": signature,
        "may_sign": may_sign,
        "may_draw": may_sign and context.now <= signature.drawn_until,
    }
