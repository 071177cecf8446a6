"""The API, one module per resource, for programs, pages and other systems. Only `app` and the pages import it."""
