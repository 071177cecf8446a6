"""工单归档 archive: the worker freezes the ticket's record."""

from __future__ import annotations

from dispatch.tickets import closing
from workers.stretch import Step, Stretch

STRETCH = Stretch(Step("file", end=closing.archive), board=False)
