"""Share code among model adaptations; a method's own file has the rest."""
