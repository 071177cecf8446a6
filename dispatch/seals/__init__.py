"""封存 Seals over the archive: new rows are sealed in batches, and the whole chain can be checked.

`docs/operate.md` says what that proves and what it doesn't.
"""
