"""Step 1 · Draw street scenes."""
