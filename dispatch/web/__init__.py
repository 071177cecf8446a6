"""The web: the API, and the pages beside it. Only here are HTTP's words known.

A request is one transaction, done by one thread from its beginning to its end (`routes`). Who sends it and what he may
do is asked first (`visitor`, `policy`); what goes wrong becomes a problem document (`problems`).
"""
