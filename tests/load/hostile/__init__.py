"""Hostile files by format: attacks that are written by hand, and mutants of small good files."""
