"""Move features so that the domains look alike."""
