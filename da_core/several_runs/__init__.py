"""Several runs as one piece of work: an experiment with several seeds, or a search among methods and settings."""
