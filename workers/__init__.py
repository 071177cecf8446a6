"""Celery moves the work: the app, the relay, and one module per team. Messages carry ids; the database decides.

Nothing in `dispatch` imports it: it starts these processes by their names.
"""
