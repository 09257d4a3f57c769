"""Share code among reweighting methods; a method's own file has the rest."""
