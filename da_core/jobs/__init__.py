"""Runs in the background: the queue, the workers, the store, the database of runs, studies, searches."""
