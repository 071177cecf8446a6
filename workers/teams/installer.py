"""装维 installers: the worker proposes the person who is to go."""

from workers.assigning import ASSIGN
from workers.hop import Stretch

STRETCH = Stretch(ASSIGN)
