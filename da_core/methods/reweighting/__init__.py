"""Weight source samples so that they stand for the target."""
