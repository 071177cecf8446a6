"""调度主管: nothing is done by itself."""

from workers.hop import Stretch

STRETCH = Stretch()
