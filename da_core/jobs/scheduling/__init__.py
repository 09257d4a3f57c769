"""Decide the order in which runs train, and drive them."""
