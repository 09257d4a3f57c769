"""A finished run taken away: tables, figures, a report, a script, a notebook, the model, TensorBoard's curves."""
