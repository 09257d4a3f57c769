"""Step 5 · metrics, shift measures, embedding."""
