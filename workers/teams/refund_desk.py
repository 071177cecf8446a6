"""退单退费台 refund desk: the failed order waits here; only the operation cancel and refund ends it."""

from workers.stretch import Stretch

STRETCH = Stretch()
