"""What every screen stands in: navigation, theme, language, the link, and a word on a run in progress elsewhere."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.run import starting
from pages.session import state, words
from pages.session.words import _
from pages.shell import navigation, sidebar, theme

state.begin()
st.set_page_config(
    page_title=_("Domain Adaptation Lab"),
    page_icon=str(Path(__file__).parents[1] / "assets" / "icon.png"),
    layout="wide",
)
theme.dress()

pages = {
    step: st.Page(screen.path, title=_(screen.title), default=step == "home")
    for step, screen in navigation.SCREENS.items()
}
page = st.navigation(list(pages.values()), position="hidden")
here = next(step for step, known in pages.items() if known == page)
state.arrive(here)

with st.sidebar:
    sidebar.draw(here)
if problem := state.problem():
    said = [words.explain(problem), *([_("Nothing of this link was taken over.")] if state.unfollowed() else [])]
    st.warning(" ".join(said))
starting.watch(here)
page.run()
state.publish()
