"""Runs in the background: the queue and the store, and the studies, searches and benchmarks that stand on them."""
