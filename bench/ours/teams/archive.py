"""The product's own archive."""

from dispatch import closing
from workers.hop import Step, Stretch

STRETCH = Stretch(Step("file", end=closing.archive), board=False)
