"""投诉处理 complaints: the worker only puts the hop on the board."""

from workers.stretch import Stretch

STRETCH = Stretch()
