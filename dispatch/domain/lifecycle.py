"""Life tables: states, moves, and questions about them. Pure."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from dispatch.domain.acts import act_wording
from dispatch.domain.title import LOOKED_UP, Title, TitledEnum, Wording
from dispatch.errors import IllegalMove

_IT = Wording("它", "it")


class State(TitledEnum):
    """A state with its name for people and what it means."""

    def __init__(self, _value: str, _label: Title = LOOKED_UP, meaning: str = "") -> None:
        self.meaning = meaning

    @property
    def wording(self) -> Wording:
        """The state in a sentence: the Chinese name, and in English the value."""
        return Wording(self.label.zh, str(self))


S = TypeVar("S", bound=State)


class Move(NamedTuple, Generic[S]):
    """One row of a life table: the move `name`, made by `by`, leads from any of `sources` to `target`."""

    name: str
    sources: tuple[S, ...]
    target: S
    by: str
    meaning: str


class Life(Generic[S]):
    """A life table: `ends` are the states without a move out of them, `living` all others, in order."""

    def __init__(self, states: type[S], moves: tuple[Move[S], ...]) -> None:
        self._moves = {move.name: move for move in moves}
        self.ends = frozenset(states) - {state for move in moves for state in move.sources}
        self.living = tuple(state for state in states if state not in self.ends)

    def move(self, state: S, name: str, what: object = _IT) -> S:
        """The state after `name`. Raises IllegalMove, naming both ends, when the table has no such row."""
        move = self._moves[name]
        if state not in move.sources:
            sources = [source.wording for source in move.sources]
            raise IllegalMove(what=what, move=act_wording(name), state=state.wording, sources=sources)
        return move.target

    def sources(self, name: str) -> tuple[S, ...]:
        """The states from which the move `name` may start, for set-based statements."""
        return self._moves[name].sources

    def target(self, name: str) -> S:
        return self._moves[name].target
