"""装维 installers: the worker proposes the person who is to go."""

from workers.assignment import ASSIGN
from workers.stretch import Stretch

STRETCH = Stretch(ASSIGN)
