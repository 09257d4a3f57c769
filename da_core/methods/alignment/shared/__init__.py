"""What several alignment methods share; a method's own file has the rest."""
