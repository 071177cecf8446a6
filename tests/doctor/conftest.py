"""The stage of the tickets' tests, for what the doctor says of people's work."""

from tests.tickets.conftest import stage

__all__ = ["stage"]
