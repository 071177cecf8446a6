"""What keeps processes going and watched: supervisor, child processes, health check, logs, metrics."""
