"""Start the command line: ``python -m da_core COMMAND …``."""

from __future__ import annotations

import sys

from da_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
