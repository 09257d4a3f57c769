"""Keep runs, works, rooms, uploads and each visitor's progress in tables."""
