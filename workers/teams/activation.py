"""竣工开通 activation: the line is built, and the worker puts the account into service."""

from dispatch.tickets import construction
from workers.stretch import Step, Stretch

STRETCH = Stretch(Step("activate", construction.activate), board=False)
