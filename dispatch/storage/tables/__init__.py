"""The tables for SQLAlchemy: `tickets` of the fault flow, `accounts` of the counter, `access` of the web."""
