"""施工 construction: the worker proposes the person who is to build the line."""

from workers.assigning import ASSIGN
from workers.hop import Stretch

STRETCH = Stretch(ASSIGN)
