"""One module per team of `routing_rules.yaml`, named like it (`data-network` → `data_network`): what its worker does by
itself before a person looks. A team whose worker does nothing by itself says so with `STRETCH = Stretch()`."""
