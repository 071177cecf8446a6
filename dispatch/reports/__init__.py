"""Read models: what boards, lists, the overview and the gauges show. Nothing in here writes.

The edges and `demo` import it; no use case does.
"""
