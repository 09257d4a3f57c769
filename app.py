"""The server's entry: what starts and stops with it, and headers. The screens begin in ``pages/frame.py``."""

from __future__ import annotations

import streamlit as st

app = st.App("pages/frame.py")
