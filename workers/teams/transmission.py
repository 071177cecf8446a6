"""网络维护·传输 transmission: the worker only puts the hop on the board."""

from workers.stretch import Stretch

STRETCH = Stretch()
