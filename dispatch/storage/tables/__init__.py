"""The tables, as SQLAlchemy knows them: of the fault flow, of the accounts, of access."""
