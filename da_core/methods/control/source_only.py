from __future__ import annotations

from da_core.methods.base import Control


class SourceOnly(Control):
    """Train on the source, use on the target, adapt nothing: the floor that a method must beat."""

    title = "Source only"
    summary = "Trained on the source and applied to the target unchanged. The floor that a method must beat."
    paper = ""
    draws = False
