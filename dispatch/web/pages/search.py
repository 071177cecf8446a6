"""查找: what was found of all kinds, or of one, page by page. `/` on any page leads here."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query
from markupsafe import Markup, escape

from dispatch.domain.identity import fitting_kinds, normalised
from dispatch.domain.search import SearchKind, places, read_query
from dispatch.errors import BadInput
from dispatch.web.api import search
from dispatch.web.api.schemas import Cursor
from dispatch.web.pages.routes import Pages
from dispatch.web.pages.tickets import symptom_in_words
from dispatch.web.request_context import RequestContext

pages = Pages("search")

OF_EACH, OF_ONE = 5, 50

_Typed = Annotated[str, Query(max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
_Kind = Annotated[SearchKind | str, Query(pattern=f"^({'|'.join(SearchKind)})?$")]


@pages.show("/search", "search", "search.html", raises=[BadInput])
def find(context: RequestContext, q: _Typed = "", kind: _Kind = "", cursor: Cursor = None) -> dict[str, Any]:
    """What was found. A document's number doesn't stay in the address: the page's script takes it out."""
    only = SearchKind(kind) if kind else None
    typed = q.strip()
    found = None
    if typed:
        asked = search.SearchRequest(text=typed, kind=only, cursor=cursor, limit=OF_ONE if only else OF_EACH)
        found = search.find_anything(context, asked)
    words = read_query(typed).words

    def marked(said: str) -> Markup:
        """A text with the words of the search marked."""
        parts, at = [], 0
        for start, end in places(said, words):
            parts += [escape(said[at:start]), Markup("<mark>{}</mark>").format(said[start:end])]
            at = end
        return Markup("").join([*parts, escape(said[at:])])

    return {
        "typed": typed,
        "found": found,
        "only": only,
        "kinds": context.reach().kinds,
        "marked": marked,
        "kinds_by_name": {str(each): each for each in SearchKind},
        "more": {} if found is None else {each: _address(typed, each, found.next[each]) for each in found.next},
        "all_of": lambda each: _address(typed, each),
        "first": cursor is None,
        "secret": bool(fitting_kinds(normalised(typed))),
        "symptom_of": lambda name: symptom_in_words(context, name),
    }


def _address(typed: str, kind: SearchKind, cursor: str | None = None) -> str:
    asked = {"q": typed, "kind": str(kind), **({"cursor": cursor} if cursor else {})}
    return f"/search?{urlencode(asked)}"
