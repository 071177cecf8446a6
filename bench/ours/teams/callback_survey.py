"""工单回访: every customer is satisfied, at once."""

from bench.ours.stretch import ending_with

STRETCH = ending_with("satisfied")
