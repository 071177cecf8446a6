"""Ports to other systems. Each port has a simulated adapter that behaves like the real system.

Workers, use cases and the edges import it; it imports `domain`, `settings` and `errors` alone.
"""
