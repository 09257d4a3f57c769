"""Step 4 · data made ready, the loop, one step, how each kind of method is applied, devices, checkpoints."""
