"""What becomes of a user's work, at the terminal: the options that say it, and the hops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from dispatch.cli.context import Desk
from dispatch.cli.language import language, text
from dispatch.cli.options import option
from dispatch.cli.output import columns, out, print_rows
from dispatch.domain.title import Wording
from dispatch.errors import BadInput
from dispatch.tickets.departure import Departure, InHand, WorkDecision

HandOverTo = Annotated[
    str, option("--hand-over-to", zh="在手的交给哪位同事", en="the colleague who gets what they have in hand")
]
Release = Annotated[bool, option("--release", zh="在手的放回看板", en="their work goes back to the boards")]
Keep = Annotated[
    bool,
    option("--keep", zh="在手的仍留在其手中，同事可接手", en="it stays in their hands; colleagues may take it over"),
]


def decided(hand_over_to: str, *, release: bool, keep: bool = False) -> WorkDecision | None:
    """What becomes of the work unless a colleague gets it; None: nothing is said. Raises BadInput for two answers."""
    if bool(hand_over_to) + release + keep > 1:
        raise BadInput(
            what=Wording(
                "--release、--keep 和 --hand-over-to 只能选一个", "choose one of --release, --keep and --hand-over-to"
            )
        )
    return WorkDecision.RELEASE if release else WorkDecision.KEEP if keep else None


def work_json(work: Sequence[InHand]) -> list[dict[str, object]]:
    return [asdict(each) for each in work]


def show_departure(desk: Desk, said: str, left: Departure) -> None:
    out.print(said, markup=False)
    if left.work:
        show_work(desk, left.work, moved=True)


def show_work(desk: Desk, work: Sequence[InHand], *, moved: bool = False) -> None:
    """The hops; where a change has `moved` them, also what became of each."""
    state = text("原状态", "Was") if moved else text("状态", "State")
    headings = [text("派单", "Hop"), text("班组", "Team"), text("片区", "Area"), state]
    shown = columns(*headings, *([text("现在", "Now")] if moved else []))
    for each in work:
        was = text("推荐", "proposed") if each.proposed else each.state.label.text(language())
        now = each.to or (text("在看板", "on the board") if each.released else text("仍在手", "in their hands"))
        shown.add_row(each.hop, desk.team(each.team), each.area, was, *([now] if moved else []))
    print_rows(shown)
