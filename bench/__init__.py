"""How quick it is, measured beside what people use instead. `make bench`, `make growth`."""
