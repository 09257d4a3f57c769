from __future__ import annotations

from pages.parts import steps

steps.header("data")
steps.footer("data")
