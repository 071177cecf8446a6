"""A page is a GET with a policy; its endpoint returns the values for the template.

A page cannot change anything by itself: its forms go to the API (`static/forms.js`), so that there is one policy, one
validation and one wording of errors.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dispatch.web.pages.rendering import STATIC, build_hash, render
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api, Errors

Endpoint = TypeVar("Endpoint", bound=Callable[..., Mapping[str, Any]])


class Pages:
    """The routes of one page, or of several that belong together."""

    def __init__(self, tag: str) -> None:
        self.api = Api("", f"page-{tag}", documented=False)
        self.router = self.api.router

    def show(self, path: str, operation: str, template: str, *, raises: Errors = ()) -> Callable[[Endpoint], Endpoint]:
        """Register a page. Its endpoint gets a request context and returns the template's values."""

        def put(endpoint: Endpoint) -> Endpoint:
            @functools.wraps(endpoint)
            def shown(context: RequestContext, **given: Any) -> HTMLResponse:
                return HTMLResponse(render(context.visitor.request, template, endpoint(context, **given), context))

            signature = inspect.signature(endpoint, eval_str=True)
            shown.__signature__ = signature.replace(return_annotation=HTMLResponse)  # type: ignore[attr-defined]
            self.api.read(path, operation, raises=raises)(shown)
            return endpoint

        return put


class StaticFilesOfBuild(StaticFiles):
    """The static files at `/static/BUILD/…`, which browsers may cache for ever."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    def file_response(self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200) -> Any:
        response = super().file_response(full_path, stat_result, scope, status_code)
        if scope["path_params"].get("build") == build_hash():
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
