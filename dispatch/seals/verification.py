"""Check the chain of seals: compute every leaf and every root anew, and say what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from dispatch.domain.seal import FIRST, Item, Mark, Source, root
from dispatch.storage import seals
from dispatch.storage.database import Database, Tx
from dispatch.storage.seals import Seal

SEALS = 20
"""Seals that one transaction reads: a long one would keep the database from tidying up."""
ROWS = 1_000
"""Archive records without a seal that one transaction reads."""
WINDOW = 20_000
"""Ids that one query looks at for rows without a seal."""


class Flaw(StrEnum):
    """What is wrong."""

    CHANGED = "changed"  # a sealed row is another now
    MISSING = "missing"  # a sealed row is gone
    ADDED = "added"  # a row has no seal, though rows written after it have one
    SEAL = "seal"  # a seal's root isn't that of its items: one of them, or the seal, was changed
    CHAIN = "chain"  # a seal is missing, or doesn't name the root before it
    MARK = "mark"  # a mark kept elsewhere isn't in the chain
    FORK = "fork"  # a mark of a seal that a restore took back


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is wrong. `seal`: the number of its seal; None: of no seal. `row`: the row, written plainly."""

    kind: Flaw
    seal: int | None
    row: str | None = None


@dataclass(slots=True)
class Verdict:
    """What a check found. `unsealed`: rows that are to be sealed next; `restored_at`: seals that are the first after a
    restore; `proven`: marks kept elsewhere that the chain contains."""

    seals: int = 0
    rows: int = 0
    unsealed: int = 0
    newest: Mark | None = None
    differences: list[Difference] = field(default_factory=list)
    restored_at: list[int] = field(default_factory=list)
    proven: list[Mark] = field(default_factory=list)

    @property
    def is_intact(self) -> bool:
        return not self.differences

    @property
    def first_seal(self) -> int | None:
        """The first seal that differs."""
        return min((each.seal for each in self.differences if each.seal is not None), default=None)


def verify(
    database: Database, marks: Sequence[Mark] = (), progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Verdict:
    """Check all seals and rows, and that each of `marks` is in the chain. It writes nothing; `progress` is told how
    many seals of how many are done."""
    verdict, by_number = Verdict(), {mark.number: mark for mark in marks}
    roots: dict[int, Mark] = {}
    with database.read() as tx:
        total, epoch = seals.count(tx), seals.epoch_number(tx)
    before: Seal | None = None
    while True:
        with database.read() as tx:
            chain = seals.after(tx, before.number if before else 0, SEALS)
            for each in chain:
                _check_seal(tx, each, before, verdict)
                if each.number in by_number:
                    roots[each.number] = each.mark
                before = each
        verdict.seals += len(chain)
        progress(verdict.seals, total)
        if len(chain) < SEALS:
            break
    verdict.newest = before.mark if before else None
    for source in (Source.HISTORY, Source.AUDIT):
        _look_for_unsealed(database, source, before, verdict)
    _look_for_records(database, before, verdict)
    _look_into_the_store(database, before, verdict)
    for mark in marks:
        _compare(mark, roots.get(mark.number), epoch, verdict)
    return verdict


def _check_seal(tx: Tx, each: Seal, before: Seal | None, verdict: Verdict) -> None:
    number, previous = (before.number + 1, before.root) if before else (1, FIRST)
    if (each.number, each.previous) != (number, previous):
        verdict.differences.append(Difference(Flaw.CHAIN, number))
    if before is not None and each.epoch != before.epoch:
        verdict.restored_at.append(each.number)
    items = seals.items_of(tx, each.number)
    verdict.rows += len(items)
    if root(each.epoch, each.number, each.made_at, each.previous, items) != each.root or len(items) != each.rows:
        verdict.differences.append(Difference(Flaw.SEAL, each.number))
    present = seals.present(tx, items)
    gone = [item for item in items if item.name not in present]
    present |= {item.name: item for item in _stored(tx, {item.ticket_id for item in gone})}
    for item in items:
        now = present.get(item.name)
        if now is None:
            verdict.differences.append(Difference(Flaw.MISSING, each.number, _named(item)))
        elif now.leaf != item.leaf:
            verdict.differences.append(Difference(Flaw.CHANGED, each.number, _named(item)))


def _stored(tx: Tx, ticket_ids: set[int]) -> Iterator[Item]:
    """The rows of stored cases; a case that can't be unpacked has none."""
    for ticket_id in sorted(ticket_ids - {0}):
        try:
            yield from (found.item for found in seals.in_store(tx, [ticket_id]))
        except ValueError:
            continue


def _look_for_unsealed(database: Database, source: Source, last: Seal | None, verdict: Verdict) -> None:
    """Rows below the floor aren't taken up any more: whoever wrote them wrote them into the past."""
    with database.read() as tx:
        above, greatest, floor = 0, seals.greatest(tx, source), seals.floor(tx, last, source)
    while above < greatest:
        with database.read() as tx:
            above = seals.before_next(tx, source, above)  # a restore left a gap of millions of ids
            found = seals.unsealed(tx, source, above, None, above + WINDOW)
        above += WINDOW
        for each in found:
            if each.item.key <= floor:
                verdict.differences.append(Difference(Flaw.ADDED, None, _named(each.item)))
            else:
                verdict.unsealed += 1


def _look_for_records(database: Database, last: Seal | None, verdict: Verdict) -> None:
    """A record is sealed with the history of its ticket; one without such history to be sealed was added."""
    behind = (0, -1)
    while True:
        with database.read() as tx:
            found = seals.unsealed_records_behind(tx, *behind, ROWS)
            settled = set(seals.wholly_sealed(tx, sorted({each.item.ticket_id for each in found}))) if found else set()
        for each in found:
            if last is not None and each.item.ticket_id in settled:
                verdict.differences.append(Difference(Flaw.ADDED, None, _named(each.item)))
            else:
                verdict.unsealed += 1
        if len(found) < ROWS:
            return
        behind = found[-1].item.key, found[-1].item.part


def _look_into_the_store(database: Database, last: Seal | None, verdict: Verdict) -> None:
    """A stored case holds sealed rows alone, once the seals have reached it."""
    above, reached = 0, last.case_to if last else 0
    while True:
        with database.read() as tx:
            cases = seals.stored_after(tx, above, SEALS)
            items = list(_stored(tx, set(cases)))
            known = seals.names_sealed(tx, items)
        for item in items:
            if item.name in known:
                continue
            if item.ticket_id <= reached:
                verdict.differences.append(Difference(Flaw.ADDED, None, _named(item)))
            else:
                verdict.unsealed += 1
        if len(cases) < SEALS:
            return
        above = cases[-1]


def _compare(mark: Mark, there: Mark | None, epoch: int, verdict: Verdict) -> None:
    """`epoch` is the present one, in which there may be no seal yet."""
    if there == mark:
        verdict.proven.append(mark)
    elif mark.epoch < (there.epoch if there else epoch):
        verdict.differences.append(Difference(Flaw.FORK, mark.number))
    else:
        verdict.differences.append(Difference(Flaw.MARK, mark.number))


def _named(item: Item) -> str:
    return f"{item.source} {item.key}" + (f"/{item.part}" if item.source == Source.RECORD else "")
