"""The use cases of the fault flow. Each takes an open transaction and never commits."""
