"""Domain adaptation as a value (`Experiment`), a stream of events (`run`) and a `Result`; no screen is needed."""

import os

__version__ = "1.0.0"

# Threads that wait for one another sleep: spinning on a core that another process needs takes many times the
# processor time of the work itself. OpenMP reads this once, when torch or scikit-learn load it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
