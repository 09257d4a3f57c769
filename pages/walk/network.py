from __future__ import annotations

from pages.parts import steps

steps.header("network")
steps.footer("network")
