"""调度主管: nothing is done by itself."""

from workers.stretch import Stretch

STRETCH = Stretch()
