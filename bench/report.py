"""The comparison's results: a table, a picture, and a line to compare."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from bench.contender import Contender

OURS = "ours-postgresql"
HEAD = (
    "| what runs the 7 hops | hops/s | × best Celery | p50 ms | p99 ms | one at a time, p50 ms "
    "| processor s / 1,000 hops | memory MB |\n|---|---|---|---|---|---|---|---|"
)
WORDS = """# The same seven hops, side by side

{head}
{rows}

Measured on {where}. Made by `make bench`: medians of rounds in turns (A B A B …).

- A *hop* of a peer is one task of a chain, pipeline or job, with an empty body. A hop of ours is a visit of a ticket
  to a team whose worker ends it by itself. The relay takes it from the outbox and sends it as a Celery message; the
  worker receives it, ends it with a finding whose evidence is checked, has the rules choose the next team, and writes
  ticket, next hop and history. The sixth hop freezes the archive record with the whole journey and its SHA-256. Every
  hop is committed, with `fsync` on. Task events for Flower are on; Flower itself doesn't run.
- Procrastinate writes the same rows in SQL, one transaction per job, without rules, evidence checks or archive record.
- *hops/s*, *processor* and *memory*: with 2,000 tickets under way; the reporter, the workers, the broker and the
  database count together. *p50*, *p99*: from the end of one hop to the end of the next, at half of that rate.
  *One at a time*: one ticket after the other.
- The figures contain no people: with people, a hop waits on a board until somebody claims it.

## Where the processors' time goes

Processor time of a hop of ours on PostgreSQL, in microseconds:

| | full load | half load | one at a time |
|---|---|---|---|
{parts}
"""


def table(found: Sequence[Contender]) -> str:
    return "\n".join([HEAD, *_rows(found)])


def _rows(found: Sequence[Contender]) -> list[str]:
    best = next((each.rate for each in found if each.name == "celery-best"), float("nan"))
    return [
        f"| {each.title} | {each.rate:,.0f} | {each.rate / best:.1f} "
        f"| {each.latency('half', 'p50'):.1f} | {each.latency('half', 'p99'):.1f} "
        f"| {each.latency('single', 'p50'):.1f} | {each.processor:.2f} | {each.memory:,.0f} |"
        for each in found
    ]


def _parts(ours: Contender) -> list[str]:
    """Rows of the parts with their shares, the largest at full load first."""
    runs = [ours.parts(of) for of in ("full", "half", "single")]
    return [
        f"| {name} | "
        + " | ".join(f"{run.get(name, 0):,.0f} ({run.get(name, 0) / sum(run.values()):.0%})" for run in runs)
        + " |"
        for name in sorted(runs[0], key=lambda name: -runs[0][name])
    ]


def write(found: Sequence[Contender], folder: Path) -> None:
    """Write `bench.md` with the table and `bench.svg` with the picture."""
    where = (
        f"{os.cpu_count()} processors ({platform.machine()}), {platform.system()}, Python {platform.python_version()}"
    )
    parts = "\n".join(_parts(next(each for each in found if each.name == OURS)))
    text = WORDS.format(head=HEAD, rows="\n".join(_rows(found)), where=where, parts=parts)
    (folder / "bench.md").write_text(text, encoding="utf-8")
    draw(found, folder / "bench.svg")


def draw(found: Sequence[Contender], file: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "paidan"  # the same figures give the same file
    from matplotlib import pyplot as plt

    names = [each.title for each in found]
    colours = ["#1f6fb4" if each.name.startswith("ours") else "#9aa5b1" for each in found]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True, layout="constrained")
    for axes, values, title, style in (
        (left, [each.rate for each in found], "hops per second (more is better)", "{:,.0f}"),
        (right, [each.processor for each in found], "processor seconds per 1,000 hops (less is better)", "{:.2f}"),
    ):
        bars = axes.barh(names, values, color=colours)
        axes.bar_label(bars, [style.format(value) for value in values], padding=4, fontsize=9)
        axes.set_title(title, fontsize=10, loc="left")
        axes.margins(x=0.16)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=9)
    left.invert_yaxis()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)


def verdict(found: Sequence[Contender]) -> str:
    rates = {each.name: each.rate for each in found}
    p99 = next(each.latency("half", "p99") for each in found if each.name == OURS)
    return (
        f"bench: {rates[OURS] / rates['celery-best']:.1f}x best celery chain, "
        f"{rates[OURS] / rates['celery-default']:.1f}x default celery chain, p99 {p99:.0f} ms"
    )
