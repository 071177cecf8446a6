"""登录: the way in, and where it leads."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import RedirectResponse, Response

from dispatch.web.call import Call
from dispatch.web.pages.frame import Pages
from dispatch.web.pages.rendering import links

pages = Pages("home")

Next = Annotated[str, Query(pattern=r"^/([^/\\].*)?$", max_length=300, description="a page of ours to go to")]


@pages.api.look("/", "see one's session")
def home(call: Call) -> Response:
    """The first page that the visitor's roles give him."""
    open_to = links(call)
    return RedirectResponse(open_to[0].path if open_to else "/no-role", 303)


@pages.look("/no-role", "see one's session", "no_role.html")
def no_role(call: Call) -> dict[str, Any]:  # noqa: ARG001
    """For who holds none: what to do about it."""
    return {}


@pages.look("/sign-in", "sign in", "sign_in.html")
def sign_in(call: Call, next: Next = "/") -> dict[str, Any]:  # noqa: ARG001
    return {"next": next}


@pages.look("/password", "change one's password", "password.html")
def password(call: Call) -> dict[str, Any]:  # noqa: ARG001
    return {}
