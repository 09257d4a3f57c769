"""Step 1 · Make domain pairs."""
