"""What several reweighting methods share; a method's own file has the rest."""
