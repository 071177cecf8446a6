"""The API, one module a resource: what a program, a page or another system reads and does."""
