"""装维 installers: the worker proposes the person for the visit."""

from workers.assignment import ASSIGN
from workers.stretch import Stretch

STRETCH = Stretch(ASSIGN)
