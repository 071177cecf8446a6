"""Pure: what tickets, hops, accounts and effects are and how they live; names, money, time. No I/O, no clock.

Everything may import it; it imports `errors` alone.
"""
