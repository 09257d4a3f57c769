"""Real day and night pictures of ten outdoor webcams, which the project may not ship: they lie beside it, or not."""

from __future__ import annotations

from pathlib import Path

import pytest

WEBCAMS = Path(__file__).parents[3] / "shared" / "data" / "webcams"
needs_webcams = pytest.mark.skipif(not WEBCAMS.is_dir(), reason="the webcam pictures are not beside the project")
