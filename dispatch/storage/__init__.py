"""The database, SQLite or PostgreSQL, which holds the truth. Functions take an open transaction and never commit."""
