"""The frame around every screen: navigation, theme, language, the link, and a line about a run in progress."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from da_core.system.server_metrics import PAGE_SECONDS
from pages.hall import class_lines
from pages.run import starting
from pages.session import state, unknown_links
from pages.session.words import _, explain, language, paragraph, speaking
from pages.shell import navigation, sidebar, theme

started = time.perf_counter()
state.begin()
with speaking(language()):  # asked once: a screen has some hundred words
    st.set_page_config(
        page_title=_("Domain Adaptation Lab"),
        page_icon=str(Path(__file__).parents[1] / "assets" / "icon.png"),
        layout="wide",
    )
    theme.apply()

    pages = {
        step: st.Page(screen.path, title=_(screen.title), default=step == "home")
        for step, screen in navigation.SCREENS.items()
    }
page = st.navigation(list(pages.values()), position="hidden")
here = next(step for step, known in pages.items() if known == page)
state.arrive(here)  # which may follow a link of another language
with speaking(language()):
    unknown_links.check()

    with st.sidebar:
        sidebar.draw(here)
    problem, of_link = state.problem()
    if problem is not None:
        st.warning(paragraph(explain(problem), *([_("Nothing in this link was applied.")] if of_link else [])))
    class_lines.way_back(here)
    class_lines.exercise(here)
    starting.watch(here)
    page.run()
    state.publish()
    class_lines.lead(here)
PAGE_SECONDS.labels(here).observe(time.perf_counter() - started)
