"""What is kept in tables: runs, works, rooms, uploads, misses, and how far each visitor has come."""
