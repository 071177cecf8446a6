"""The product's own archive."""

from dispatch.tickets import closing
from workers.stretch import Step, Stretch

STRETCH = Stretch(Step("file", end=closing.archive), board=False)
