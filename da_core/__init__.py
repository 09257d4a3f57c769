"""Domain adaptation as a value (`Experiment`), a stream of events (`run`) and a `Result`; no screen is needed."""
