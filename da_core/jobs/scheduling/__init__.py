"""The order in which runs train: who waits, who goes, for how long, and which worker asks for the next event."""
