"""Made-up people, households and history, for a demonstration and for load: nobody in here is real.

The command line, the workers' demonstration and `chaos` import it; no use case does.
"""
