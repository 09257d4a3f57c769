from __future__ import annotations

from da_core.methods.base import Control


class Oracle(Control):
    """Train on the target's own labels, which nobody has in practice: the ceiling of every method."""

    title = "Oracle"
    summary = "Trained on the target with its labels, which are not available in practice. The ceiling."
    paper = ""
