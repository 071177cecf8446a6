"""调度主管: this team does nothing by itself."""

from workers.stretch import Stretch

STRETCH = Stretch()
