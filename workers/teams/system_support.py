"""业务支撑中心 system support: nothing is done by itself; the hop goes on the board."""

from workers.hop import Stretch

STRETCH = Stretch()
