"""Step 1 · Simulate night, weather, noise, formants and phrases."""
