"""One step for the hops of one message: read, ask outside, lock, check the generation, write, commit, publish.

An automatic stretch is a Celery chain of steps. Each step takes the (hop id, generation) pairs that the step before
returned, each with a new generation. So a step that is delivered twice finds its pairs stale, and a hop that failed or
went to the quarantine drops out on the way. When a process dies before its commit, nothing has happened: the lease runs
out and the relay sends the hop again. A hop of another team than the task's is dropped like a stale one, whatever
message brought it: the step would do its team's work to it, and the failure would count as the hop's.

The first step receives the hops in its own transaction. Hops whose earlier sending failed are received by a separate
task first: if they crash their worker, the database then knows that it had received them and counts a failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog

from dispatch.runtime import metrics
from dispatch.storage import hops
from dispatch.storage.clock import later
from dispatch.storage.hops import SentHop
from dispatch.storage.outbox import Pair
from dispatch.tickets import next_hop
from dispatch.tickets.next_hop import NONE
from workers.batch import PAUSE, Batch
from workers.context import get_context
from workers.precomputed import Precomputed
from workers.stretch import Step
from workers.stretch import Stretch as Stretch  # its old place, for one release: operators' own team modules name it
from workers.task_names import team_of

log = structlog.get_logger()


def receive(team: str, pairs: Sequence[Pair]) -> list[Pair]:
    """Mark the team's hops as received; return those whose generation still matches. The rest are stale."""
    context = get_context()
    with context.database.write() as tx:
        ours = hops.receive(tx, hops.of_team(tx, pairs, team), context.now(), context.settings.lease_span)
    tell_stale(pairs, ours)
    return ours


def tell_stale(pairs: Sequence[Pair], ours: Sequence[Pair]) -> None:
    if len(ours) < len(pairs):
        metrics.STALE.labels("hops").inc(len(pairs) - len(ours))
        log.info("stale hops dropped", hops=dropped_ids(pairs, ours), kept=len(ours))


def dropped_ids(pairs: Sequence[Pair], kept: Sequence[Pair]) -> list[int]:
    """Return the ids of the dropped rows, for the log."""
    return sorted({row_id for row_id, _ in pairs} - {row_id for row_id, _ in kept})


def put_back(pairs: Sequence[Pair]) -> None:
    """Make hops due again in a second without counting a failure: only a worker of another release knows their task."""
    context = get_context()
    with context.database.write() as tx:
        hops.postpone(tx, pairs, context.now() + timedelta(seconds=1))


def wait_for_clock(pairs: Sequence[Pair]) -> None:
    """Leave hops to a process whose clock is right: they are due again soon, and no failure is counted."""
    with get_context().database.write() as tx:
        hops.postpone(tx, pairs, later(tx))
    log.warning("the clock is wrong, hops stay due", hops=[hop_id for hop_id, _ in pairs])


def run_step(step: Step, place: int, effect: str, pairs: Sequence[Pair]) -> list[Pair]:
    """Run a step for these hops in one transaction; a hop that makes the step fail is isolated and fails alone.

    `place` is the step's position in its stretch, from 0; `effect` is its task's name. Returns the pairs for the next
    step. Raises as `Batch.run` does.
    """
    return Batch(partial(_act, step, place, effect), partial(_fail, effect), partial(_wait, effect)).run(pairs)


def _act(step: Step, place: int, effect: str, pairs: Sequence[Pair]) -> list[Pair]:
    """Do the step for the hops that still need it. A hop sent again after a crash skips the steps already done."""
    context = get_context()
    rulebook = context.rules.get()
    lease, direct, team = context.settings.lease_span, NONE, team_of(effect)
    if step.end is not None:
        direct = context.direct_sender.to_queues_with_room(rulebook, team, lease)
    write, precomputed = step.write, None
    if step.look is not None:
        with context.database.autocommit_read() as tx:
            seen = step.still_to_do(hops.read_received(tx, pairs, team), place)
        write = step.look(context, seen) if seen else None
    now = context.now()
    if step.end is not None and context.database.single_writer:
        with context.database.read() as tx:
            seen = step.still_to_do(hops.read_received(tx, pairs, team), place)
            precomputed = Precomputed.of(tx, seen, step.end(tx, rulebook, seen, now, direct)) if seen else None
    following: list[SentHop] = []
    own: list[Pair] = []
    with context.database.write() as tx:
        mine = hops.lock_received(tx, pairs, team)
        todo = step.still_to_do(mine, place)
        behind = [(row.id, row.generation) for row in mine if not step.is_before(row, place)]
        if not todo:
            pass
        elif step.end is not None:
            found = (
                precomputed.changes
                if precomputed and precomputed.holds(tx, todo)
                else step.end(tx, rulebook, todo, now, direct)
            )
            following = next_hop.write_changes(tx, found)
        elif write is not None:
            write(tx, rulebook, todo, now)
        if todo and not step.last:
            own = hops.note_steps_done(tx, [row.id for row in todo], place + 1, now, lease)
    tell_stale(pairs, [(row.id, row.generation) for row in mine])
    metrics.observe_all(metrics.HOP.labels(effect), [(now - row.made_at).total_seconds() for row in todo])
    context.ledger.write(effect, (f"{row.id}/{row.generation}" if step.again else row.id for row in todo))
    context.direct_sender.publish(context.database, following)
    return behind + own


def _wait(effect: str, pairs: Sequence[Pair], away: OSError) -> None:
    failure = f"{effect}: {type(away).__name__}"
    context = get_context()
    with context.database.write() as tx:
        hops.postpone(tx, hops.of_team(tx, pairs, team_of(effect)), context.now() + PAUSE, failure=failure)
    metrics.OUT_OF_REACH.labels(effect).inc()
    log.warning("out of reach, hops stay due", failure=failure, hops=[hop_id for hop_id, _ in pairs])


def _fail(effect: str, pair: Pair, broken: Exception) -> None:
    """Keep and log only the error's type: its text may quote a row, and a row may hold personal data."""
    failure = f"{effect}: {type(broken).__name__}"
    context = get_context()
    with context.database.write() as tx:
        ours = hops.of_team(tx, [pair], team_of(effect))
        quarantined = bool(ours) and hops.fail(tx, pair, failure, context.now())
        ticket = next((row.ticket_id for row in hops.lock(tx, [pair[0]]).values()), None)
    metrics.FAILURES.labels(effect).inc()
    metrics.QUARANTINED.labels(effect).inc(quarantined)
    log.error("hop failed", hop=pair[0], ticket=ticket, failure=failure, quarantined=quarantined)
