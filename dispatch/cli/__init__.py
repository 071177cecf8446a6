"""The commands: what is typed at a terminal, and how it is shown there.

Only `dispatch.__main__` imports it; it may import everything but `web`.
"""
