"""Lessons: the text, code reading, family and search of each method."""
