"""Runs in the background: the queue, the store, the settings."""
