"""Step 1 · what the street scenes are drawn with."""
