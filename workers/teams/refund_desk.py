"""退单退费台 refund desk: the failed order waits here until cancel and refund ends it, and nothing else does."""

from workers.stretch import Stretch

STRETCH = Stretch()
