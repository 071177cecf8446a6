"""The teams of `rules.yaml`."""
