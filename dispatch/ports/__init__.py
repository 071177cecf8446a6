"""What the outside world is asked for. Each port has a simulated adapter that behaves like the thing."""
