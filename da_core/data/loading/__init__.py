"""Step 1 · Keep pairs in memory and on disk, load third domains, and preview a user's files."""
