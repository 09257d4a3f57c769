"""Step 4 · the loop, devices, checkpoints."""
