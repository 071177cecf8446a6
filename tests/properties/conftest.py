"""How hypothesis looks for counter-examples: thoroughly, and without a watch, which only tells of a busy machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
