"""Draw the guide for instructors: opening the app to a room, links, own data, when it does not start."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.session.words import _, language
from pages.shell.navigation import SCREENS

_TEXTS = Path(__file__).parents[2] / "assets" / "teaching"

st.title(_(SCREENS["teaching"].title), anchor=False)
st.markdown((_TEXTS / f"{language().code}.md").read_text(encoding="utf-8"))
