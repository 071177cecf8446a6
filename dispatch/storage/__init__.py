"""The database, SQLite or PostgreSQL, which holds the truth. Functions take an open transaction and never commit.

Use cases, read models, workers and the edges import it; it imports `routing`, `domain` and `settings`.
"""
