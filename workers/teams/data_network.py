"""网络维护·数据 data network: nothing is done by itself; the hop goes on the board."""

from workers.stretch import Stretch

STRETCH = Stretch()
