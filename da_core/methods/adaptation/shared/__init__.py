"""What several model adaptations share; a method's own file has the rest."""
