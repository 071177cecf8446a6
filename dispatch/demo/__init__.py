"""Made-up people, households and history, for a demonstration and for load: nobody in here is real."""
