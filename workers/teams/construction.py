"""施工 construction: the worker proposes the person who builds the line."""

from workers.assignment import ASSIGN
from workers.stretch import Stretch

STRETCH = Stretch(ASSIGN)
