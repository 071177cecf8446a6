"""The operator's law: `routing_rules.yaml` read strictly (`loader`), decided purely (`rulebook`), drawn (`drawing`)."""
