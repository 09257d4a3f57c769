"""The yardsticks that every comparison carries."""
