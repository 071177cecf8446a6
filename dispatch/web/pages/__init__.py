"""The pages: the API for people. A page only shows; its forms change things through the API, as any program does."""
