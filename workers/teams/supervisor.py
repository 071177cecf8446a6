"""调度主管 supervisor: the worker only puts the hop on the board."""

from workers.stretch import Stretch

STRETCH = Stretch()
