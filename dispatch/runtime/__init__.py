"""Start, watch and measure processes: supervisor, child processes, health check, logs, metrics.

Everything above `domain` and `settings` may import it; it knows no use case and no table.
"""
