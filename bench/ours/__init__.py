"""Ours: an installation whose seven teams are automatic, so that no person's pace is in the figures.

Everything else is the product's own: intake, rules, relay, workers, evidence, history, archive record, events for
Flower.
"""
