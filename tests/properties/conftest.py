"""Hypothesis looks for counter-examples thoroughly and without deadlines, which on a busy machine fail for nothing."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
