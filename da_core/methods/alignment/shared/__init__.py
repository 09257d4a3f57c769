"""Share code among alignment methods; a method's own file has the rest."""
