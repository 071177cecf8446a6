"""Find the ids of what contains all words of a search, the newest first. Tokens find candidates, the text decides.

A row's area must be among those given; None: all areas. `docs/search.md` says what was measured.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import text

from dispatch.domain.search import Query, SearchKind, area_token, number_of, rarest, share_of
from dispatch.storage import search_index
from dispatch.storage.database import Tx

Areas = Collection[str] | None

WALKED = 2000
"""The newest rows of each area that PostgreSQL looks at before it asks the index of tokens for a frequent word."""
_FREQUENT = 0.004
"""The share from which a word is frequent: so many rows would have to be sorted."""
LAST = (1 << 63) - 1


def find(tx: Tx, kind: SearchKind, query: Query, areas: Areas, limit: int, before: int | None = None) -> list[int]:
    """The newest hits with smaller ids than `before`. The query must be searchable."""
    if areas is not None and not areas:
        return []
    shares = search_index.state(tx, kind).shares
    chosen = rarest(query.tokens, shares)
    given = {**_words(query), "before": LAST if before is None else before, "limit": limit}
    if tx.dialect.name == "sqlite":
        return _by_fts(tx, kind, query, chosen, areas, given)
    given |= {"areas": None if areas is None else sorted(areas)}
    if share_of(chosen[0], shares) >= _FREQUENT:
        found = _walked(tx, kind, query, given)
        if len(found) >= limit:
            return found
    return _by_gin(tx, kind, query, chosen, given)


def find_open(
    tx: Tx, query: Query, areas: Areas, teams: Collection[str], limit: int, before: int | None = None
) -> list[int]:
    """The newest hits among the open tickets that are now, or were once, with one of these teams."""
    given: dict[str, Any] = {**_words(query), "before": LAST if before is None else before, "limit": limit}
    where = [_contains(tx, query), "t.ended_at IS NULL", "t.id < :before"]
    if areas is not None:
        where.append(f"s.area IN ({_listed(given, 'area', areas)})")
    theirs = _listed(given, "team", teams)
    where.append(f"EXISTS (SELECT 1 FROM hop h WHERE h.ticket_id = t.id AND h.team IN ({theirs}))")  # noqa: S608
    statement = (
        f"SELECT t.id FROM ticket t JOIN ticket_search s ON s.id = t.id WHERE {' AND '.join(where)} "  # noqa: S608
        "ORDER BY t.id DESC LIMIT :limit"
    )
    return _ids(tx, statement, given) if teams and (areas is None or areas) else []


def _by_fts(
    tx: Tx, kind: SearchKind, query: Query, chosen: list[str], areas: Areas, given: dict[str, Any]
) -> list[int]:
    match = [f'"{token}"' for token in chosen]
    where = [f"{kind}_tokens MATCH :match", "f.rowid < :before", _contains(tx, query)]
    if areas is not None:
        tokens = [f'"{area_token(area)}"' for area in sorted(areas)]
        match.append(f"({' OR '.join(tokens)})")
        where.append(f"s.area IN ({_listed(given, 'area', areas)})")
    given["match"] = " AND ".join(match)
    statement = (
        f"SELECT s.id FROM {kind}_tokens f CROSS JOIN {kind}_search s ON s.id = f.rowid "  # noqa: S608
        f"WHERE {' AND '.join(where)} ORDER BY f.rowid DESC LIMIT :limit"
    )
    return _ids(tx, statement, given)


def _by_gin(tx: Tx, kind: SearchKind, query: Query, chosen: list[str], given: dict[str, Any]) -> list[int]:
    given = {**given, "tokens": [number_of(token) for token in chosen]}
    where = ["tokens @> CAST(:tokens AS int[])", "s.id < :before", _contains(tx, query)]
    if given["areas"] is not None:
        given["area_tokens"] = [number_of(area_token(area)) for area in given["areas"]]
        where += ["tokens && CAST(:area_tokens AS int[])", "s.area = ANY (CAST(:areas AS text[]))"]
    statement = (
        f"WITH m AS MATERIALIZED (SELECT s.id FROM {kind}_search s WHERE {' AND '.join(where)}) "  # noqa: S608
        "SELECT id FROM m ORDER BY id DESC LIMIT :limit"
    )
    return _ids(tx, statement, given)


def _walked(tx: Tx, kind: SearchKind, query: Query, given: dict[str, Any]) -> list[int]:
    """Hits among the newest rows of each area, down to where every area was looked at."""
    newest = f"SELECT s.id, s.text, s.initials FROM {kind}_search s WHERE s.id < :before"  # noqa: S608
    if given["areas"] is None:
        walked = f"SELECT '' AS area, w.* FROM ({newest} ORDER BY s.id DESC LIMIT {WALKED}) w"  # noqa: S608
    else:
        walked = (
            "SELECT a.area, w.* FROM unnest(CAST(:areas AS text[])) AS a (area) CROSS JOIN LATERAL "  # noqa: S608
            f"({newest} AND s.area = a.area ORDER BY s.id DESC LIMIT {WALKED}) w"
        )
    statement = (
        f"WITH walked AS MATERIALIZED ({walked}), lowest AS (SELECT min(id) AS id FROM walked GROUP BY area "  # noqa: S608
        f"HAVING count(*) = {WALKED}) SELECT s.id FROM walked s WHERE {_contains(tx, query)} "
        "AND s.id >= coalesce((SELECT max(id) FROM lowest), 0) ORDER BY s.id DESC LIMIT :limit"
    )
    return _ids(tx, statement, given)


def _words(query: Query) -> dict[str, Any]:
    return {f"w{n}": word for n, word in enumerate(query.words)} | {f"p{n}": pair for n, pair in enumerate(query.pairs)}


def _contains(tx: Tx, query: Query) -> str:
    """The condition that says the same as `Query.matches`."""
    find_in = "instr" if tx.dialect.name == "sqlite" else "strpos"
    said = [f"{find_in}(s.text, :w{n}) > 0" for n in range(len(query.words))]
    said += [f"{find_in}(s.initials, :p{n}) > 0" for n in range(len(query.pairs))]
    return " AND ".join(said)


def _listed(given: dict[str, Any], name: str, values: Collection[str]) -> str:
    """Parameters for a list of values, which are added to `given`."""
    named = {f"{name}{n}": value for n, value in enumerate(sorted(values))}
    given |= named
    return ", ".join(f":{each}" for each in named)


def _ids(tx: Tx, statement: str, given: dict[str, Any]) -> list[int]:
    return list(tx.execute(text(statement), given).scalars())
