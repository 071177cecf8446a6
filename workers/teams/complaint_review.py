"""投诉复核 complaint review: the worker only puts the hop on the board."""

from workers.stretch import Stretch

STRETCH = Stretch()
