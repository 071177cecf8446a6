"""The use cases of the fault flow. Each takes an open transaction and never commits.

The edges, `accounts`, `reports` and the workers import them; they import `storage` and below.
"""
