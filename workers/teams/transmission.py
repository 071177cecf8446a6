"""网络维护·传输 transmission: nothing is done by itself; the hop goes on the board."""

from workers.stretch import Stretch

STRETCH = Stretch()
