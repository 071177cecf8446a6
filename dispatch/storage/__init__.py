"""The ledger that is the truth: SQLite or PostgreSQL. Functions take an open transaction and never commit."""
