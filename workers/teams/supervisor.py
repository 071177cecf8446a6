"""调度主管 supervisor: nothing is done by itself; the hop goes on the board."""

from workers.stretch import Stretch

STRETCH = Stretch()
