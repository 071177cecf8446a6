"""Access 访问: users and the roles they hold, passwords, sign-in, sessions, tokens.

The edges, `demo` and `chaos` import it; it imports `storage` and below.
"""
