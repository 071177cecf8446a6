"""登录: sign-in, and the page to which it leads."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import RedirectResponse, Response

from dispatch.access import oidc, sessions
from dispatch.domain.title import Wording
from dispatch.errors import IdentityTaken, NotFound, ProviderAway, SignInRefused
from dispatch.web.api import sessions as session_list
from dispatch.web.api import tokens
from dispatch.web.credentials import Visitor
from dispatch.web.pages.rendering import links
from dispatch.web.pages.routes import Pages
from dispatch.web.request_context import RequestContext

pages = Pages("home")

WAITS = 600
"""Seconds that a user may take at the identity provider."""

Told = Annotated[str, Query(max_length=2000)]
Again = Annotated[bool, Query()]
Next = Annotated[str, Query(pattern=r"^/([^/\\].*)?$", max_length=2000, description="a page of ours to go to")]


@pages.api.read("/", "see one's session")
def home(context: RequestContext) -> Response:
    """Redirect to the first page that the visitor's roles allow."""
    open_to = links(context)
    return RedirectResponse(open_to[0].path if open_to else "/no-role", 303)


@pages.show("/no-role", "see one's session", "no_role.html")
def no_role(context: RequestContext) -> dict[str, Any]:  # noqa: ARG001
    """The page for users without a role: it says whom to ask."""
    return {}


@pages.show("/sign-in", "sign in", "sign_in.html")
def sign_in(context: RequestContext, next: Next = "/") -> dict[str, Any]:
    return {"next": next, "has_provider": bool(context.installation.settings.oidc_issuer)}


@pages.api.without_transaction("/sign-in/oidc", "sign in", raises=[ProviderAway, NotFound])
def to_provider(visitor: Visitor, again: Again = False) -> Response:
    """Redirect to the identity provider, which sends the browser back. `again`: it is to identify the user anew."""
    way, begun = oidc.begin(visitor.installation.provider, _client(visitor), again=again)
    visitor.set_cookie("oidc", begun.cookie(), WAITS)
    return RedirectResponse(way, 303)


@pages.api.without_transaction(
    "/sign-in/oidc/back", "sign in", raises=[SignInRefused, IdentityTaken, ProviderAway, NotFound]
)
def from_provider(visitor: Visitor, state: Told = "", code: Told = "") -> Response:
    """Sign the user in whom the provider has identified."""
    installation, begun = visitor.installation, oidc.read_pending(visitor.oidc_secret)
    visitor.set_cookie("oidc", "", 0)
    try:
        person = oidc.identify(installation.provider, _client(visitor), begun, state, code)
    except SignInRefused:
        oidc.note_refused(installation.database, visitor.origin, visitor.now)
        raise
    secret = oidc.enter(installation.database, installation.index, person, visitor.origin, visitor.now)
    visitor.set_cookie("session", secret, int(sessions.LONGEST_SESSION.total_seconds()))
    return RedirectResponse("/account" if begun.again else "/", 303)


def _client(visitor: Visitor) -> oidc.Client:
    """The client of the identity provider. Raises NotFound where people sign in by password alone."""
    client = visitor.installation.oidc_client(str(visitor.request.base_url))
    if client is None:
        raise NotFound(what=Wording("统一认证，", "identity provider"), which=Wording("未设置", "set"))
    return client


@pages.show("/account", "have tokens", "account.html")
def account(context: RequestContext) -> dict[str, Any]:
    """The caller's own sessions and API tokens."""
    span = context.installation.settings.token_span
    return {
        "sessions": session_list.list_sessions(context).items,
        "tokens": [each for each in tokens.list_tokens(context).items if _counts(each, context)],
        "longest": span.days,
        "usual": sessions.usual_life(span).days,
        "has_provider": bool(context.installation.settings.oidc_issuer),
        "proved": context.user.proved_lately(context.now),
    }


def _counts(token: tokens.Token, context: RequestContext) -> bool:
    return token.revoked_at is None and token.expires_at > context.now


@pages.show("/password", "change one's password", "password.html")
def password(context: RequestContext) -> dict[str, Any]:  # noqa: ARG001
    return {}
