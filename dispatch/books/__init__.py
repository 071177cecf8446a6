"""账册 the books: what an account is, who may hold it, what it is called and costs. Pure, but for reading a file."""
