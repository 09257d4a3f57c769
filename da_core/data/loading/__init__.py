"""Step 1 · pairs in memory and on disk, third domains, and what a user's files were taken for."""
