"""受理单: the page to which the code on a slip leads, for the staff who check it. Others don't learn that it exists."""

from __future__ import annotations

from typing import Any

from dispatch.errors import NotFound
from dispatch.web.api import slips
from dispatch.web.api.slips import Serial
from dispatch.web.pages.routes import Pages
from dispatch.web.request_context import RequestContext

pages = Pages("slips")


@pages.show("/slips/{serial}", "see slips", "slip.html", raises=[NotFound])
def see_slip(context: RequestContext, serial: Serial) -> dict[str, Any]:
    """The operation, its time and its place, to compare with the paper, and the paper as PDF."""
    return {"slip": slips.find_slip(context, serial)}
