"""体检 `dispatch doctor`: what is wrong with an installation, and what to do about it. It changes nothing.

The command line imports it, and so does whatever examines an installation; no use case does.
"""
