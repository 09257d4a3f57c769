"""What is kept in tables: runs, rooms, searches, uploads, misses, and how far each visitor has come."""
