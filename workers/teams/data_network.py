"""网络维护·数据 data network: the worker only puts the hop on the board."""

from workers.stretch import Stretch

STRETCH = Stretch()
