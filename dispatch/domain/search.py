"""查找: how text is compared, and the tokens by which candidates are found. Pure.

A hit is a row whose text contains every word of the query, both as `key` writes them. Tokens only narrow down which
rows the database looks at: a token that is missing in the query costs time and changes no result.
`docs/decisions/0029-search-by-own-tokens.md`.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dispatch.domain.folding import SIMPLIFIED
from dispatch.domain.pinyin import FIRST, IN_WORDS, INITIALS, OF_SURNAMES
from dispatch.domain.title import Title, TitledEnum

TOKENS_VERSION = 1
"""Grows when `key`, `tokens` or what a row's text is made of change: the index is then built anew."""

_BETWEEN = re.compile(r"(?<=([^\x00-\x7f]))(\d{1,3})(?=([^\x00-\x7f]))")
"""A short number between two characters that are no ASCII, as in 路60号."""
_HAN = re.compile("[一-鿿]{2,}")

_MOST_TOKENS, _FEW, _UNKNOWN_SHARE = 4, 1e-4, 1e-3
"""A query takes its rarest tokens, until they leave that share of the rows. A token of unknown share is a rare one."""


class SearchKind(TitledEnum):
    """Kinds of things that can be found, in the order in which they are shown."""

    TICKET = "ticket", Title("工单", "Tickets")
    ACCOUNT = "account", Title("客户与账号", "Customers and accounts")
    ADDRESS = "address", Title("地址", "Addresses")
    DEVICE = "device", Title("终端", "Devices")


class Why(TitledEnum):
    """Facts by which a hit is found."""

    NUMBER = "number", Title("编号", "number")
    NAME = "name", Title("姓名", "name")
    MOBILE = "mobile", Title("手机号码", "mobile number")
    DOCUMENT = "document", Title("证件号码", "document")
    ADDRESS = "address", Title("地址", "address")
    DESCRIPTION = "description", Title("故障描述", "description")
    DEVICE = "device", Title("终端", "device")
    INITIALS = "initials", Title("拼音首字母", "pinyin initials")


@dataclass(frozen=True, slots=True)
class SearchText:
    """What is searched of one row: its fields as `key` writes them, and the initials of their pinyin.

    `text`: the fields, then the initials, parted by spaces."""

    text: str
    initials: str


@dataclass(frozen=True, slots=True)
class Query:
    """A search. A row is a hit if its text contains all of `words`, and its initials all of `pairs`."""

    words: tuple[str, ...]
    pairs: tuple[str, ...]  # words of exactly two Latin letters: anywhere in a text they would mean nothing
    tokens: frozenset[str]

    @property
    def is_searchable(self) -> bool:
        """Return whether a token narrows the search down: two Chinese characters, three letters or four digits."""
        return bool(self.tokens)

    def matches(self, row: SearchText) -> bool:
        """Return whether the row is a hit; the database's conditions say the same."""
        return all(word in row.text for word in self.words) and all(pair in row.initials for pair in self.pairs)


def key(raw: str) -> str:
    """Text as it is compared: half-width, lower case, simplified, without punctuation; words are parted by spaces."""
    plain = unicodedata.normalize("NFKC", raw).casefold().translate(SIMPLIFIED)
    return "".join(each if each.isalnum() else " " if each.isspace() else "" for each in plain)


def search_text(fields: Iterable[str], read_aloud: Iterable[str]) -> SearchText:
    """The text of a row with these fields; those of `read_aloud`, names and addresses, are also found by initials."""
    initials = " ".join(dict.fromkeys(each for field in read_aloud for each in _initials(key(field))))
    keyed = [key(field).replace(" ", "") for field in fields]
    return SearchText(" ".join([*filter(None, keyed), *filter(None, [initials])]), initials)


def _initials(keyed: str) -> list[str]:
    """The initials of each run of two or more Chinese characters; with second readings where there are any."""
    read = []
    for run in _HAN.findall(keyed):
        surname = run[0].translate(OF_SURNAMES) + run[1:]
        read += [run, surname, run.translate(IN_WORDS), surname.translate(IN_WORDS)]
    return ["".join(each if each.isascii() else INITIALS[ord(each) - FIRST] for each in run) for run in read]


def read_query(typed: str) -> Query:
    """The query that somebody typed."""
    parts = tuple(dict.fromkeys(key(typed).split()))
    pairs = tuple(part for part in parts if _is_pair(part))
    words = tuple(part for part in parts if not _is_pair(part))
    return Query(words, pairs, frozenset(pairs).union(*map(_grams, words)))


def tokens(row: SearchText) -> set[str]:
    """The tokens by which a row is found."""
    found = {run[i : i + 2] for run in row.initials.split() for i in range(len(run) - 1)}
    for word in row.text.split():
        found |= _grams(word)
    return found


def area_token(area: str) -> str:
    """The token of all rows in an area."""
    return "area" + key(area)


def number_of(token: str) -> int:
    """A token as PostgreSQL's index has it: a signed 32-bit number. Two tokens may share one; the text decides."""
    code = zlib.crc32(token.encode())
    return code - (1 << 32) if code >= 1 << 31 else code


def rarest(found: Iterable[str], shares: Mapping[str, float]) -> list[str]:
    """The tokens to search by: the rarest first, and no more than narrow the search down. `shares`: of all rows, the
    share that has a token; only frequent ones are in it."""
    chosen: list[str] = []
    left = 1.0
    for token in sorted(found, key=lambda each: (shares.get(each, _UNKNOWN_SHARE), each)):
        if len(chosen) == _MOST_TOKENS or left < _FEW:
            break
        chosen.append(token)
        left *= shares.get(token, _UNKNOWN_SHARE)
    return chosen


def share_of(token: str, shares: Mapping[str, float]) -> float:
    """The share of the rows that have a token."""
    return shares.get(token, _UNKNOWN_SHARE)


def reasons(query: Query, fields: Iterable[tuple[Why, str | None]]) -> list[Why]:
    """What a row with these fields is found by, each once."""
    found: dict[Why, None] = {}
    for why, raw in fields:
        keyed = key(raw or "").replace(" ", "")
        if any(word in keyed for word in query.words):
            found[why] = None
        elif why in (Why.NAME, Why.ADDRESS):
            initials = " ".join(_initials(key(raw or "")))
            if any(word in initials for word in (*query.words, *query.pairs)):
                found[Why.INITIALS] = None
    return list(found)


def places(raw: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where in `raw` these words stand, as (start, end), in order and without overlaps; to mark why it is a hit."""
    signs = [(sign, at) for at, each in enumerate(raw) for sign in key(each).strip()]
    keyed = "".join(sign for sign, _ in signs)
    marked: set[int] = set()
    for word in words:
        start = keyed.find(word)
        while start >= 0:
            marked |= {at for _, at in signs[start : start + len(word)]}
            start = keyed.find(word, start + len(word))
    found: list[tuple[int, int]] = []
    for at in sorted(marked):
        if found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return found


def _is_pair(word: str) -> bool:
    return len(word) == 2 and word.isascii() and word.isalpha()


def _grams(word: str) -> set[str]:
    """Parts of a word. Those of a part of a word are among those of the whole."""
    found = {before + digits + after for before, digits, after in _BETWEEN.findall(word)}
    for start in range(len(word) - 1):
        two, three, four = word[start : start + 2], word[start : start + 3], word[start : start + 4]
        if not two.isascii():
            found.add(two)
        elif len(three) == 3 and three.isascii() and three.isalpha():
            found.add(three)
        elif len(four) == 4 and four.isascii() and not four.isalpha():
            found.add(four)
    return found
