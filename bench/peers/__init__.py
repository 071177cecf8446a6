"""The same life through other libraries, each in its own way and with its own workers."""
