"""The commands: what is typed at a terminal, and how it is shown there."""
