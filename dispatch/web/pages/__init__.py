"""The pages: what people see of the API. A page shows; what it changes, it changes by the API like any program."""
