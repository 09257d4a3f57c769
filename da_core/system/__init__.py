"""The process and the machine that it runs on: memory, open files, its log and what it counts of itself."""
