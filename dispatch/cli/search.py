"""`dispatch search`: the index of the search of the pages and the API, built anew."""

from __future__ import annotations

from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole
from dispatch.cli.output import give
from dispatch.domain.roles import require
from dispatch.domain.search import SearchKind
from dispatch.domain.title import Wording
from dispatch.storage import search_index

search = Commands()

_INDEX = Wording("查找索引", "the search's index")


@search.callback(help=text("查找索引：重建", "The search's index: build it anew."))
def _group() -> None:
    """Keep the group although it has one command."""


@search.command(
    help=text(
        "重建查找索引：升级后，或怀疑查不全时。办理业务照常；重建完之前会暂时查不全。",
        "Build the search's index anew: after an upgrade, or when it misses something. Work goes on meanwhile; until "
        "it is done, a search doesn't find everything.",
    )
)
def rebuild(name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Build the search's index anew."""
    desk = open_desk()
    require(desk.actor(name, role), "rebuild the search", _INDEX)
    built = dict.fromkeys(SearchKind, 0)
    for kind in SearchKind:
        with desk.database.write() as tx:
            search_index.begin(tx, kind)
        while True:
            with desk.database.write() as tx:
                built[kind] += search_index.build(tx, kind)
                if search_index.state(tx, kind).cursor is None:
                    search_index.sample(tx, kind, now())
                    break
    rows = {str(kind): number for kind, number in built.items()}
    said = "、".join(f"{kind.label.zh} {number}" for kind, number in built.items())
    told = ", ".join(f"{kind.label.en.lower()} {number}" for kind, number in built.items())
    sentence = text(f"查找索引已重建：{said}", f"The search's index is built: {told}")
    give(as_json, {"act": "rebuild the search", **rows}, sentence)
