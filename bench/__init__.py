"""Speed, measured beside the libraries that people use instead: `make bench`, `make growth`."""
