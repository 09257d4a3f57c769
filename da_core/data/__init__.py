"""Step 1 · the data: what a domain pair is, and where pairs come from."""
