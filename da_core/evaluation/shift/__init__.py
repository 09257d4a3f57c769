"""The shift between a pair of domains before anything is trained: distances, tests, and the verdict on its kind."""
