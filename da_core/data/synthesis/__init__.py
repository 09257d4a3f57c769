"""Step 1 · what our code makes up: night, weather, noise, formants, phrases."""
